"""Parses the members' logs, which alone say who replaced whom, and why not.

Pure: lines in; decisions and the newest state of each member out. The patterns are those of
IsaacGymEnvs, Isaac Lab, rl_games and Sample-Factory.
"""

from __future__ import annotations

import re
from datetime import datetime
from math import inf

import msgspec
from msgspec import Struct, field

from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.log_reader import clean
from pbt_tui.observe.round_rows import RoundRows
from pbt_tui.observe.rounds import MemberLogState, Round
from pbt_tui.observe.workspaces.sample_factory_log import TrainerLog

_WORDS = (
    rb"New pbt iter|PBT it |Loading (?:policy-|state from)|Replacing |justify replacement"
    rb"|Not enough |doing well|Aborting restart|Leaders: \[|Asking learner"
    rb"|No policies initialized|Exception during filesystem op|during sanity log"
    rb"|=> loading checkpoint|PBT best.policies|reward is not enough|^mean=|among the worst"
    rb"|Saving (?:configuration to |policy-specific conf)|Param \S+ changed|changed to default"
    rb"|Initial (?:cfg|rewards) mut"
    rb"|Could not load from|Did not load from|Loaded experiment state"
)
_INDEX = r"([0-9]{1,4})(?![0-9])"
_NUMBER = r"([0-9]{1,18})(?![0-9])"
_REAL = r"(-?[0-9.]{1,40}(?:e[-+]?[0-9]{1,4})?)"
_MEMBER = re.compile(rf"\bPolicy {_INDEX}\b")
_ITERATION = re.compile(
    rf"Policy {_INDEX}(?:: New pbt iteration {_NUMBER}|, frames_left -?\d+, PBT it {_NUMBER})"
)
_FRAMES = re.compile(rb"Env frames ([0-9]{1,18})(?![0-9])")
_ROW = re.compile(
    rf"^\| +{_INDEX} +\| OK +\| +{_REAL} +\| +{_NUMBER} +\| +{_NUMBER} +\| ([^|]*?) +\|"
)
"""Isaac Lab aligns numbers to the right, rl_games to the left."""
_LOADING = re.compile(rf"Policy {_INDEX}.*?: Loading policy-{_INDEX} {_NUMBER}\.yaml")
_EXPLOIT = re.compile(rf"Replacing (?:underperforming )?policy {_INDEX} with {_INDEX}")
_SELF = re.compile(
    rf"Difference in objective value \(.*?\) is not sufficient to justify replacement"
    rf"(?:, ?{_REAL}, ?{_REAL}, ?{_REAL}, ?{_REAL})?"
)
_SF_SELF = re.compile(rf"Difference in reward is not enough {_REAL}")
_WAITS = re.compile(r"Not enough (?:experience|data|episodes|time)[^.]*\.?")
_DELAY = re.compile(rf"env_frames={_NUMBER}.*?initial_delay={_NUMBER}")
_CUTS = re.compile(rf"^mean={_REAL}, std={_REAL}, upper={_REAL}, lower={_REAL}")
_RANKS = re.compile(r"Leaders: \[(.*?)\] Underperformers: \[(.*?)\]")
_BEST = re.compile(r"PBT best.policies[=:] ?\[(.*?)\], worst.policies[=:]? ?\[(.*?)\]")
_AMONG = re.compile(rf"Current policy {_INDEX} is among the worst")
_ASKING = re.compile(rf"Asking learner {_INDEX} to load model from {_INDEX}")
_LOADED = re.compile(
    rf"Loading state from checkpoint .*checkpoint_p{_INDEX}(?:.checkpoint_([0-9]{{9,18}})_)?"
)
_WEIGHTS = re.compile(rf"=> loading checkpoint .*/{_NUMBER}\.pth")
_OF_MEMBER = re.compile(r"/([0-9]{3})/[0-9]+\.pth")
_SKIPPED = re.compile(rf"Policy {_INDEX}: Exception (.*?) ?during sanity log")
_TIME = re.compile(r"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[,.](\d{3})\]")
_LOOK_BACK = 4096


