"""The task: a cart-pole that hangs and must be swung up and balanced.

It must not know what a policy, a search or a population is.

Equations of motion: A. G. Barto, R. S. Sutton, C. W. Anderson, "Neuronlike adaptive elements that
can solve difficult learning control problems", IEEE Transactions on Systems, Man, and Cybernetics
13(5), 1983, in the form corrected by R. V. Florian, "Correct equations for the dynamics of the
cart-pole system", Center for Cognitive and Neural Studies, 2007 (equations 23 and 24, without
friction), with the masses, length, force and track of 1983. Hanging start and a reward that grows
with the cosine of the angle make it the swing-up task.
"""

from collections.abc import Callable
from math import cos, pi, sin
from random import Random
from typing import NamedTuple

CART_MASS = 1.0  # kg
POLE_MASS = 0.1  # kg
HALF_LENGTH = 0.5  # m, from the hinge to the middle of the pole
GRAVITY = 9.8  # m/s^2
MAX_FORCE = 10.0  # N
TRACK = 2.4  # m, from the middle of the track to either end

PHYSICS_STEP = 0.02  # s, one step of integration
PHYSICS_STEPS = 2  # the force is held that long
STEP = PHYSICS_STEP * PHYSICS_STEPS  # s, one decision of the policy
EPISODE_STEPS = 250
EPISODE_SECONDS = EPISODE_STEPS * STEP
UPRIGHT = cos(12 * pi / 180)  # 12 degrees: the bound that the paper of 1983 calls a failure

TOTAL_MASS = CART_MASS + POLE_MASS
POLE_MOMENT = POLE_MASS * HALF_LENGTH  # kg m


class State(NamedTuple):
    """Position (m), velocity (m/s), angle (rad, 0 is upright), angular velocity (rad/s)."""

    x: float
    v: float
    angle: float
    spin: float


Controller = Callable[[State], float]
"""From a state to a force in newtons, within `MAX_FORCE`."""


class Episode(NamedTuple):
    """What one episode came to.

    `score` is in seconds: 10 would be upright in the middle of the track from the first moment on;
    `upright` counts seconds within 12 degrees, `standing` those of them without a break at the end;
    `states` are those in which the controller decided.
    """

    score: float
    states: list[State]
    upright: float
    standing: float


def start(rng: Random) -> State:
    """A hanging pole, nearly at rest, on a cart somewhere in the middle half of the track."""
    return State(
        rng.uniform(-TRACK / 2, TRACK / 2),
        rng.gauss(0.0, 0.1),
        pi + rng.gauss(0.0, 0.2),
        rng.gauss(0.0, 0.2),
    )


def accelerations(state: State, force: float) -> tuple[float, float]:
    """Of the cart (m/s^2) and of the pole (rad/s^2), for a force in newtons."""
    sine, cosine = sin(state.angle), cos(state.angle)
    push = (force + POLE_MOMENT * state.spin * state.spin * sine) / TOTAL_MASS
    turning = (GRAVITY * sine - cosine * push) / (
        HALF_LENGTH * (4 / 3 - POLE_MASS * cosine * cosine / TOTAL_MASS)
    )
    return push - POLE_MOMENT * turning * cosine / TOTAL_MASS, turning


def advance(state: State, force: float, duration: float = PHYSICS_STEP) -> State:
    """One step of semi-implicit Euler: velocities first, so that a free pole keeps its energy."""
    cart, pole = accelerations(state, force)
    v, spin = state.v + duration * cart, state.spin + duration * pole
    return State(state.x + duration * v, v, state.angle + duration * spin, spin)


def energy(state: State) -> float:
    """In joules; 0 is a pole at the height of the cart, all at rest."""
    cosine = cos(state.angle)
    moving = 0.5 * TOTAL_MASS * state.v**2 + POLE_MOMENT * state.v * state.spin * cosine
    turning = 2 / 3 * POLE_MOMENT * HALF_LENGTH * state.spin**2
    return moving + turning + POLE_MOMENT * GRAVITY * cosine


def reward(state: State) -> float:
    """Per second, from 0 to 1: how upright, times how far from the ends of the track.

    Height alone (the cosine) pays a pole that spins for ever half of everything; the fourth power
    pays balancing and still gives a hanging pole a slope to climb.
    """
    height: float = ((1 + cos(state.angle)) / 2) ** 4
    return height * cos(pi / 2 * state.x / TRACK)


def play(controller: Controller, state: State) -> Episode:
    """One episode. It ends at the end of the track: nothing more is earned there."""
    total, standing, upright = 0.0, 0, 0
    states = []
    for _ in range(EPISODE_STEPS):
        states.append(state)
        force = controller(state)
        for _ in range(PHYSICS_STEPS):
            state = advance(state, force)
        if not -TRACK < state.x < TRACK:
            standing = 0
            break
        total += reward(state)
        if cos(state.angle) > UPRIGHT:
            upright += 1
            standing += 1
        else:
            standing = 0
    return Episode(total * STEP, states, upright * STEP, standing * STEP)
