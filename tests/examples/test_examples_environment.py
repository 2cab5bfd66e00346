"""The cart-pole obeys physics: energy, mirror symmetry, the ends of the track."""

from math import cos, isclose, pi, sin
from random import Random

import pytest

from examples.swingup import environment
from examples.swingup.environment import State, accelerations, advance, energy, play, reward, start


def _states(count: int) -> list[State]:
    rng = Random(7)
    return [
        State(rng.uniform(-2, 2), rng.gauss(0, 2), rng.uniform(-pi, pi), rng.gauss(0, 4))
        for _ in range(count)
    ]


def _power(state: State, force: float) -> float:
    """The time derivative of the energy, by the chain rule, in watts."""
    cart, pole = accelerations(state, force)
    gradient = (
        environment.TOTAL_MASS * state.v + environment.POLE_MOMENT * state.spin * cos(state.angle),
        -environment.POLE_MOMENT * sin(state.angle) * (state.v * state.spin + environment.GRAVITY),
        environment.POLE_MOMENT * state.v * cos(state.angle)
        + 4 / 3 * environment.POLE_MOMENT * environment.HALF_LENGTH * state.spin,
    )
    return gradient[0] * cart + gradient[1] * state.spin + gradient[2] * pole


@pytest.mark.parametrize("force", [0.0, 10.0, -3.5])
def test_energy_comes_from_the_force_alone(force: float) -> None:
    for state in _states(50):
        assert isclose(_power(state, force), force * state.v, abs_tol=1e-9)


def test_integration_gains_no_energy_in_an_episode() -> None:
    state = State(0.0, 0.0, pi / 2, 0.0)
    heights = []
    for _ in range(environment.EPISODE_STEPS * environment.PHYSICS_STEPS):
        state = advance(state, 0.0)
        heights.append(energy(state))
    assert max(map(abs, heights)) < 0.05  # joules, of the 0.98 between hanging and upright


def test_mirrored_state_moves_mirrored() -> None:
    for state in _states(50):
        mirrored = State(*(-number for number in state))
        assert advance(mirrored, -4.0) == State(*(-n for n in advance(state, 4.0)))
        assert isclose(reward(mirrored), reward(state))


def test_reward_is_one_upright_in_the_middle_and_nothing_hanging_or_at_the_end() -> None:
    assert reward(State(0.0, 0.0, 0.0, 0.0)) == 1.0
    assert reward(State(0.0, 0.0, pi, 0.0)) == 0.0
    assert isclose(reward(State(environment.TRACK, 0.0, 0.0, 0.0)), 0.0, abs_tol=1e-12)


def test_an_episode_ends_at_the_end_of_the_track() -> None:
    pushed = play(lambda state: environment.MAX_FORCE, start(Random(0)))
    assert len(pushed.states) < environment.EPISODE_STEPS
    assert pushed.standing == 0.0
    idle = play(lambda state: 0.0, start(Random(0)))
    assert len(idle.states) == environment.EPISODE_STEPS
    assert idle.score < 0.1


def test_standing_counts_what_is_upright_to_the_end() -> None:
    still = play(lambda state: 0.0, State(0.0, 0.0, 0.0, 0.0))
    assert still.score == pytest.approx(environment.EPISODE_SECONDS)
    assert still.upright == still.standing == pytest.approx(environment.EPISODE_SECONDS)
