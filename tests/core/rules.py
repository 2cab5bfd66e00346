"""The rules by which members go on from what they have written, each as a switch.

Every rule switched off breaks lives of `population_life`: `python -m tests.core.lives` counts them.
That a new executor asks again broke none of a thousand: `tests.journal.test_continuations` has it.
"""

from __future__ import annotations

import importlib

from pbt_tui.executor import loop, reconcile
from pbt_tui.journal import fold, questions, ready_queue
from pbt_tui.observe.continuing import answering, newest
from tests.core import moves, population_world, sim_asker
from tests.core.planting import Fault, Together

# The package exports the function under the name of its module.
decide = importlib.import_module("pbt_tui.scheduler.decide")

RULES: list[Fault | Together] = [
    Fault(
        "a member that waits for the answer is in no queue",
        ready_queue.ReadyQueue,
        "enter",
        "if job.continues and job.is_unread:",
        "if False:",
    ),
    Together(
        Fault(
            "an answer counts for its own question only",
            loop.Loop,
            "_take_answer",
            "if job.is_unread and (fact.attempt, fact.after)"
            " == (len(job.attempts) + 1, job.question):",
            "if job.phase == 'waiting':",
            near=240,
        ),
        Fault(
            "an answer counts for its own question only",
            questions,
            "take_answer",
            'if job.phase != "waiting" or e.attempt != len(job.attempts) + 1'
            " or e.after != job.question:",
            'if job.phase != "waiting":',
        ),
    ),
    Fault(
        "the disk is read after the end was taken in",
        sim_asker,
        "seen",
        "return population.workspace",
        "return population.polled or population.workspace",
        near=6,
    ),
    Fault(
        "what an older executor had read is never launched",
        reconcile,
        "_has_read",
        "return bool(",
        "return False and bool(",
        near=25,
    ),
    Fault(
        "weights are not newer than their metadata",
        newest._Times,
        "is_torn",
        "return candidate.is_torn and",
        "return False and",
        near=56,
    ),
    Fault(
        "the last written, not the highest number",
        newest._Times,
        "order",
        "if not self._is_old(candidate):\n",
        "if True:\n        return candidate.source.generation, 0\n    if False:\n",
        near=10,
    ),
    Fault(
        "after a copy the history tells the order",
        newest._Times,
        "_is_old",
        "return candidate.written <= self._moved",
        "return False",
        near=12,
    ),
    Fault(
        "a copy that is made right after a generation was written has lost its times, too",
        newest,
        "_is_same",
        "return keeps_time(written / 1e9, at)",
        "return abs(written / 1e9 - at) < 1.0",
        near=1665,
    ),
    Fault(
        "a member that had a generation never begins anew",
        answering._Member,
        "_none",
        "return Continuation(refused=why) if known else Continuation()",
        "return Continuation()",
        near=57,
    ),
    Fault(
        "what is not there is looked for again",
        answering._Member,
        "_none",
        "if self._q.waited < PATIENCE and (known or self._may_be_mounted_late()):",
        "if False:",
        near=12,
    ),
    Fault(
        "two failures from one generation bar it",
        newest,
        "barred",
        "if count >= FAILURES",
        "if count >= 10**6",
        near=36,
    ),
    Fault(
        "a signal bars nothing",
        newest,
        "_failed_by_itself",
        "    return (\n",
        '    return attempt.outcome in ("failed", "lost", "interrupted") or (\n',
        near=36,
    ),
    Fault(
        "progress ends the failures in a row",
        questions,
        "take_answer",
        "job.tries = 0",
        "pass",
        near=5,
    ),
    Fault(
        "a member that cannot be continued is skipped",
        decide,
        "_skip_refused",
        "if state.stop:",
        "if True:",
        near=85,
    ),
    Fault(
        "from scratch is owed until it has started",
        fold,
        "_attempt_scheduled",
        "job.attempts.append(attempt)",
        "job.attempts.append(attempt)\n    job.anew = False",
        near=25,
    ),
    Fault(
        "from scratch is no longer owed once it has run, whoever saw it",
        fold,
        "_attempt_ended",
        "if attempt.anew and attempt.started_at is None",
        "if False and attempt.started_at is None",
        near=130,
    ),
    Fault(
        "from scratch asked for again is owed after a requeue, too",
        fold,
        "_attempt_started",
        "    if attempt.started_at is None:\n        if attempt.anew:",
        "    if attempt.anew:\n        job.anew = False\n"
        "    if attempt.started_at is None:\n        if attempt.anew:",
        near=1623,
    ),
    Fault(
        "from scratch moves aside what the member left",
        loop.Loop,
        "_is_ready",
        "self._asker.make_ready(job, attempt)",
        "pass",
    ),
    Fault(
        "a requeued task reads the disk by itself: not its frozen arguments",
        population_world,
        "again",
        "return requeued(world, proc)",
        "return world.commands[proc.name], None",
        near=5,
    ),
    Fault(
        "a requeued task reads the disk by itself: not a file that the executor keeps",
        sim_asker,
        "on_disk",
        "return population.workspace",
        "return population.polled or population.workspace",
        near=5,
    ),
    Fault(
        "a requeued task chooses among what was written since, as the executor chose before",
        sim_asker,
        "requeued",
        "chosen.written <= floor",
        "False",
        near=549,
    ),
    Fault(
        "a moved directory is gone on with only where nothing starts",
        moves,
        "living",
        "if world.has_queue or alive or world.under_way[name]:",
        "if False:",
    ),
]
