"""The learner: augmented random search, version V2-t.

It must not know that other members exist, nor where anything is stored.

H. Mania, A. Guy, B. Recht, "Simple random search of static linear policies is competitive for
reinforcement learning", NeurIPS 2018. One iteration tries the weights plus and minus `noise_std`
times each of some random directions, keeps the directions with the best result on either side, and
moves along them by `step_size`, divided by the standard deviation of the returns (V1). Signals are
divided by the standard deviation seen so far (V2); their mean is zero because the task is
symmetric, and is not subtracted. Keeping only the top directions is the `t`.
"""

from dataclasses import dataclass, field
from math import sqrt
from random import Random
from statistics import fmean, pstdev

from examples.swingup import policy
from examples.swingup.environment import Controller, Episode, State, play, start

EVALUATIONS = 16
SAMPLE_EVERY = 10  # one state in ten is enough for a standard deviation, and a tenth of the cost


@dataclass(frozen=True)
class Hyperparameters:
    """What the population tunes (the first two) and what it leaves alone."""

    step_size: float
    noise_std: float
    directions: int = 8
    top_directions: int = 4


@dataclass
class Search:
    """The state of one training, all that a checkpoint has to hold.

    `weights` has `policy.SIZE` numbers, `squares` the sum of squares of each of the
    `policy.SIGNALS` signals over `samples` states; `frame` counts decisions of the policy.
    """

    weights: list[float] = field(default_factory=lambda: [0.0] * policy.SIZE)
    samples: int = 0
    squares: list[float] = field(default_factory=lambda: [0.0] * policy.SIGNALS)
    frame: int = 0

    def scales(self) -> list[float]:
        """The standard deviation of each signal; 1 until something has been seen."""
        if not self.samples:
            return [1.0] * policy.SIGNALS
        return [max(0.1, sqrt(square / self.samples)) for square in self.squares]

    def controller(self) -> Controller:
        """The policy as it is now, without noise."""
        return policy.controller(self.weights, self.scales())

    def iterate(self, hyper: Hyperparameters, rng: Random) -> float:
        """One iteration; the mean score of its episodes in seconds."""
        scales = self.scales()
        trials = []
        for _ in range(hyper.directions):
            direction = [rng.gauss(0.0, 1.0) for _ in self.weights]
            begin = start(rng)  # the same for both sides: they differ by the weights alone
            plus, minus = (
                self._try(scales, direction, sign * hyper.noise_std, begin) for sign in (1, -1)
            )
            trials.append((plus, minus, direction))
        trials.sort(key=lambda trial: max(trial[0], trial[1]), reverse=True)
        top = trials[: hyper.top_directions]
        scores = [score for plus, minus, _ in top for score in (plus, minus)]
        stride = hyper.step_size / (len(top) * (pstdev(scores) + 1e-6))
        for plus, minus, direction in top:
            for i, component in enumerate(direction):
                self.weights[i] += stride * (plus - minus) * component
        return fmean(score for plus, minus, _ in trials for score in (plus, minus))

    def _try(
        self, scales: list[float], direction: list[float], noise: float, begin: State
    ) -> float:
        weights = [w + noise * d for w, d in zip(self.weights, direction, strict=True)]
        episode = play(policy.controller(weights, scales), begin)
        self.frame += len(episode.states)
        for state in episode.states[::SAMPLE_EVERY]:
            self.samples += 1
            for i, signal in enumerate(policy.signals(state)):
                self.squares[i] += signal * signal
        return episode.score


def evaluate(controller: Controller, seed: int = 0, episodes: int = EVALUATIONS) -> list[Episode]:
    """Episodes without noise. One seed gives the same starts to everybody: members compare."""
    rng = Random(seed)
    return [play(controller, start(rng)) for _ in range(episodes)]
