"""Parses `sf_log.txt` of Sample-Factory: saved checkpoints, objectives and changed parameters.

Pure: lines in, state out. The trainer's files have current parameters only; the log has those of
each checkpoint. It says `Param x changed from a to b` with six decimals when it decides, and the
whole number when a learner replaces the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pbt_tui.observe.workspaces.generation import Change
from pbt_tui.observe.workspaces.metadata import number

_OURS = re.compile(rb"Avg |Saving |Param |Initial cfg|Initial rew|Asking learner|replacing cfg")
_POLICY = rb"([0-9]{1,4})(?![0-9])"
_NUMBER = rb"(-?[0-9.]{1,40}(?:e[-+]?[0-9]{1,4})?)"
_CHECKPOINT = re.compile(
    rb"checkpoint_p([0-9]{1,4})[/\\]checkpoint_([0-9]{9,18})_([0-9]{1,18})\.pth"
)
_REWARD = re.compile(rb"Avg (?:episode reward|true_objective): \[([^][]*)\]")
_PAIR = re.compile(rb"\(([0-9]{1,4}), '?(-?[0-9.]{1,40}(?:e[-+]?[0-9]{1,4})?|-?inf|nan)'?\)")
_TIME = re.compile(rb"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.](\d{3})\]")
_PARAM = re.compile(rb"Param ([\w.]{1,200}) changed from %b to %b" % (_NUMBER, _NUMBER))
_INITIAL = re.compile(rb"Initial (?:cfg|rewards) mutation for policy " + _POLICY)
_ASKING = re.compile(rb"Asking learner %b to load model from %b" % (_POLICY, _POLICY))
_DECIDED = re.compile(rb"Saving policy-specific configuration " + _POLICY)
_REPLACED = re.compile(
    rb"Learner %b replacing cfg parameter '([\w.]{1,200})' with new value %b" % (_POLICY, _NUMBER)
)
_CLOSE = 1e-6
"""Six decimals: by how much a number that was decided may differ from the one that is used."""


class SavedCheckpoint(NamedTuple):
    """A checkpoint that the log says was saved."""

    policy: int
    step: int
    frame: int
    at: float | None
    """When, in Unix seconds; None: the line has no time that this machine can represent."""
    objective: float | None
    """The objective that the log had last."""
    params: Mapping[str, Any]
    """Parameters of the policy then."""


class TrainerLog:
    """The state after the lines that were fed.

    Args:
        base: The values of the configuration that mutation may change.
    """

    def __init__(self, base: Mapping[str, Any]) -> None:
        self.base = base
        self.objectives: dict[int, tuple[float, float | None]] = {}
        """Policy to its newest objective, and when the log said so."""
        self.changes: list[Change] = []
        """Changed parameters, in order."""
        self._params: dict[int, dict[str, Any]] = {}
        self._pending: dict[int | None, dict[str, tuple[float, float]]] = {}
        """Changes that no line has given to a policy yet; None: the next line does."""
        self._initial: int | None = None
        """The policy that the lines about an initial mutation are about."""
        self._began: set[int] = set()
        self._donors: dict[int, int] = {}

    def params(self, policy: int) -> dict[str, Any]:
        """The parameters of a policy; must not be changed."""
        found = self._params.get(policy)
        if found is None:
            found = self._params[policy] = dict(self.base)
        return found

    def line(self, raw: bytes) -> SavedCheckpoint | None:
        """Takes one line; returns the checkpoint that it says was saved."""
        found = _OURS.search(raw)
        if found is None:
            return None
        word = found[0]
        if word == b"Avg ":
            self._objectives(raw)
        elif word == b"Saving ":
            return self._saving(raw)
        elif word == b"Param ":
            if param := _PARAM.search(raw):
                before, after = number(param[2].decode()), number(param[3].decode())
                if before is not None and after is not None:
                    into = self._pending.setdefault(self._initial, {})
                    into[param[1].decode()] = (before, after)
        elif word == b"replacing cfg":
            if replaced := _REPLACED.search(raw):
                value = number(replaced[3].decode())
                if value is not None:
                    self._replace(int(replaced[1]), replaced[2].decode(), value)
        elif asking := _ASKING.search(raw):
            self._donors[int(asking[1])] = int(asking[2])
        elif initial := _INITIAL.search(raw):
            self._initial = int(initial[1])
            self._began.add(self._initial)
        return None

    def _objectives(self, raw: bytes) -> None:
        if rewards := _REWARD.search(raw):
            at = when(raw)
            for policy, value in _PAIR.findall(rewards[1]):
                reward = number(value.decode())
                if reward is not None:
                    self.objectives[int(policy)] = (reward, at)

    def _saving(self, raw: bytes) -> SavedCheckpoint | None:
        if saved := _CHECKPOINT.search(raw):
            policy = int(saved[1])
            objective, _ = self.objectives.get(policy, (None, None))
            return SavedCheckpoint(
                policy, int(saved[2]), int(saved[3]), when(raw), objective, self.params(policy)
            )
        if decided := _DECIDED.search(raw):
            self._decide(int(decided[1]), when(raw))
        return None

    def _decide(self, policy: int, at: float | None) -> None:
        """The lines before this one were about this policy."""
        self._initial = None
        changed = self._pending.pop(policy, {}) | self._pending.pop(None, {})
        donor = self._donors.pop(policy, None)
        first = policy in self._began
        self._began.discard(policy)
        if not changed and donor is None:
            return
        own = self.params(policy) if donor is None else self.params(donor)
        named = {self._name(key): values for key, values in changed.items()}
        self._params[policy] = own | {key: after for key, (_, after) in named.items()}
        self.changes.append(Change(policy, at, named, donor, first))

    def _name(self, key: str) -> str:
        """A key that the configuration lacks is one of the reward."""
        return key if key in self.base or not self.base else f"rew_{key}"

    def _replace(self, policy: int, name: str, value: float) -> None:
        """Takes the whole number, in the newest change as well."""
        old = self.params(policy).get(name)
        if old == value:
            return
        self._params[policy] = self.params(policy) | {name: value}
        for i in range(len(self.changes) - 1, -1, -1):
            change = self.changes[i]
            if change.member == policy:
                decided = change.params.get(name)
                if decided is not None and abs(decided[1] - value) <= _CLOSE:
                    params = {**change.params, name: (decided[0], value)}
                    self.changes[i] = change._replace(params=params)
                break


def refined(told: Mapping[str, Any], exact: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the log told, with the whole numbers of a file where they agree.

    Example:
        >>> refined({"lr": 0.000853, "clip": 0.1}, {"lr": 0.00085297, "clip": 0.2, "vf": 0.5})
        {'lr': 0.00085297, 'clip': 0.1, 'vf': 0.5}
    """
    return {**exact, **{k: v if _differ(v, exact.get(k)) else exact[k] for k, v in told.items()}}


def _differ(told: Any, exact: Any) -> bool:
    if isinstance(told, int | float) and isinstance(exact, int | float):
        return abs(told - exact) > _CLOSE
    return bool(told != exact)


def when(raw: bytes) -> float | None:
    """The time of a log line in Unix seconds; the trainer writes local time."""
    stamp = _TIME.match(raw)
    if not stamp:
        return None
    try:
        local = datetime.strptime(stamp[1].decode(), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        return local.timestamp() + int(stamp[2]) / 1000
    except (ValueError, OverflowError):  # also a year that this machine cannot represent
        return None
