"""Backends: each turns a spec into the files of one target. Each backend is one folder.

A backend is pure: it gets a spec and returns text. The one exception is `complete`, which reads the
files that a setting names. Each folder defines one object, which `BACKENDS` names and loads on
first use. The object imports what a method needs when the method is called.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from pbt_tui.registry import Registry

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pbt_tui.errors import Diagnostic
    from pbt_tui.settings import Given, Setting
    from pbt_tui.spec import Processes


class Backend(Protocol):
    """A backend. All paths are relative to the folder of the run.

    Derive from this class to get the defaults. `name`, `title`, `runtimes`, `settings`, `struct`,
    `owned`, `index` and `render` have no default. An installed backend writes all its files below a
    folder that has its name.
    """

    name: str
    """Value of `--backend`, name of the settings table, and first part of the options' names."""
    title: str
    """Title of its topic in `--help`: `SLURM`."""
    runtimes: tuple[str, ...]
    """Names of the runtimes that can execute its files, the default one first; empty if other
    programs use the files."""
    settings: tuple[Setting, ...]
    """Its settings; empty if policy and container are enough."""
    owned: tuple[str, ...]
    """Patterns of its files. The compiler removes a matching file that `render` no longer
    returns."""
    index: str
    """The file whose existence shows that the run was compiled for this backend. It stores the
    settings."""
    takes_prefix: bool = False
    """Whether commands begin with the `command_prefix` of the spec; if not, it is left out."""
    records: tuple[str, ...] = ()
    """Files that the program that executes or submits its files writes. The compiler keeps them."""
    documents: tuple[str, ...] = ()
    """Patterns of the files that `pbt-compile --validate` reads by themselves."""
    ask: str | None = None
    """`module:function` for `pbt-compile --ask`, which asks the target whether it accepts the
    files. It gets all files of a compilation and the folder of the run, and returns diagnostics."""
    submit: str | None = None
    """`module:function` that submits the jobs once and does not follow them. It gets the `Target`
    (a spec or a module) and the options of `pbt-run`, and returns an exit code."""
    launch: str | None = None
    """The same for the upstream launcher's entry point: it gets the loaded module and the options
    of the entry point."""

    # -- settings ---------------------------------------------------------------------------------

    @property
    @abstractmethod
    def struct(self) -> type | None:
        """The frozen struct whose fields are the settings; None if there are no settings."""

    def complete(self, flags: Given, file: Given) -> Given:
        """The flags, and the contents of the files that the flags or the settings file name."""
        return flags

    def lacks(self, given: Mapping[str, Any], spec: Processes) -> str | None:
        """A message that names the missing settings; None if nothing is missing."""
        return None

    def prepare(self) -> None:
        """Imports what `check` and `render` need; called while a child imports the run module."""
        return

    # -- from a spec to files, and back -----------------------------------------------------------

    def check(self, spec: Processes, settings: Any) -> Sequence[Diagnostic]:
        """The findings of its rules. Without an error among them, `render` must not fail."""
        return ()

    @abstractmethod
    def render(self, spec: Processes, settings: Any) -> dict[str, bytes]:
        """The content of each of its files, by path."""

    def known(self, files: Mapping[str, bytes]) -> dict[str, Any]:
        """The settings, by field, that the files of an earlier compilation were made with.

        Raises `BadSpec` with the file that should contain the settings, if it does not.
        """
        return {}

    # -- files alone, for `pbt-compile --validate` ------------------------------------------------

    def recognises(self, keys: Collection[str]) -> bool:
        """Whether a JSON object with these keys is one of its documents. The file may have any
        name."""
        return False

    def read_document(self, data: bytes) -> tuple[Any, list[Diagnostic]]:
        """One of its documents, and the findings about it; None: the bytes are not a document."""
        return None, []

    def judge(self, spec: Processes, document: Any) -> Iterable[Diagnostic]:
        """The contradictions between its index and the process list beside it.

        PBT809 if the process list belongs to another run.
        """
        return ()

    def told(self, document: Any) -> str | None:
        """The summary of a valid document: `8 scripts`; None: `total` counts such documents."""
        return None

    def total(self, count: int) -> str:
        """The summary of all valid documents that are counted."""
        return f"{count} of {self.title}"

    # -- the flags of commands --------------------------------------------------------------------

    def run_arguments(self, parser: argparse._ActionsContainer) -> None:
        """Adds the options of `pbt-run` that only this backend needs and that are not settings."""
        return

    def launcher_arguments(self, parser: argparse._ActionsContainer) -> None:
        """Adds the flags that the upstream launcher has for this backend."""
        return

    def launcher_settings(self, args: argparse.Namespace) -> Given:
        """The settings that these flags give."""
        from pbt_tui.settings import Given

        return Given()


BACKENDS: Registry[Backend] = Registry(
    "backend",
    "pbt_tui.backends",
    {
        "processes": "pbt_tui.backends.processes.backend:BACKEND",
        "slurm": "pbt_tui.backends.slurm.backend:BACKEND",
        "ngc": "pbt_tui.backends.ngc.backend:BACKEND",
        "osmo": "pbt_tui.backends.osmo.backend:BACKEND",
    },
    Backend,  # type: ignore[type-abstract]  # the registry only reads its attributes
)
"""The values of `--backend`. The first one is always compiled: the others render its spec."""


def visible(folder: Path, pattern: str) -> Iterator[Path]:
    """The paths below `folder` that match `pattern`, without hidden files, as in a shell.

    A hidden file is never a spec: an editor, a file browser or a killed `pbt-run` may leave one
    beside the file that it replaces. `Path.glob` would return it.
    """
    return (path for path in folder.glob(pattern) if not path.name.startswith("."))
