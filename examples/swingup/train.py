"""One member of the population: train, save, look at the others, perhaps begin anew as another.

    python -m examples.swingup.train experiment=03_swingup hydra.run.dir=train_dir/swingup \\
        pbt.policy_idx=3 pbt.num_policies=8 pbt.workspace=swingup seed=1

It must not know who started it, nor how many others are alive. A new beginning is `exec` in place:
the same process id, the same log, other parameters and weights. A member that was killed goes on
from its newest generation when the same command is given again, and one that has finished says so.

Random numbers follow from `seed`, `pbt.policy_idx` and the frame at which this life began: members
differ although their commands share one seed, and a life can be repeated.
"""

import os
import sys
import time
from pathlib import Path
from random import Random
from statistics import fmean
from typing import NoReturn

from examples.swingup import population
from examples.swingup.search import Hyperparameters, evaluate
from examples.swingup.settings import Settings, replaced
from examples.swingup.workspace import Checkpoint, Exploit, Workspace

REPORTS = 4  # evaluations in one generation


def main(words: list[str]) -> int:
    try:
        settings = Settings.parse(words)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    workspace = Workspace(settings.folder() / "runs" / settings.workspace)
    if not settings.restarted:
        _begin(settings, workspace, words)
    _say("PBT job restarted from checkpoint, keep going...")
    Member(settings, workspace, words).train()
    return 0


def _begin(settings: Settings, workspace: Workspace, words: list[str]) -> NoReturn:
    """The first life of a process: from the newest generation if there is one, else from nothing.

    Either way the parameters go through the command line, so that it says what is being trained.
    """
    for newest in workspace.generations(settings.index):
        weights = workspace.weights(settings.index, newest.iteration)
        try:
            Checkpoint.load(weights)
        except (OSError, ValueError) as error:
            _say(f"Policy {settings.index}: {error}. Looking for an older generation.")
            continue
        _say(f"Policy {settings.index}: resuming from generation {newest.iteration}")
        _restart(settings, words, newest.params, newest.experiment_name, weights)
    _say("PBT run without 'pbt_restart=True' - must be the very start of the experiment!")
    _say("Mutating initial set of hyperparameters!")
    params = population.first_values(settings.tuned(), settings)
    _say_mutations(settings.tuned(), params)
    _restart(settings, words, params)


class Member:
    """One life, from an exec to the next one or to the end."""

    def __init__(self, settings: Settings, workspace: Workspace, words: list[str]) -> None:
        """Raises OSError or ValueError if the checkpoint cannot be read."""
        self.settings = settings
        self.workspace = workspace
        self.words = words
        self.name = settings.full_name or (
            f"{settings.experiment}_pbt_{settings.index:02d}_{time.strftime('%d-%H-%M-%S')}"
        )
        self.state = (
            Checkpoint.load(Path(settings.checkpoint)) if settings.checkpoint else Checkpoint()
        )
        self.started_at = self.state.search.frame
        self.rng = Random(f"{settings.seed} {settings.index} {self.started_at}")

    def train(self) -> None:
        settings, search, index = self.settings, self.state.search, self.settings.index
        hyper = Hyperparameters(
            settings.step_size, settings.noise_std, settings.directions, settings.top_directions
        )
        generation = search.frame // settings.interval
        reports = search.frame * REPORTS // settings.interval
        best: float | None = None
        began = time.monotonic()
        _say(f"Policy {index}: PBT init. Env frames: {search.frame}, pbt_iteration: {generation}")
        while generation < settings.generations:
            search.iterate(hyper, self.rng)
            if search.frame * REPORTS // settings.interval == reports:
                continue
            reports = search.frame * REPORTS // settings.interval
            objective = fmean(episode.score for episode in evaluate(search.controller()))
            speed = (search.frame - self.started_at) / (time.monotonic() - began)
            _say(
                f"fps total: {speed:.0f} epoch: {generation}/{settings.generations} "
                f"frames: {search.frame}"
            )
            if best is None or objective > best:
                best = objective
                _say(f"Policy {index}: New best objective value {best} in iteration {generation}")
            if search.frame // settings.interval > generation:
                generation = search.frame // settings.interval
                _say(f"Policy {index}: New pbt iteration {generation}!")
                self._round(generation, objective, best)
                best = None
                # An exec resets neither this clock nor the frames: a member ends, whatever happens.
                if time.process_time() > settings.max_cpu_seconds:
                    _say(f"Policy {index}: used more than {settings.max_cpu_seconds} s of CPU time")
                    break
        _say(f"Policy {index}: finished, generation {generation} of {settings.generations}")

    def _round(self, generation: int, objective: float, best: float) -> None:
        """One generation is over: save it, look at the others, decide."""
        settings, index = self.settings, self.settings.index
        own = self.workspace.save(
            index,
            generation,
            self.state,
            experiment_name=self.name,
            params=settings.tuned(),
            true_objective=objective,
        )
        known = {index: own}
        for peer in range(settings.size):
            if peer != index and (newest := self.workspace.newest(peer, generation)):
                known[peer] = newest
        leader = max(known, key=lambda peer: known[peer].true_objective)
        if self.workspace.keep_best(index, known[leader], leader):
            _say(f"Policy {index}: New best objective: {known[leader].true_objective}!")
        if generation >= settings.generations:
            return  # copied weights would not be trained any more
        verdict = population.exploit(known, best, self.started_at, settings, self.rng)
        for line in verdict.said:
            _say(line)
        if verdict.source is None:
            return
        # Either the donor's parameters or our own are the ones to vary, by the toss of a coin.
        old = known[verdict.source if self.rng.random() < 0.5 else index].params
        params = population.explore(old, settings, self.rng)
        _say_mutations(old, params)
        self._begin_anew(generation, verdict.source, known[verdict.source].iteration, params)

    def _begin_anew(
        self, generation: int, source: int, source_generation: int, params: dict[str, float]
    ) -> None:
        """Returns only if the weights cannot be read: then this member goes on as it is."""
        settings = self.settings
        try:
            taken = Checkpoint.load(self.workspace.weights(source, source_generation))
        except (OSError, ValueError) as error:
            _say(f"Policy {settings.index}: {error}. Aborting restart.")
            return
        if source != settings.index:
            taken.ancestry.append(Exploit(generation, settings.index, source, source_generation))
        taken.search.frame = self.state.search.frame  # generations of a member only ever grow
        copy = settings.folder() / "runs" / self.name / f"{source_generation:06d}.pth"
        taken.save(copy)
        _restart(settings, self.words, params, self.name, copy)


def _restart(
    settings: Settings,
    words: list[str],
    params: dict[str, float],
    name: str | None = None,
    checkpoint: Path | None = None,
) -> NoReturn:
    """Become the same command with other values, as the same process.

    The interpreter is named by its full path, or a member would leave its virtual environment.
    """
    new: dict[str, object] = {
        "hydra.run.dir": settings.folder(),
        "++pbt_restart": True,
    }
    if name is not None:
        new["+full_experiment_name"] = name
    if checkpoint is not None:
        new["checkpoint"] = checkpoint
    arguments = replaced(words, new | params)
    _say(f"Policy {settings.index}: Restarting self with args {arguments}")
    interpreter = sys.orig_argv[1 : len(sys.orig_argv) - len(words)]
    os.execv(sys.executable, [sys.executable, *interpreter, *arguments])


def _say(line: str) -> None:
    print(line, flush=True)


def _say_mutations(old: dict[str, float], new: dict[str, float]) -> None:
    for key, value in new.items():
        if value != old[key]:
            _say(f"Param {key} mutated to value {value}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
