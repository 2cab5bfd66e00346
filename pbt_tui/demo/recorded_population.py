"""The members of the recorded population: they train, compare themselves, copy and mutate.

The rules are those of IsaacGymEnvs; the learning is a formula. Each attempt is a generator, which
writes a generation before it yields what its trainer prints about it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from random import Random
from statistics import pstdev

from pbt_tui.demo.recorded_attempt import Exited, Printed, Recorded
from pbt_tui.demo.recorded_generations import RecordedStep, RecordedWorkspace
from pbt_tui.demo.recorded_plan import GENERATIONS, INTERVAL, MEMBERS, POPULATION

_LINE = 40.0
"""Seconds between two lines of statistics."""
_FRAMES_PER_EPOCH = 262_144
_RATE, _GAMMA, _ENTROPY = (
    f"train.params.config.{name}" for name in ("learning_rate", "gamma", "entropy_coef")
)
_ENDS_EARLY: dict[tuple[int, int], int] = {(5, 1): 8, (2, 1): 19}
"""Member and attempt to the generation after which the memory of the machine is exhausted."""
_NO_MEMORY = (
    'Traceback (most recent call last):\n  File "/opt/rl/train.py", line 118, in <module>\n'
    '    main()\n  File "/opt/rl/replay.py", line 41, in grow\n    self.data = np.empty(shape)\n'
    "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 24.2 GiB for an array\n"
)


class RecordedPopulation:
    """All members, with what each of them knows of the others.

    Args:
        workspace: Where they write.
        seed: Of all random numbers.
    """

    def __init__(self, workspace: RecordedWorkspace, seed: int = 3) -> None:
        self._workspace = workspace
        self._seed = seed
        self._steps: dict[int, list[RecordedStep]] = {m: [] for m in range(MEMBERS)}

    def training(self, member: int, attempt: int, begun: float, *, anew: bool) -> Recorded:
        """One attempt of a member.

        Args:
            member: Its index.
            attempt: The number of the attempt.
            begun: When it starts, in Unix seconds of the recording.
            anew: Whether it begins from scratch.
        """
        dice = Random(f"{self._seed}.{member}.{attempt}")
        if anew:
            self._steps[member] = []
        own = self._steps[member]
        last = own[-1] if own else None
        params = dict(last.params) if last else self._first_params(member)
        skill = last.objective if last else 0.6 + 0.4 * dice.random()
        frame, number = (last.frame, last.number) if last else (0, 0)
        name = _named(member, begun)
        at = begun + 15.0
        if last is not None:
            yield Printed(at, f"=> loading checkpoint '{self._workspace.weights(last)}'\n")
        speed = 27_600 * (1.0 + 0.05 * (dice.random() - 0.5))
        while number < GENERATIONS:
            goal = (number + 1) * INTERVAL
            began, from_skill = frame, skill
            to_skill = _learned(skill, params, dice)
            while frame < goal:
                at += _LINE
                frame = min(goal, frame + round(speed * _LINE * (1 + 0.02 * dice.gauss(0, 1))))
                part = (frame - began) / max(1, goal - began)
                skill = from_skill + part * (to_skill - from_skill)
                yield Printed(at, _statistics(frame, speed, skill, dice))
            number += 1
            step = RecordedStep(member, number, frame, round(skill, 4), params, name)
            own.append(step)
            self._workspace.write(step, at)
            if _ENDS_EARLY.get((member, attempt)) == number:
                yield Printed(at + 9.0, _NO_MEMORY)
                yield Exited(at + 11.0, 1)
                return
            donor, said = self._round(step, dice)
            yield Printed(at + 1.0, "".join(f"{line}\n" for line in said))
            if donor is not None and number < GENERATIONS:
                source = donor if donor.member != member else step
                skill = source.objective
                params = _mutated(source.params, dice)
                at += 25.0
                name = _named(member, at)
                text = f"=> loading checkpoint '{self._workspace.weights(source)}'\n"
                yield Printed(at, text)
        yield Printed(at + 2.0, "MAX FRAMES NUM!\n")
        yield Exited(at + 3.0, 0)

    def _round(self, own: RecordedStep, dice: Random) -> tuple[RecordedStep | None, Sequence[str]]:
        """What a member does after a generation: whose weights come next, and its reasons."""
        me = own.member
        said = [f"Policy {me}: New pbt iteration {own.number}!"]
        if own.frame < 2 * INTERVAL:
            said.append(
                f"Policy {me}: Not enough experience collected to replace weights. "
                f"env_frames={own.frame} initial_delay={2 * INTERVAL}"
            )
            return None, said
        known = self._known(own)
        said += [
            f"Policy {me}: Loading policy-{other} {step.number}.yaml"
            for other, step in known.items()
            if other != me
        ]
        ranking = sorted(known, key=lambda m: known[m].objective, reverse=True)
        best, worst = ranking[:2], ranking[-2:]
        said.append(f"Policy {me}: PBT best_policies={best}, worst_policies={worst}")
        if len(known) < 5 or me not in worst:
            said.append(f"Current policy {me} is doing well, not among the worst_policies={worst}")
            return None, said
        donor = known[dice.choice(best)]
        ahead = donor.objective - own.objective
        needed = 0.5 * pstdev(step.objective for step in known.values())
        if ahead > max(needed, 0.03 * abs(donor.objective)):
            said.append(f"Replacing underperforming policy {me} with {donor.member}")
            return donor, said
        said.append(
            f"Policy {me}: Difference in objective value ({donor.objective} vs {own.objective}) "
            f"is not sufficient to justify replacement, {ahead:.4f}, {needed:.4f}, "
            f"{0.03 * abs(donor.objective):.4f}, 0.0"
        )
        return own, said

    def _known(self, own: RecordedStep) -> dict[int, RecordedStep]:
        """The newest generation of each member that is not newer than that of the deciding one."""
        found = {}
        for member, steps in self._steps.items():
            seen = next((s for s in reversed(steps) if s.number <= own.number), None)
            if seen is not None:
                found[member] = seen
        return found

    def _first_params(self, member: int) -> dict[str, float]:
        """Where a member begins: learning rates lie far apart."""
        place = (member * 3) % MEMBERS / (MEMBERS - 1)
        return {
            _RATE: float(f"{10 ** (-5 + 2.6 * place):.4g}"),
            _GAMMA: round(0.95 + 0.045 * ((member * 5) % MEMBERS) / (MEMBERS - 1), 5),
            _ENTROPY: float(f"{1e-4 * 30 ** ((member * 7 % MEMBERS) / (MEMBERS - 1)):.3g}"),
        }


def _named(member: int, at: float) -> str:
    return f"{member:02d}_{POPULATION}_{time.strftime('%d-%H-%M-%S', time.gmtime(at))}"


def _learned(skill: float, params: dict[str, float], dice: Random) -> float:
    """The objective after a generation: the best learning rate falls while the skill rises."""
    wanted = 1.2e-3 * 10 ** (-1.1 * min(1.0, skill / 34.0))
    near = math.exp(-(math.log10(params[_RATE] / wanted) ** 2) / 0.45)
    far = math.exp(-(((params[_GAMMA] - 0.99) / 0.03) ** 2))
    limit = 36.0 * near**0.25 * (0.8 + 0.2 * far)
    return float(max(0.2, skill + 0.115 * (limit - skill) * near**0.5 + 0.28 * dice.gauss(0, 1)))


def _mutated(params: dict[str, float], dice: Random) -> dict[str, float]:
    found = dict(params)
    for key, value in params.items():
        if dice.random() < 0.6:
            factor = dice.uniform(1.1, 1.6)
            factor = factor if dice.random() < 0.5 else 1 / factor
            found[key] = (
                round(1 - (1 - value) * factor, 5)
                if key == _GAMMA
                else float(f"{value * factor:.4g}")
            )
    found[_GAMMA] = min(0.999, max(0.9, found[_GAMMA]))
    return found


def _statistics(frame: int, speed: float, skill: float, dice: Random) -> str:
    epoch = frame // _FRAMES_PER_EPOCH
    most = GENERATIONS * INTERVAL
    reward = skill + (0.25 + 0.012 * skill) * dice.gauss(0, 1)
    now = speed * (1 + 0.02 * dice.gauss(0, 1))
    return (
        f"mean reward: {reward:.3f} fps step: {now * 1.3:.0f} "
        f"fps step and policy inference: {now * 1.15:.0f} fps total: {now:.0f} "
        f"epoch: {epoch}/{most // _FRAMES_PER_EPOCH} frames: {frame}/{most}\n"
    )
