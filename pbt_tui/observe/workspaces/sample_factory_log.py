"""Parses `sf_log.txt` of Sample-Factory: saved checkpoints, objectives and changed parameters.

Pure: lines in, state out. The trainer's files have current parameters only; the log has those of
each checkpoint. It says `Param x changed from a to b` with six decimals when it decides, and the
whole number when a learner replaces the value.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pbt_tui.observe.workspaces.generation import Change
from pbt_tui.observe.workspaces.metadata import number

_OURS = re.compile(
    rb"Avg |Saving |Param |PBT best pol|Current policy |Initial cfg|Initial rew|Asking learner"
    rb"|replacing cfg|changed to default"
)
_POLICY = rb"([0-9]{1,4})(?![0-9])"
_NUMBER = rb"(-?[0-9.]{1,40}(?:e[-+]?[0-9]{1,4})?)"
_CHECKPOINT = re.compile(
    rb"checkpoint_p([0-9]{1,4})[/\\]checkpoint_([0-9]{9,18})_([0-9]{1,18})\.pth"
)
_REWARD = re.compile(rb"Avg (?:episode reward|true_objective): \[([^][]*)\]")
_PAIR = re.compile(rb"\(([0-9]{1,4}), '?(-?[0-9.]{1,40}(?:e[-+]?[0-9]{1,4})?|-?inf|nan)'?\)")
_TIME = re.compile(rb"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.](\d{3})\]")
_PARAM = re.compile(rb"Param ([\w.]{1,200}) changed from %b to %b" % (_NUMBER, _NUMBER))
_DEFAULT = re.compile(rb"([\w.]{1,200}) changed to default value %b" % _NUMBER)
_AMONG = re.compile(rb"Current policy %b is among the worst" % _POLICY)
_INITIAL = re.compile(rb"Initial (?:cfg|rewards) mutation for policy " + _POLICY)
_ASKING = re.compile(rb"Asking learner %b to load model from %b" % (_POLICY, _POLICY))
_DECIDED = re.compile(rb"Saving policy-specific configuration " + _POLICY)
_REPLACED = re.compile(
    rb"Learner %b replacing cfg parameter '([\w.]{1,200})' with new value %b" % (_POLICY, _NUMBER)
)
_MOST_ROUNDS = 4096
"""Rounds whose end a log does not state; a trainer has one or two."""
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


class _Round:
    """A round of a policy whose new parameters are not saved yet: other rounds may come between."""

    __slots__ = ("changed", "first", "policy")

    def __init__(self, policy: int | None = None, *, first: bool = False) -> None:
        self.policy = policy
        """None: the log names those alone that are among the worst."""
        self.first = first
        """Whether it is the mutation with which a policy begins."""
        self.changed: dict[str, tuple[float | None, float]] = {}
        """Name to the values before and after; before is None where the log does not say it."""


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
        self._rounds: deque[_Round] = deque(maxlen=_MOST_ROUNDS)
        """Rounds that have begun; lines about changed parameters are about the last one."""
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
        elif word == b"PBT best pol":
            self._rounds.append(_Round())
        elif word in (b"Param ", b"changed to default"):
            self._changed(raw)
        elif word == b"Current policy ":
            if self._rounds and (among := _AMONG.search(raw)):
                self._rounds[-1].policy = int(among[1])
        elif word == b"replacing cfg":
            if replaced := _REPLACED.search(raw):
                value = number(replaced[3].decode())
                if value is not None:
                    self._replace(int(replaced[1]), replaced[2].decode(), value)
        elif asking := _ASKING.search(raw):
            self._donors[int(asking[1])] = int(asking[2])
        elif initial := _INITIAL.search(raw):
            self._rounds.append(_Round(int(initial[1]), first=True))
        return None

    def _changed(self, raw: bytes) -> None:
        """A changed parameter of the last round."""
        found = _PARAM.search(raw) or _DEFAULT.search(raw)
        if found is None:
            return
        before = number(found[2].decode()) if found.re is _PARAM else None
        after = number(found[found.re.groups].decode())
        if after is None or (found.re is _PARAM and before is None):
            return
        if not self._rounds:
            self._rounds.append(_Round())
        self._rounds[-1].changed[found[1].decode()] = (before, after)

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
        elif b"Saving configuration to " in raw:  # a new life: what was not saved never will be
            self._rounds.clear()
            self._donors.clear()
        return None

    def _decide(self, policy: int, at: float | None) -> None:
        """The parameters of a policy after its round are saved."""
        changed: dict[str, tuple[float | None, float]] = {}
        first = False
        for one in self._of(policy):
            changed |= one.changed
            first = first or one.first
            self._rounds.remove(one)
        donor = self._donors.pop(policy, None)
        if not changed and donor is None:
            return
        own = self.params(policy) if donor is None else self.params(donor)
        named = {
            self._name(key): (_or(before, own.get(self._name(key)), after), after)
            for key, (before, after) in changed.items()
        }
        self._params[policy] = own | {key: after for key, (_, after) in named.items()}
        self.changes.append(Change(policy, at, named, donor, first))

    def _of(self, policy: int) -> list[_Round]:
        """The rounds of a policy: those that name it, else the first that names none."""
        named = [one for one in self._rounds if one.policy == policy]
        return named or [one for one in self._rounds if one.policy is None][:1]

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


def _or(*values: Any) -> float:
    """The first of the values that is a number; the last one is."""
    return next(float(v) for v in values if isinstance(v, int | float))


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
