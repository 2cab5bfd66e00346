"""The object of backend `slurm`: array scripts and their manifests, for `pbt-run` or `sbatch`.

Each method imports what it needs, so that a command that renders no script starts fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pbt_tui.backends import Backend
from pbt_tui.backends.slurm.files import FILE, OWNED
from pbt_tui.backends.slurm.settings import SETTINGS

if TYPE_CHECKING:
    import argparse

    from pbt_tui.errors import Diagnostic
    from pbt_tui.settings import Given
    from pbt_tui.spec import Processes


class SlurmBackend(Backend):
    name = "slurm"
    title = "SLURM"
    runtimes = ("slurm",)
    settings = SETTINGS
    owned = OWNED
    index = FILE
    documents = (FILE,)
    ask = "pbt_tui.cli.sbatch_check:ask"

    @property
    def struct(self) -> type:
        from pbt_tui.backends.slurm.index import Slurm

        return Slurm

    def complete(self, flags: Given, file: Given) -> Given:
        """The flags, with the text of the script template instead of its path.

        If jobs have no GPU, `cpus` gets the value that the user gave for `cpus_per_gpu`. Raises
        `UsageError`.
        """
        given = {**file.sections["slurm"], **flags.sections["slurm"]}
        more: dict[str, Any] = {}
        if given.get("gpus_per_job") == 0 and given.get("cpus_per_gpu") and "cpus" not in given:
            more["cpus"] = given["cpus_per_gpu"]
        if (path := given.get("sbatch_template")) is not None:
            from pbt_tui.backends.slurm.template import text_of

            more["sbatch_template"] = text_of(path)
        if not more:
            return flags
        from pbt_tui.settings import Given

        return Given.of(slurm=more).over(flags)

    def prepare(self) -> None:
        from pbt_tui.backends.slurm import render, rules  # noqa: F401

    def check(self, spec: Processes, settings: Any) -> Sequence[Diagnostic]:
        from pbt_tui.backends.slurm.rules import check

        return check(spec, settings)

    def render(self, spec: Processes, settings: Any) -> dict[str, bytes]:
        from pbt_tui.backends.slurm.render import render

        return render(spec, settings)

    def known(self, files: Mapping[str, bytes]) -> dict[str, Any]:
        from pbt_tui.backends.slurm.render import known

        return known(files)

    def read_document(self, data: bytes) -> tuple[Any, list[Diagnostic]]:
        from pbt_tui.backends.slurm.index_check import read

        return read(data)

    def judge(self, spec: Processes, document: Any) -> Iterable[Diagnostic]:
        from pbt_tui.backends.slurm.index_check import judge

        return judge(spec, document)

    def told(self, document: Any) -> str | None:
        count = len(document.arrays)
        return f"{count} script{'' if count == 1 else 's'}"

    def launcher_arguments(self, parser: argparse._ActionsContainer) -> None:
        from pbt_tui.backends.slurm.launcher_flags import add_arguments

        add_arguments(parser)

    def launcher_settings(self, args: argparse.Namespace) -> Given:
        from pbt_tui.backends.slurm.launcher_flags import settings

        return settings(args)


BACKEND = SlurmBackend()
