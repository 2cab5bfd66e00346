"""Finds kinds by name: built-in ones, and those that installed packages add by entry points.

A kind is a backend, a runtime or a population style. Built-in kinds are loaded by their module
path. Entry points are read only for names that are not built in, because reading them is slow.
Must not know what a kind does.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

from pbt_tui.errors import BrokenKind, UnknownKind

K = TypeVar("K")


class Registry(Generic[K]):
    """The kinds of one sort.

    Args:
        sort: Their name in messages, such as `backend`.
        group: The entry point group for installed packages, such as `pbt_tui.backends`.
        built_in: Name to `module:attribute`, in the order of lists for users.
        contract: The protocol class whose public attributes and methods each kind must have.
    """

    def __init__(
        self, sort: str, group: str, built_in: Mapping[str, str], contract: type[K]
    ) -> None:
        self.sort = sort
        self.group = group
        self.built_in = tuple(built_in)
        self._places = dict(built_in)
        self._contract = contract
        self._loaded: dict[str, K] = {}
        self._installed: dict[str, str] | None = None

    def __contains__(self, name: str) -> bool:
        return name in self._places or name in self._added()

    def names(self) -> tuple[str, ...]:
        """All names: the built-in ones, then those of installed packages."""
        return (*self.built_in, *sorted(set(self._added()) - set(self.built_in)))

    def get(self, name: str) -> K:
        """The kind of this name.

        Raises:
            UnknownKind: There is none; the hint lists the known names.
            BrokenKind: The kind of an installed package cannot be loaded, or lacks a part of the
                contract.
        """
        if name not in self._loaded:
            place = self._places.get(name) or self._added().get(name)
            if place is None:
                raise UnknownKind(self.sort, name, self.names())
            self._loaded[name] = self._load(name, place)
        return self._loaded[name]

    def part(self, name: str, place: str) -> Any:
        """Loads `module:attribute` for the kind of this name. Raises `BrokenKind`."""
        if name in self._places:
            return load(place)
        try:
            return load(place)
        except Exception as e:  # the code of another package may raise anything
            message = f"{type(e).__name__}: {e}"
            raise BrokenKind(self.sort, name, place, f"cannot be loaded: {message:.300}") from e

    def _load(self, name: str, place: str) -> K:
        found = self.part(name, place)
        if name in self._places:
            return cast(K, found)
        lacking = [word for word in words_of(self._contract) if not hasattr(found, word)]
        if lacking:
            raise BrokenKind(self.sort, name, place, f"lacks `{'`, `'.join(lacking)}`")
        if getattr(found, "name", name) != name:
            raise BrokenKind(self.sort, name, place, f"calls itself `{found.name}`")
        return cast(K, found)

    def _added(self) -> dict[str, str]:
        if self._installed is None:
            from importlib.metadata import entry_points

            self._installed = {e.name: e.value for e in entry_points(group=self.group)}
        return self._installed


def load(place: str) -> Any:
    """Loads `module:attribute`."""
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def words_of(contract: type) -> list[str]:
    """The names that a kind must have: the public attributes and methods of its contract."""
    own = dict.fromkeys((*vars(contract).get("__annotations__", ()), *vars(contract)))
    return [word for word in own if not word.startswith("_")]
