"""The `process` runtime as data. Must not import what starts processes."""

from pbt_tui.runtimes.kind import RuntimeKind

KIND = RuntimeKind(
    name="process",
    title="process",
    option="--runtime process",
    create="pbt_tui.runtimes.process.runtime:create",
    dry_run="pbt_tui.runtimes.process.dry_run:show",
    handle="pid",
    handle_text=lambda handle: f"pid {handle.partition('.')[0]}",
    local=True,
    plain=True,
    backend="processes",
)
