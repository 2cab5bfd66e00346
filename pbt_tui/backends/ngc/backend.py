"""The object of backend `ngc`: Base Command job requests, and a script that submits each once.

Each method imports what it needs, so that a command that renders no request starts fast.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pbt_tui.backends import Backend
from pbt_tui.backends.ngc.files import OWNED, RECORD, REQUESTS, SUBMIT
from pbt_tui.backends.ngc.settings import SETTINGS

if TYPE_CHECKING:
    import argparse

    from pbt_tui.errors import Diagnostic
    from pbt_tui.settings import Given
    from pbt_tui.spec import Processes

_REQUIRED = ("org", "ace", "instance")


class NgcBackend(Backend):
    name = "ngc"
    title = "NGC Base Command"
    runtimes = ()
    settings = SETTINGS
    owned = OWNED
    index = SUBMIT
    records = (RECORD,)
    documents = (REQUESTS,)
    submit = "pbt_tui.cli.submit:submit"
    launch = "pbt_tui.cli.submit:launched"

    @property
    def struct(self) -> type:
        from pbt_tui.backends.ngc.settings_struct import Ngc

        return Ngc

    def complete(self, flags: Given, file: Given) -> Given:
        """The flags, with the settings of the upstream launcher's template, if one is named.

        A flag overrides the template, the template overrides the settings file. Raises `Findings`
        (3) for errors in the template, `UsageError` if it cannot be read.
        """
        name = {**file.sections["ngc"], **flags.sections["ngc"]}.get("job_template")
        if name is None:
            return flags
        from pathlib import Path

        from pbt_tui.backends.ngc.template import read
        from pbt_tui.settings import Given

        return Given.of(ngc={"job_template": None}).over(flags.over(read(Path(name))))

    def lacks(self, given: Mapping[str, Any], spec: Processes) -> str | None:
        missing = [f"`--ngc_{name}`" for name in _REQUIRED if given.get(name) is None]
        if spec.container is None:
            missing.append("`--image`")
        return f"{', '.join(missing)} not set" if missing else None

    def check(self, spec: Processes, settings: Any) -> Sequence[Diagnostic]:
        from pbt_tui.backends.ngc.run_rules import check

        return check(spec, settings)

    def render(self, spec: Processes, settings: Any) -> dict[str, bytes]:
        from pbt_tui.backends.ngc.render import render

        return render(spec, settings)

    def known(self, files: Mapping[str, bytes]) -> dict[str, Any]:
        from pbt_tui.backends.ngc.render import known

        return known(files)

    def recognises(self, keys: Collection[str]) -> bool:
        if "format" in keys:
            return False
        from pbt_tui.backends.ngc.request import JobRequest

        return not {"jobDefinition", *JobRequest.__struct_fields__}.isdisjoint(keys)

    def read_document(self, data: bytes) -> tuple[Any, list[Diagnostic]]:
        from pbt_tui.backends.ngc.rules import validate

        return validate(data)

    def total(self, count: int) -> str:
        return f"{count} job request{'' if count == 1 else 's'} for NGC"

    def run_arguments(self, parser: argparse._ActionsContainer) -> None:
        from pbt_tui.backends.ngc.launcher_flags import add_run_arguments

        add_run_arguments(parser)

    def launcher_arguments(self, parser: argparse._ActionsContainer) -> None:
        from pbt_tui.backends.ngc.launcher_flags import add_arguments

        add_arguments(parser)

    def launcher_settings(self, args: argparse.Namespace) -> Given:
        from pbt_tui.backends.ngc.launcher_flags import settings

        return settings(args)


BACKEND = NgcBackend()
