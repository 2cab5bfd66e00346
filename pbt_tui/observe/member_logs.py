"""Parses the members' logs, which alone say who replaced whom, and why not.

Pure: lines in; events and the newest state of each member out. The patterns are those of
IsaacGymEnvs, Isaac Lab, rl_games and Sample-Factory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.log_reader import clean

_OURS = re.compile(
    rb"New pbt iter|PBT it |Loading (?:policy-|state from)|Replacing |justify replacement"
    rb"|Not enough |doing well|Aborting restart|Leaders: \[|Asking learner"
    rb"|No policies initialized|Exception during filesystem op"
)
"""Only matching lines are parsed: so 200 MB take one second."""
_INDEX = r"([0-9]{1,4})(?![0-9])"
_NUMBER = r"([0-9]{1,18})(?![0-9])"
_MEMBER = re.compile(rf"\bPolicy {_INDEX}\b")
_ITERATION = re.compile(
    rf"Policy {_INDEX}(?:: New pbt iteration {_NUMBER}|, frames_left -?\d+, PBT it {_NUMBER})"
)
_LOADING = re.compile(rf"Policy {_INDEX}.*?: Loading policy-{_INDEX} {_NUMBER}\.yaml")
_EXPLOIT = re.compile(rf"Replacing (?:underperforming )?policy {_INDEX} with {_INDEX}")
_SELF = "is not sufficient to justify replacement"
_WAITS = re.compile(r"Not enough (?:experience|data|episodes|time)[^.]*\.?")
_DELAY = re.compile(rf"env_frames={_NUMBER}.*?initial_delay={_NUMBER}")
_RANKS = re.compile(r"Leaders: \[(.*?)\] Underperformers: \[(.*?)\]")
_ASKING = re.compile(rf"Asking learner {_INDEX} to load model from {_INDEX}")
_LOADED = re.compile(rf"Loading state from checkpoint .*checkpoint_p{_INDEX}")
_TIME = re.compile(r"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.](\d{3})\]")


@dataclass(slots=True)
class MemberLogState:
    """The newest state in the log of one member; None: the log does not say."""

    waits: str | None = None
    """`Not enough …`: why it does not compare itself with the others yet."""
    frames: int | None = None
    """Frames trained."""
    initial_delay: int | None = None
    """Frames before the first exchange, as the trainer logs it."""
    well: bool = False
    """Whether it is not among the worst, or nobody underperforms, by its last message."""
    aborted: int = 0
    """Number of exchanges that failed because the donor's weights could not be loaded (R2)."""
    blind: int = 0
    """Number of rounds in which it could read no objective (P3, R11)."""
    generation: int | None = None
    """Its generation."""


@dataclass(slots=True)
class MemberLog:
    """Parses the log of one member, or one that all members share."""

    member: int | None = None
    """The member, for lines that do not name it; None: all members share the log."""
    events: list[LineageEvent] = field(default_factory=list)
    """Events, in the order of their lines."""
    states: dict[int, MemberLogState] = field(default_factory=dict)
    """Newest state by member."""
    first: int | None = None
    """The first generation in the log; earlier ones are not covered."""
    cut: bool = False
    """Whether the beginning of the log was not read."""
    _read: dict[int, dict[int, int]] = field(default_factory=dict)
    """Member to the generation that it read of each other member (R4)."""
    _who: int | None = None
    """The member that the last line with a name is about."""

    def feed(self, block: bytes) -> None:
        """Parses more lines; `block` consists of whole lines."""
        done = 0
        for hit in _OURS.finditer(block):
            if hit.start() < done:
                continue
            begin = block.rfind(b"\n", done, hit.start()) + 1 or done
            end = block.find(b"\n", hit.end())
            done = len(block) if end < 0 else end
            self._line(clean(block[begin:done]))

    def _of(self, member: int) -> MemberLogState:
        return self.states.setdefault(member, MemberLogState())

    def _speaker(self, text: str) -> int | None:
        named = _MEMBER.search(text)
        if named:
            self._who = int(named[1])
        return self._who if self.member is None else self.member

    def _line(self, text: str) -> None:
        who = self._speaker(text)
        if self._exchange(text, who) or self._asking(text) or who is None:
            return
        state = self._of(who)
        if iteration := _ITERATION.search(text):
            state.generation = int(iteration[2] or iteration[3])
            state.waits, state.well = None, False
            self._read[who] = {}
            self.first = state.generation if self.first is None else self.first
        elif loading := _LOADING.search(text):
            self._read.setdefault(who, {})[int(loading[2])] = int(loading[3])
        elif waits := _WAITS.search(text):
            state.waits = waits[0].rstrip(".")
            if delay := _DELAY.search(text):
                state.frames, state.initial_delay = int(delay[1]), int(delay[2])
        elif "is doing well" in text:
            state.well = True
        elif ranks := _RANKS.search(text):
            state.well = str(who) not in ranks[2].replace(",", " ").split()
        elif "Aborting restart" in text:
            self._abort(who)
        elif "No policies initialized" in text or "Exception during filesystem op" in text:
            state.blind += 1

    def _exchange(self, text: str, who: int | None) -> bool:
        if replaced := _EXPLOIT.search(text):
            self._event(int(replaced[1]), int(replaced[2]))
        elif _SELF in text and who is not None:
            self._event(who, who)
        else:
            return False
        return True

    def _event(self, member: int, donor: int) -> None:
        exploit = donor != member
        self.events.append(
            LineageEvent(
                kind="exploit" if exploit else "mutate",
                member=member,
                donor=donor if exploit else None,
                generation=self._of(member).generation,
                donor_generation=self._read.get(member, {}).get(donor) if exploit else None,
                source="log",
                confidence=1.0,
            )
        )

    def _abort(self, member: int) -> None:
        """Removes the member's last event: its weights could not be loaded (R2)."""
        self._of(member).aborted += 1
        for i in range(len(self.events) - 1, -1, -1):
            if self.events[i].member == member:
                del self.events[i]
                return

    def _asking(self, text: str) -> bool:
        """Events of Sample-Factory: certain once the weights are loaded, maybe never (R7)."""
        if asking := _ASKING.search(text):
            self.events.append(
                LineageEvent(
                    kind="exploit",
                    member=int(asking[1]),
                    donor=int(asking[2]),
                    source="log",
                    confidence=0.5,
                    at=_when(text),
                )
            )
            return True
        if loaded := _LOADED.search(text):
            donor = int(loaded[1])
            for i, event in enumerate(self.events):
                if event.donor == donor and event.confidence < 1:
                    self.events[i] = msgspec.structs.replace(event, confidence=1.0)
                    break
            return True
        return False


def _when(text: str) -> float | None:
    stamp = _TIME.match(text)
    if not stamp:
        return None
    try:
        local = datetime.strptime(stamp[1], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  # as written
        return local.timestamp() + int(stamp[2]) / 1000
    except (ValueError, OverflowError):  # also a year that this machine cannot represent
        return None
