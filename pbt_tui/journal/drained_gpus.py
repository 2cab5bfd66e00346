"""Which GPUs get no new attempts, because a person or the executor drained them.

Only `apply` calls it: it changes the state.
"""

from __future__ import annotations

from collections.abc import Iterable

from pbt_tui.journal.slots import name, named, same
from pbt_tui.journal.state import RunState


def drain(
    state: RunState, gpus: Iterable[str], *, drained: bool = True, why: str | None = None
) -> None:
    """Drains GPUs or, if not `drained`, uses them again; forgets the evidence against them.

    Args:
        state: the state of the run.
        gpus: the GPUs, by UUID or index; unknown ones are ignored.
        drained: whether to drain them.
        why: the executor's reason; None: a person asked.
    """
    known = (*(state.executor.gpus if state.executor else ()), *state.drained)
    asked = [g for g in (named(text, known) for text in gpus) if g is not None]
    for gpu in (d for d in state.drained if any(same(d, g) for g in asked)):
        state.drain_reasons.pop(name(gpu), None)
    others = tuple(d for d in state.drained if not any(same(d, g) for g in asked))
    state.drained = (*others, *asked) if drained else others
    state.slots.drain(state.drained)
    state.health.forgive(asked)
    if why is not None:
        state.drain_reasons |= {name(gpu): why for gpu in asked}
