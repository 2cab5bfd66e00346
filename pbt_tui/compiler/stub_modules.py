"""Light stand-ins for what run modules import from their training stack; lives in the child.

Must not know the run module. A real package is used wherever it can be imported; what stands in is
only what a run module needs to describe its jobs, never a piece of training.
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
"""Whatever lies beside a run module: we need these, and would have loaded them before it."""


class Finder:
    """Comes first in `sys.meta_path`, asks all others first.

    `soft` are names that are let through hollow if their own import fails: a package whose
    `__init__` needs the training stack, on a machine that has none (D51).
    """

    def __init__(self, soft: Iterable[str] = ()) -> None:
        self.soft = LEAVES | PACKAGES | frozenset(soft)
        self.stood_in: set[str] = set()
        self.path = list(sys.path)
        """As it is before the folders of the run module are in it."""
        self.hooks: Mapping[str, Callable[[ModuleType], None]] = {}
        """What is called with a module of this name as soon as it is imported."""

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
                if spec.loader is not None:  # a namespace package has none, and nothing to fail
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
    """The loader of a module, and what is called once it is executed."""

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
    """Executes the real module if there is one; fills in what is known if that cannot be."""

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
    if name in _SEEDS:  # IsaacGymEnvs keeps two constants beside it
        return {"seeds": description.seeds, "version": "v1", "default_num_frames": 10_000_000_000}
    if name == _VERSION:  # a label in names; 82 since Sample-Factory 2.0
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
