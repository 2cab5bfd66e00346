"""One generation of one member as a YAML file: the seven keys of IsaacGymEnvs, sorted.

It must not know where the file lies, nor what the numbers decide. No YAML library: what is
written is flat `key: value` lines and one indented `params`, which any safe loader reads; what is
read back was written here, by this member or by a peer.
"""

import json
import re
from dataclasses import dataclass

INDENT = "  "


@dataclass(frozen=True)
class Metadata:
    """`frame` counts decisions of the policy; `true_objective` is in seconds, 0 to 10."""

    checkpoint: str
    experiment_name: str
    frame: int
    iteration: int
    params: dict[str, float]
    pbt_checkpoint: str
    true_objective: float

    def to_yaml(self) -> str:
        """The text of the file; every list of keys in it is sorted, as the upstream writer does."""
        lines = []
        for key, value in sorted(vars(self).items()):
            if isinstance(value, dict):
                lines.append(f"{key}:")
                lines += [f"{INDENT}{name}: {_scalar(value[name])}" for name in sorted(value)]
            else:
                lines.append(f"{key}: {_scalar(value)}")
        return "\n".join(lines) + "\n"

    @classmethod
    def from_yaml(cls, text: str) -> "Metadata | None":
        """Nothing for an empty file or a piece of one: it is being written, look again."""
        top: dict[str, str] = {}
        params: dict[str, float] = {}
        try:
            for line in text.splitlines():
                key, _, value = line.strip().partition(": ")
                if line.startswith(INDENT):
                    params[key] = float(value)
                else:
                    top[key] = json.loads(value) if value.startswith('"') else value
            return cls(
                checkpoint=top["checkpoint"],
                experiment_name=top["experiment_name"],
                frame=int(top["frame"]),
                iteration=int(top["iteration"]),
                params=params,
                pbt_checkpoint=top["pbt_checkpoint"],
                true_objective=float(top["true_objective"]),
            )
        except (KeyError, ValueError):
            return None


def _scalar(value: str | float) -> str:
    """As YAML 1.1 reads it back: a number keeps its point, a text that could be one is quoted."""
    if isinstance(value, str):
        no_number = re.search(r"[g-np-wyz]", value) and re.search(r"[/_]", value)
        return (
            value if no_number and re.fullmatch(r"[\w./-]+", value, re.ASCII) else json.dumps(value)
        )
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    return f"{mantissa}.0e{power}" if exponent and "." not in mantissa else text
