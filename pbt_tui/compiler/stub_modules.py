"""Stand-ins for the modules of upstream launchers that run modules import.

Runs in the child process. A real package is used if it can be imported. A stand-in contains only
what a run module needs to describe its jobs, and no training code.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

_DESCRIPTION = (
    "isaacgymenvs.pbt.launcher.run_description",
    "sample_factory.launcher.run_description",
    "sample_factory.runner.run_description",
    "runner.run_description",
    "multi_sample_factory.runner.run_description",
)
_SEEDS = (
    "isaacgymenvs.pbt.experiments.run_utils",
    "sample_factory.launcher.launcher_utils",
    "sample_factory.runner.runs.run_utils",
)
_VERSION = "sample_factory.utils.algo_version"
_UTILS = "sample_factory.utils.utils"
LEAVES = frozenset((*_DESCRIPTION, *_SEEDS, _VERSION, _UTILS))
PACKAGES = frozenset(
    leaf.rsplit(".", n)[0] for leaf in LEAVES for n in range(1, leaf.count(".") + 1)
)


_OF_THE_LIBRARY = frozenset(
    (
        *("collections", "contextlib", "copyreg", "enum", "functools", "importlib", "json"),
        *("keyword", "operator", "re", "reprlib", "select", "signal", "types", "typing"),
        "warnings",
    )
)
"""Modules that this package itself needs: a file of such a name beside the run module must not
replace them."""


class Finder:
    """The first finder in `sys.meta_path`; it asks the other finders before it supplies a stand-in.

    If a module of the names in `soft` fails to import, it is replaced by an empty one. An example
    is a package whose `__init__` needs the training stack, on a machine without it (D51).
    """

    def __init__(self, soft: Iterable[str] = ()) -> None:
        self.soft = LEAVES | PACKAGES | frozenset(soft)
        self.stood_in: set[str] = set()
        self.path = list(sys.path)
        """`sys.path` before the folders of the run module are added."""
        self.hooks: Mapping[str, Callable[[ModuleType], None]] = {}
        """Functions by module name: each is called with its module as soon as that is imported."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name in self.hooks:
            return self._hooked(name, path)
        if name in _OF_THE_LIBRARY:
            from importlib.machinery import PathFinder

            return PathFinder.find_spec(name, self.path)
        if name not in self.soft:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                if spec.loader is not None:  # a namespace package has none and cannot fail
                    spec.loader = _Loader(self, spec.loader)  # type: ignore[assignment]
                return spec
        if name in LEAVES or name in PACKAGES:
            from importlib.util import spec_from_loader

            loader: Any = _Loader(self, None)
            return spec_from_loader(name, loader, is_package=name in PACKAGES)
        return None

    def _hooked(self, name: str, path: Any) -> ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path)) is not None:
                if spec.loader is not None:
                    spec.loader = _Hooked(spec.loader, self.hooks[name])  # type: ignore[assignment]
                return spec
        return None


class _Hooked:
    """A loader that calls the hook after the real loader has executed the module."""

    def __init__(self, real: Any, hook: Callable[[ModuleType], None]) -> None:
        self.real = real
        self.hook = hook

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self.real.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self.real.exec_module(module)
        self.hook(module)


class _Loader:
    """Executes the real module. If there is none, or if it fails, fills in the stand-in."""

    def __init__(self, finder: Finder, real: Any) -> None:
        self.finder = finder
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self.real.create_module(spec) if self.real else None
        return made

    def exec_module(self, module: ModuleType) -> None:
        if self.real is not None:
            try:
                self.real.exec_module(module)
            except (ImportError, OSError):
                pass
            else:
                return
        self.finder.stood_in.add(module.__name__)
        vars(module).update(_contents(module.__name__))


def _contents(name: str) -> dict[str, Any]:
    from pbt_tui import description

    if name in _DESCRIPTION:
        words = ("Experiment", "ParamGenerator", "ParamGrid", "ParamList", "RunDescription")
        return {word: getattr(description, word) for word in words}
    if name in _SEEDS:  # the module of IsaacGymEnvs has these two constants, too
        return {"seeds": description.seeds, "version": "v1", "default_num_frames": 10_000_000_000}
    if name == _VERSION:  # run modules put it into names; 82 since Sample-Factory 2.0
        return {"ALGO_VERSION": 82}
    if name == _UTILS:
        import logging

        return {"log": logging.getLogger("sample_factory"), "str2bool": _str2bool}
    return {}


def _str2bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in ("true", "false"):
        raise ValueError(f"expected true or false, got {value!r}")
    return word == "true"
