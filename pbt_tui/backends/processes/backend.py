"""The object of backend `processes`.

It has no settings: the compiler reads policy and container, because they apply to all backends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbt_tui.backends import Backend
from pbt_tui.backends.processes.render import FILE, OWNED, render

if TYPE_CHECKING:
    import argparse

    from pbt_tui.settings import Given
    from pbt_tui.spec import Processes


class ProcessesBackend(Backend):
    name = "processes"
    title = "processes of one machine"
    runtimes = ("process", "docker")
    settings = ()
    struct = None
    owned = OWNED
    index = FILE
    takes_prefix = True

    def render(self, spec: Processes, settings: Any) -> dict[str, bytes]:
        return render(spec)

    def launcher_arguments(self, parser: argparse._ActionsContainer) -> None:
        from pbt_tui.backends.processes.launcher_flags import add_arguments

        add_arguments(parser)

    def launcher_settings(self, args: argparse.Namespace) -> Given:
        from pbt_tui.backends.processes.launcher_flags import settings

        return settings(args)


BACKEND = ProcessesBackend()