class Decision(Struct, eq=False):
    """An event in a log, with what tells the generation at which the member decided."""

    event: LineageEvent
    """The event; `applied` follows with later lines."""
    generation: int | None
    """Number of that generation; None: the log has times instead."""
    frame: int | None
    """Its frame; None: the log does not say."""
    name: str | None
    """Its `experiment_name`; None: the log does not say."""
    occurrence: int
    """How many rounds of this log had this number, frame and name before it."""
    position: int
    """Number of decisions in this log before it."""
    at: float | None = None
    """The time of the line in Unix seconds; None: the log has no times."""
    donor_step: int | None = None
    """Train step in the name of the checkpoint that was loaded (Sample-Factory)."""


class MemberLog(Struct, eq=False):
    """Parses one log: of an attempt of a member, or of a job that trains all members."""

    member: int | None = None
    """The member, for lines that do not name it; None: all members share the log."""
    since: float = -inf
    """When the attempt started, in Unix seconds."""
    until: float = inf
    """When it ended; infinite: it has not, or that is not known."""
    said: list[Decision] = field(default_factory=list)
    """Decisions, in the order of their lines."""
    states: dict[int, MemberLogState] = field(default_factory=dict)
    """Newest state by member."""
    rounds: RoundRows = field(default_factory=RoundRows)
    """Its rounds but the last one of each member, which is in `states`."""
    heard: dict[tuple[int, int], int] = field(default_factory=dict)
    """(Member, generation) to the number of its rounds in the log."""
    first: float | None = None
    """The time of the first line that has one."""
    cut: bool = False
    """Whether the beginning of the log was not read."""
    _fresh: set[int] = field(default_factory=set)
    _fresh_heard: set[tuple[int, int]] = field(default_factory=set)
    _read: dict[int, dict[int, int]] = field(default_factory=dict)
    """Member to the generation that it read of each other member (R4)."""
    _own: dict[int, tuple[int, int | None, str | None]] = field(default_factory=dict)
    """Member to its generation, with frame and name."""
    _times: dict[tuple[int, int, int | None, str | None], int] = field(default_factory=dict)
    _open: dict[int, int] = field(default_factory=dict)
    """Member to the position of its decision that has not come up yet."""
    _loading: int | None = None
    """The position of the decision whose weights Sample-Factory is loading."""
    _failed: bool = False
    """Whether they could not be loaded; the trainer tries three times."""
    _who: int | None = None
    """The member that the last line with a name is about."""
    _frames: int | None = None
    """The frames in the last line that states them."""
    _ranks: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    """The best and the worst policies in the last line of Sample-Factory that has them."""
    _pattern: re.Pattern[bytes] | None = None
    _trainer: TrainerLog = field(default_factory=lambda: TrainerLog({}))
    """The parameters of the policies of Sample-Factory."""

    def feed(self, block: bytes) -> None:
        """Parses more lines; `block` consists of whole lines."""
        if self._pattern is None:
            row = rb"[0-9]{1,4}" if self.member is None else b"%d" % self.member
            self._pattern = re.compile(_WORDS + rb"|^\| +" + row + rb" +\| OK ", re.M)
        if self.first is None and self.member is None:
            self.first = _when(clean(block[: block.find(b"\n") + 1 or None]))
        done = 0
        for hit in self._pattern.finditer(block):
            if hit.start() < done:
                continue
            begin = block.rfind(b"\n", done, hit.start()) + 1 or done
            end = block.find(b"\n", hit.end())
            done = len(block) if end < 0 else end
            if hit[0] == b"New pbt iter":
                self._look_back(block, begin)
            if self.member is None:
                self._mutations(block[begin:done])
            self._line(clean(block[begin:done]))
        self._look_back(block, len(block))

    def take(self) -> tuple[list[Decision], set[tuple[int, int]]]:
        """New or changed decisions, and newly heard (member, generation), since the last call."""
        found = [self.said[i] for i in sorted(self._fresh)], self._fresh_heard
        self._fresh, self._fresh_heard = set(), set()
        return found

    def _look_back(self, block: bytes, end: int) -> None:
        """Notes the frames that IsaacGymEnvs logs in each epoch, before a new generation."""
        begin = block.rfind(b"Env frames ", max(0, end - _LOOK_BACK), end)
        found = _FRAMES.match(block, begin) if begin >= 0 else None
        self._frames = int(found[1]) if found else self._frames

    def _of(self, member: int) -> MemberLogState:
        return self.states.setdefault(member, MemberLogState())

    def _speaker(self, text: str) -> int | None:
        named = _MEMBER.search(text)
        if named:
            self._who = int(named[1])
        return self._who if self.member is None else self.member

    def _line(self, text: str) -> None:
        who = self._speaker(text)
        if self._sample_factory(text) or who is None or self._exchange(text, who):
            return
        state = self._of(who)
        if iteration := _ITERATION.search(text):
            self._begin(who, int(iteration[2] or iteration[3]), state)
        elif loading := _LOADING.search(text):
            self._read.setdefault(who, {})[int(loading[2])] = int(loading[3])
        elif row := _ROW.search(text):
            self._row(who, row)
        elif weights := _WEIGHTS.search(text):
            self._came_up(who, weights)
        elif waits := _WAITS.search(text):
            state.waits = waits[0].rstrip(".")
            if delay := _DELAY.search(text):
                state.frames, state.initial_delay = int(delay[1]), int(delay[2])
        elif "is doing well" in text:
            state.well = True
        elif "Aborting restart" in text:
            state.aborted += 1
            self._settle(who, applied=False)
        elif skipped := _SKIPPED.search(text):
            state.skipped += 1
            state.exception = skipped[2][:200]
        elif "No policies initialized" in text or "Exception during filesystem op" in text:
            state.blind += 1
        else:
            self._numbers(text, who, state)

    def _begin(self, who: int, number: int, state: MemberLogState) -> None:
        """A new generation of a member."""
        if (last := self._own.get(who)) is not None:
            self._times[who, *last] = self._times.get((who, *last), 0) + 1
        self.rounds.end(who, state)
        state.generation, state.waits, state.well = number, None, False
        state.round = Round(number)
        self._read[who] = {}
        self._own[who] = (number, self._frames, None)
        self._open.pop(who, None)
        self.heard[who, number] = self.heard.get((who, number), 0) + 1
        self._fresh_heard.add((who, number))

    def _row(self, who: int, row: re.Match[str]) -> None:
        """A row of the table of Isaac Lab and rl_games."""
        member, number, name = int(row[1]), int(row[3]), row[5]
        if member == who:
            self._own[who] = (number, int(row[4]), None if "…" in name else name)
        found, value = self._of(who).round, _real(row[2])
        if found is not None and value is not None:
            found.objectives[member] = value

    def _numbers(self, text: str, who: int, state: MemberLogState) -> None:
        """The thresholds of a round, and who is above and below them."""
        found = state.round
        if found is None:
            return
        if cuts := _CUTS.search(text):
            found.mean, found.upper, found.lower = (_real(cuts[i]) for i in (1, 3, 4))
        elif ranks := _RANKS.search(text):
            found.best, found.worst = _members(ranks[1]), _members(ranks[2])
            state.well = who not in found.worst
            state.skipped, state.exception = 0, None
        elif ranks := _BEST.search(text):
            found.best, found.worst = _members(ranks[1]), _members(ranks[2])

    def _exchange(self, text: str, who: int) -> bool:
        if replaced := _EXPLOIT.search(text):
            self._decided(int(replaced[1]), int(replaced[2]))
        elif own := _SELF.search(text):
            self._decided(who, who)
            found = self._of(who).round
            if found is not None and own[1] is not None:
                found.difference = _real(own[1])
                found.needed = max(_real(own[3]) or 0.0, _real(own[4]) or 0.0)
        else:
            return False
        return True

    def _decided(self, member: int, donor: int) -> None:
        exploit = donor != member
        number, frame, name = self._own.get(member, (None, None, None))
        event = LineageEvent(
            kind="exploit" if exploit else "mutate",
            member=member,
            donor=donor if exploit else None,
            generation=number,
            donor_generation=self._read.get(member, {}).get(donor) if exploit else None,
            source="log",
            confidence=1.0,
        )
        times = 0 if number is None else self._times.get((member, number, frame, name), 0)
        self._add(Decision(event, number, frame, name, times, len(self.said)))
        self._open[member] = len(self.said) - 1

    def _add(self, decision: Decision) -> None:
        self._fresh.add(len(self.said))
        self.said.append(decision)

    def _came_up(self, member: int, weights: re.Match[str]) -> None:
        """The weights that a member loaded after a restart."""
        if member not in self._open:
            return
        event = self.said[self._open[member]].event
        of_member = _OF_MEMBER.search(weights[0])
        wanted = member if event.donor is None else event.donor
        applied = of_member is None or int(of_member[1]) == wanted
        number = int(weights[1]) if applied and event.donor is not None else None
        self._settle(member, applied=applied, donor_generation=number)

    def _settle(self, member: int, *, applied: bool, donor_generation: int | None = None) -> None:
        """Notes what became of a member's last decision (R2, R7)."""
        i = self._open.pop(member, None)
        if i is None:
            return
        decision = self.said[i]
        known = decision.event.donor_generation if donor_generation is None else donor_generation
        decision.event = msgspec.structs.replace(
            decision.event, applied=applied, donor_generation=known
        )
        self._fresh.add(i)

    # -- Sample-Factory --------------------------------------------------------------------------

    def _sample_factory(self, text: str) -> bool:
        """Decisions of Sample-Factory: maybe never carried out (R7)."""
        if asking := _ASKING.search(text):
            self._ask(int(asking[1]), int(asking[2]), _when(text))
        elif loaded := _LOADED.search(text):
            self._load(int(loaded[1]), int(loaded[2]) if loaded[2] else None)
        elif "Could not load from checkpoint" in text:
            self._failed = self._loading is not None
        elif "Did not load from checkpoint" in text:
            self._not_loaded()
        elif "Loaded experiment state" in text:
            self._loading, self._failed = None, False
        elif among := _AMONG.search(text):
            self._among(int(among[1]), _when(text))
            return "worst_policies=" not in text
        elif own := _SF_SELF.search(text):
            if self._who is not None and (found := self._of(self._who).round) is not None:
                found.difference = _real(own[1])
        elif "] Saving configuration to " in text:
            for member in list(self._open):  # a new life: what was not loaded never will be
                self._settle(member, applied=False)
        else:
            if self.member is None and (ranks := _BEST.search(text)) and "policies:" in text:
                self._ranks = (_members(ranks[1]), _members(ranks[2]))
            return False
        return True

    def _among(self, policy: int, at: float | None) -> None:
        if self._ranks is not None:
            self._who, state = policy, self._of(policy)
            self.rounds.end(policy, state)
            state.round = Round(best=self._ranks[0], worst=self._ranks[1], at=at)

    def _ask(self, member: int, donor: int, at: float | None) -> None:
        event = LineageEvent(
            kind="exploit", member=member, donor=donor, source="log", confidence=1.0
        )
        self._add(Decision(event, None, None, None, 0, len(self.said), at))
        self._open[member] = len(self.said) - 1

    def _mutations(self, raw: bytes) -> None:
        """Adds changed parameters, unless they are those of a copy or of a beginning.

        The trainer saves them when it decides, so that a later life has them too.
        """
        self._trainer.line(raw)
        for change in self._trainer.changes:
            if change.donor is None and not change.first:
                event = LineageEvent(
                    kind="mutate", member=change.member, source="log", confidence=1.0, applied=True
                )
                self._add(Decision(event, None, None, None, 0, len(self.said), change.at))
        self._trainer.changes.clear()

    def _load(self, donor: int, step: int | None) -> None:
        """A learner loads a donor's checkpoint: that of the first who waits for it."""
        if self._failed:  # the same one, again
            self._failed = False
            return
        for member, i in self._open.items():
            if self.said[i].event.donor == donor:
                self.said[i].donor_step = step
                self._settle(member, applied=True)
                self._loading = i
                return

    def _not_loaded(self) -> None:
        """A learner gives up loading a donor's checkpoint, and trains on with its weights (R12)."""
        if self._loading is None or not self._failed:
            return
        decision = self.said[self._loading]
        decision.event = msgspec.structs.replace(decision.event, applied=False)
        self._of(decision.event.member).aborted += 1
        self._fresh.add(self._loading)
        self._loading, self._failed = None, False


def _real(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _members(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.replace(",", " ").split() if part.isdecimal())


def _when(text: str) -> float | None:
    stamp = _TIME.match(text)
    if not stamp:
        return None
    try:
        local = datetime.strptime(stamp[1], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  # as written
        return local.timestamp() + int(stamp[2]) / 1000
    except (ValueError, OverflowError):  # also a year that this machine cannot represent
        return None
