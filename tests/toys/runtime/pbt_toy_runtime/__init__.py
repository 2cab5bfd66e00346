"""Runtime `toyqueue`, as data: every command and every screen may read it."""

from pbt_tui.runtimes.kind import QueueText, RuntimeKind

KIND = RuntimeKind(
    name="toyqueue",
    title="toy queue",
    option="--runtime toyqueue",
    create="pbt_toy_runtime.runtime:create",
    dry_run="pbt_toy_runtime.dry_run:show",
    handle="ticket",
    handle_text=lambda handle: f"ticket {handle.partition('.')[0]}",
    local=False,
    queue=QueueText(
        pending="WAITING",
        reasons={"Bell": "the bell has not rung yet", "Held": "held with the whole run"},
        commands=lambda handle: [f"ps -o pid,stat,args -p {handle.partition('.')[0]}"],
        retried="put at the end of the toy queue",
    ),
)
