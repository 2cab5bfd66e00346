"""The `docker` runtime as data. Must not import a client of an engine."""

from pbt_tui.runtimes.kind import PauseText, RuntimeKind

KIND = RuntimeKind(
    name="docker",
    title="docker",
    option="--runtime docker",
    create="pbt_tui.runtimes.docker.client:create",
    dry_run="pbt_tui.runtimes.docker.dry_run:show",
    handle="container",
    handle_text=lambda handle: f"container {handle[:12]}",
    local=True,
    in_container=True,
    needs_image=True,
    pauses=PauseText(go_on=lambda handle: f"docker unpause {handle[:12]}"),
    backend="processes",
)
