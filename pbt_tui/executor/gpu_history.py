"""The use of each GPU within the last half hour: its mean per minute, for a sparkline."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from pbt_tui.observe.nvml import Sample, Samples

MINUTES = 30
"""Minutes that are kept."""
_MINUTE = 60.0


class GpuHistory:
    """Adds to samples what each device did before. A device is known by its UUID, else its index.

    Example:
        >>> history = GpuHistory()
        >>> sample = Sample(0, "GPU-1", None, None, None, utilisation=50)
        >>> history.with_history([sample], 60.0)[0].history
        (50,)
    """

    def __init__(self, before: Samples | None = None) -> None:
        self._means: dict[str, list[int | None]] = {}
        self._minute: int | None = None
        self._now: dict[str, list[int]] = {}
        """What was seen of each device within this minute."""
        if before is not None:  # an earlier executor has written it
            self._minute = int(before.at // _MINUTE)
            self._means = {_name(s): [*s.history[-MINUTES:]][:-1] for s in before.gpus}
            self._now = {
                _name(s): [last] for s in before.gpus if s.history and (last := s.history[-1])
            }

    def with_history(self, samples: Iterable[Sample], now: float) -> list[Sample]:
        """The samples with the means of the last minutes, of which the newest is this one.

        Args:
            samples: What the driver tells now.
            now: The time, in Unix seconds.
        """
        samples = list(samples)
        minute = int(now // _MINUTE)
        if self._minute is not None and minute != self._minute:
            passed = minute - self._minute
            for name in {*self._means, *self._now}:
                means = self._means.setdefault(name, [])
                means.append(_mean(self._now.get(name, [])))
                means += [None] * max(0, min(MINUTES, passed - 1))
                del means[: -(MINUTES - 1)]
            self._now = {}
        self._minute = minute
        found = []
        for sample in samples:
            name = _name(sample)
            seen = self._now.setdefault(name, [])
            if sample.utilisation is not None:
                seen.append(sample.utilisation)
            history = (*self._means.get(name, ()), _mean(seen))
            known = any(value is not None for value in history)
            found.append(msgspec.structs.replace(sample, history=history if known else ()))
        return found


def _name(sample: Sample) -> str:
    return sample.uuid or str(sample.index)


def _mean(values: list[int]) -> int | None:
    return round(sum(values) / len(values)) if values else None
