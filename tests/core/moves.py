"""Copies and moves of the run directory of a life, while no executor lives.

After a copy the life goes on in the copy, and what is alive belongs to the original. After a move
everything is at the new place; where something may still be alive, the executor refuses to go on
there, and a person moves the directory back.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pbt_tui.executor import rehome
from pbt_tui.executor.whereabouts import Whereabouts
from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply
from pbt_tui.journal.state import RunState
from tests.core.sim_files import SimClock, SimJournal

if TYPE_CHECKING:
    from tests.core.simulation import Life
    from tests.core.world import World

Left = Literal["copied", "moved"]


def copy(world: World, cut: int) -> None:
    """Copies the run directory; the last `cut` lines were appended after the journal was copied."""
    world.originals.add(world.place)
    world.place += 1
    world.durable = world.durable[: max(len(world.durable) - cut, 2)]
    world.queue.clear()
    world.under_way.clear()
    world.moves += 1
    world.leaves("copied")


def move(world: World) -> None:
    """Moves the run directory; a process that lives knows the old place only."""
    old, world.place = world.place, world.place + 1
    for proc in world.procs.values():
        if proc.ended is not None and proc.place == old:
            proc.place = world.place
    world.moves += 1
    world.leaves("moved")


def move_back(world: World) -> None:
    world.place -= 1
    world.refused_moves += 1
    for proc in world.procs.values():
        proc.place = min(proc.place, world.place)
    world.leaves("moved back")


def living(world: World, state: RunState) -> list[str]:
    """The active attempts that may be alive: of an engine or a cluster, all."""
    found = []
    for job in state.active.values():
        name = (job.spec.id, job.attempts[-1].number)
        proc = world.procs.get(name)
        alive = proc is not None and proc.ended is None
        if world.has_queue or alive or world.under_way[name]:
            found.append(job.spec.id)
    return found


def go_on_here(life: Life, state: RunState) -> bool:
    """What `pbt-run --rehome` does; False if it refuses. May die at any point."""
    world, left = life.world, life.left
    assert left is not None
    if left == "moved" and living(world, state):
        return False
    now = SimClock(world, state.at).now()
    batch: list[ev.AnyEvent] = interrupted(state, now) if left == "copied" else []
    batch.append(
        ev.RunRehomed(
            run_id=str(world.place),
            cwd=f"/p{world.place}",
            train_dir=f"/p{world.place}/t",
            old_cwd=state.cwd or "/",
            old_train_dir=state.train_dir or "/t",
            inode=world.place,
        )
    )
    if left == "copied":
        drop_foreign(world, state)
    for i, event in enumerate(batch):
        batch[i] = msgspec.structs.replace(event, seq=state.seq + 1, at=max(now, state.at))
        apply(state, batch[i])
    SimJournal(world).append(batch)
    life.left = None
    return True


def interrupted(state: RunState, now: float) -> list[ev.AnyEvent]:
    """The ends of the attempts that a copy holds as active: they belong to the original."""
    found = Whereabouts("copied", Path("/elsewhere"))
    return [rehome._interrupted(job, found, now) for job in state.active.values()]


def drop_foreign(world: World, state: RunState) -> None:
    """Removes claims of attempts that the copied journal does not know, and copied requests."""
    world.inbox.clear()
    for job, attempt in list(world.procs):
        if attempt > len(state.by_id[job].attempts):
            del world.procs[job, attempt]
            world.marked.discard((job, attempt))
