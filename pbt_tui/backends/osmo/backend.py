"""The object of backend `osmo`: workflow files, and an index of their tasks and jobs.

Each method imports what it needs, so that a command that renders no workflow starts fast.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pbt_tui.backends import Backend
from pbt_tui.backends.osmo.files import DOCUMENTS, INDEX, OWNED
from pbt_tui.backends.osmo.osmo_settings import SETTINGS

if TYPE_CHECKING:
    from pbt_tui.errors import Diagnostic
    from pbt_tui.spec import Processes


class OsmoBackend(Backend):
    name = "osmo"
    title = "OSMO"
    runtimes = ("osmo",)
    settings = SETTINGS
    owned = OWNED
    index = INDEX
    documents = DOCUMENTS

    @property
    def struct(self) -> type:
        from pbt_tui.backends.osmo.osmo_index import Osmo

        return Osmo

    def lacks(self, given: Mapping[str, Any], spec: Processes) -> str | None:
        missing = ["`--osmo_pool`"] if given.get("pool") is None else []
        if spec.container is None:
            missing.append("`--image`")
        return f"{', '.join(missing)} not set" if missing else None

    def check(self, spec: Processes, settings: Any) -> Sequence[Diagnostic]:
        from pbt_tui.backends.osmo.run_rules import check

        return check(spec, settings)

    def render(self, spec: Processes, settings: Any) -> dict[str, bytes]:
        from pbt_tui.backends.osmo.render import render

        return render(spec, settings)

    def known(self, files: Mapping[str, bytes]) -> dict[str, Any]:
        from pbt_tui.backends.osmo.render import known

        return known(files)

    def recognises(self, keys: Collection[str]) -> bool:
        return {"format", "workflows"} <= set(keys) or "workflow" in keys

    def read_document(self, data: bytes) -> tuple[Any, list[Diagnostic]]:
        from pbt_tui.backends.osmo.document_rules import validate
        from pbt_tui.backends.osmo.index_check import read

        # the index is JSON, which no workflow file is
        return read(data) if data.startswith(b'{"format"') else validate(data)

    def judge(self, spec: Processes, document: Any) -> Iterable[Diagnostic]:
        from pbt_tui.backends.osmo.index_check import judge

        return judge(spec, document)

    def total(self, count: int) -> str:
        return f"{count} workflow{'' if count == 1 else 's'} for OSMO"


BACKEND = OsmoBackend()
