"""The policy: state feedback whose gains are scheduled over the angle of the pole.

It must not know the equations of motion, nor how its weights are found.

The force is an odd function of the state, as the task is: mirrored left to right, the same policy
does the mirrored thing, and half of what there is to learn is given by that.
"""

from collections.abc import Sequence
from math import cos, sin, tanh

from examples.swingup.environment import MAX_FORCE, Controller, State

SIGNALS = 4  # position, velocity, sine of the angle, angular velocity
ZONES = 3  # near the top, on the way, hanging
SIZE = SIGNALS * ZONES


def signals(state: State) -> tuple[float, float, float, float]:
    """What the policy sees of a state, besides the zone that the pole is in."""
    return state.x, state.v, sin(state.angle), state.spin


def controller(weights: Sequence[float], scales: Sequence[float]) -> Controller:
    """Weights (`SIZE` numbers, zone by zone) for signals divided by `scales` (`SIGNALS` numbers).

    Three soft zones share every angle. The one at the top is narrow (half of it is gone at 24
    degrees), because what catches a pole is not what throws it up.
    """
    a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3 = (
        weight / scales[i % SIGNALS] for i, weight in enumerate(weights)
    )

    def act(state: State) -> float:
        x, v, angle, w = state
        s = sin(angle)
        up = (1 + cos(angle)) / 2
        top: float = up**16
        low = (1 - up) * (1 - up)
        mid = 1 - top - low
        return MAX_FORCE * tanh(
            top * (a0 * x + a1 * v + a2 * s + a3 * w)
            + mid * (b0 * x + b1 * v + b2 * s + b3 * w)
            + low * (c0 * x + c1 * v + c2 * s + c3 * w)
        )

    return act
