"""WHAT A RUN LOOKS LIKE for each place that it can run in: spec in, text out. One folder a backend.

Must not read or write anything, nor know who started the compiler; only a file that a setting
names is read, by `complete`. Each folder has one object, named in `BACKENDS` and loaded when it is
asked for; it loads what it needs when one of its methods is called.
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
    """One kind of place. All paths are relative to the folder of the run.

    Derive from it for the words that have a usual meaning; `name`, `title`, `runtimes`, `settings`,
    `struct`, `owned`, `index` and `render` are always a backend's own. The files of an installed
    backend lie below a folder of its name.
    """

    name: str
    """What `--backend` takes; the table of its settings, and the beginning of their options."""
    title: str
    """Of its topic in `--help`: `SLURM`."""
    runtimes: tuple[str, ...]
    """Names of the runtimes that execute what it describes, the usual one first; none if its files
    are written for others."""
    settings: tuple[Setting, ...]
    """What may be set for it; none if policy and container say it all."""
    owned: tuple[str, ...]
    """Patterns of the files that are its own: what is there and not made any more goes."""
    index: str
    """The file by which its other files are known to be there, and which keeps its settings."""
    records: tuple[str, ...] = ()
    """Files among those it owns that are kept by whoever acts on them."""
    documents: tuple[str, ...] = ()
    """Patterns of the files that `pbt-compile --validate` reads by themselves."""
    ask: str | None = None
    """`module:function` that asks the place whether it would take the files: all files of a
    compilation and the folder of the run in, diagnostics out. For `pbt-compile --ask`."""
    submit: str | None = None
    """`module:function` that submits once what it describes and follows nothing: a spec's or
    module's `Target` and the options of `pbt-run` in, an exit code out."""
    launch: str | None = None
    """The same for the upstream launcher's entry point: the loaded module and its options in."""

    # -- settings ---------------------------------------------------------------------------------

    @property
    @abstractmethod
    def struct(self) -> type | None:
        """The frozen struct whose fields are these settings; None without any."""

    def complete(self, flags: Given, file: Given) -> Given:
        """The flags, with the contents of files that they or the settings file name."""
        return flags

    def lacks(self, given: Mapping[str, Any], spec: Processes) -> str | None:
        """What has to be set before it can be rendered, in words; None if it can."""
        return None

    def prepare(self) -> None:
        """Loads what `check` and `render` need: called while a run module is being imported."""
        return

    # -- from a spec to files, and back -----------------------------------------------------------

    def check(self, spec: Processes, settings: Any) -> Sequence[Diagnostic]:
        """All that its rules find; rendering is safe where nothing of it is an error."""
        return ()

    @abstractmethod
    def render(self, spec: Processes, settings: Any) -> dict[str, bytes]:
        """All its files."""

    def known(self, files: Mapping[str, bytes]) -> dict[str, Any]:
        """The settings, by field, that files of an earlier compilation tell of.

        Raises `BadSpec` with the file that should tell them and does not.
        """
        return {}

    # -- files alone, for `pbt-compile --validate` ------------------------------------------------

    def recognises(self, keys: Collection[str]) -> bool:
        """Whether a JSON object with these keys is a document of its, whatever its file's name."""
        return False

    def read_document(self, data: bytes) -> tuple[Any, list[Diagnostic]]:
        """A document of its and all that is wrong with it; None where it is not one."""
        return None, []

    def judge(self, spec: Processes, document: Any) -> Iterable[Diagnostic]:
        """What of its index does not go with the process list beside it.

        PBT809 if that is the process list of another run.
        """
        return ()

    def told(self, document: Any) -> str | None:
        """What is said of a sound document after its file: `8 scripts`; None if it is counted."""
        return None

    def total(self, count: int) -> str:
        """What is said of all the sound documents that are counted."""
        return f"{count} of {self.title}"

    # -- the flags of commands --------------------------------------------------------------------

    def run_arguments(self, parser: argparse._ActionsContainer) -> None:
        """Adds the options of `pbt-run` that are no settings of it."""
        return

    def launcher_arguments(self, parser: argparse._ActionsContainer) -> None:
        """Adds the flags that the upstream launcher's entry point has for it."""
        return

    def launcher_settings(self, args: argparse.Namespace) -> Given:
        """What those flags say."""
        from pbt_tui.settings import Given

        return Given()


BACKENDS: Registry[Backend] = Registry(
    "backend",
    "pbt_tui.backends",
    {
        "processes": "pbt_tui.backends.processes.backend:BACKEND",
        "slurm": "pbt_tui.backends.slurm.backend:BACKEND",
        "ngc": "pbt_tui.backends.ngc.backend:BACKEND",
    },
    Backend,  # type: ignore[type-abstract]  # only its words are looked at
)
"""What `--backend` takes. The first one is always made: all other files are made from it."""


def visible(folder: Path, pattern: str) -> Iterator[Path]:
    """What `pattern` matches below `folder`, as a shell would: `*` matches no hidden file.

    `Path.glob` matches those as well, and a hidden file is never a spec: an editor, a file browser
    or a killed `pbt-run` leaves one beside the file that it replaces.
    """
    return (path for path in folder.glob(pattern) if not path.name.startswith("."))
