"""The command line of a member: `key=value` words in the manner of Hydra.

It must not know what the values are used for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self


def _key(name: str, default: Any) -> Any:
    return field(default=default, metadata={"key": name})


@dataclass(frozen=True)
class Settings:
    """Every key with its default; names shared with IsaacGymEnvs mean the same as there."""

    experiment: str = _key("experiment", "swingup")
    directory: str = _key("hydra.run.dir", ".")
    seed: int = _key("seed", 1)
    checkpoint: str = _key("checkpoint", "")
    restarted: bool = _key("pbt_restart", False)
    full_name: str = _key("full_experiment_name", "")

    index: int = _key("pbt.policy_idx", 0)
    size: int = _key("pbt.num_policies", 8)
    workspace: str = _key("pbt.workspace", "pbt_workspace")
    interval: int = _key("pbt.interval_steps", 120_000)
    initial_delay: int = _key("pbt.initial_delay", 240_000)
    start_after: int = _key("pbt.start_after", 120_000)
    replace_best: float = _key("pbt.replace_fraction_best", 0.3)
    replace_worst: float = _key("pbt.replace_fraction_worst", 0.125)
    threshold_std: float = _key("pbt.replace_threshold_frac_std", 0.5)
    threshold_absolute: float = _key("pbt.replace_threshold_frac_absolute", 0.05)
    mutation_rate: float = _key("pbt.mutation_rate", 0.15)
    change_min: float = _key("pbt.change_min", 1.1)
    change_max: float = _key("pbt.change_max", 1.5)
    stale_after: int = _key("pbt.stale_after", 5)  # ours: generations behind, then not ranked
    spread: float = _key("pbt.initial_spread", 20.0)  # ours: first values lie within this factor

    generations: int = _key("train.generations", 20)
    max_cpu_seconds: float = _key("train.max_cpu_seconds", 300.0)
    step_size: float = _key("train.step_size", 0.1)
    noise_std: float = _key("train.noise_std", 0.2)
    directions: int = _key("train.directions", 8)
    top_directions: int = _key("train.top_directions", 4)

    @classmethod
    def parse(cls, words: Iterable[str]) -> Self:
        """Raises ValueError for a word without `=`, an unknown key, or a value of another type."""
        known = {each.metadata["key"]: each for each in fields(cls)}
        values: dict[str, Any] = {}
        for word in words:
            key, equals, text = word.lstrip("+").partition("=")
            if not equals or key not in known:
                raise ValueError(f"`{word}` is not one of: {', '.join(f'{k}=' for k in known)}")
            try:
                values[known[key].name] = _value(text, type(known[key].default))
            except ValueError as error:
                raise ValueError(f"`{word}`: {error}") from None
        return cls(**values)

    def folder(self) -> Path:
        """Where everything is written; absolute, as a restart or a peer may be elsewhere."""
        return Path(self.directory).resolve()

    def tuned(self) -> dict[str, float]:
        """The parameters that the population tunes, by their key."""
        return {"train.noise_std": self.noise_std, "train.step_size": self.step_size}


def _value(text: str, kind: type) -> Any:
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError("expected True or False")
        return text.lower() == "true"
    return kind(text)


def replaced(words: Sequence[str], new: Mapping[str, object]) -> list[str]:
    """The words without those whose key is in `new`, then all of `new`, in its order.

    Keys of `new` may carry Hydra's `+` and `++`. Every key is there once, however often a member
    restarts, so a command line never grows.
    """
    keys = {key.lstrip("+") for key in new}
    kept = [word for word in words if word.lstrip("+").partition("=")[0] not in keys]
    return kept + [f"{key}={value}" for key, value in new.items()]
