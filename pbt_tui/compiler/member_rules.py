"""What the members of a population say in their commands, and what of it stops the exchange.

Must not know how members were found, nor slots or containers. Codes 402 to 414; what the three
trainers do is in their code, and which of them does what is said at each rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.settings import argv
from pbt_tui.spec import Job, Style

STYLES: dict[str, Style] = {
    "pbt.policy_idx": "isaacgymenvs",
    "pbt_policy_idx": "isaacgymenvs",
    "agent.pbt.policy_idx": "isaaclab",
}
_DEFAULT_SIZE = {"pbt.policy_idx": 8, "agent.pbt.policy_idx": 8}
_SEEDS = ("seed", "train.seed", "agent.seed")
_TRUE = ("true", "1", "yes")
_FALSE = ("false", "0", "no", "off")
_FORGOTTEN = ("--device", "--max_iterations", "--sigma")
"""Options that Isaac Lab's script takes out of its arguments, and a restart does not put back."""
_TENSORS = ("episode.consecutive_successes",)
"""Objectives that are known to be tensors (P3)."""


@dataclass(slots=True)
class Member:
    """A job that names a policy index: where it stands, and what its command sets."""

    place: int
    job: Job
    index: int | None
    key: str
    set: dict[str, str]

    @property
    def stem(self) -> str:
        """What the keys of its population begin with: `pbt.`, `agent.pbt.`, `pbt_`."""
        return self.key.removesuffix("policy_idx")

    @property
    def style(self) -> Style:
        return STYLES[self.key]


def member_of(place: int, job: Job) -> Member | None:
    values = argv.settings(job.argv)
    key = next((k for k in STYLES if k in values), None)
    if key is None:
        return None
    index = values[key]
    known = index.isascii() and index.isdigit() and len(index) < 10
    return Member(place, job, int(index) if known else None, key, values)


def policies(job: Job) -> int | None:
    """How many policies a Sample-Factory job trains together; None if it is no population."""
    values = argv.settings(job.argv)
    size = values.get("num_policies", "1")
    if values.get("with_pbt", "").lower() not in _TRUE or not size.isdigit():
        return None
    return max(int(size), 1)


def check(members: Sequence[Member]) -> Iterator[Diagnostic]:
    """What is wrong with a population of several jobs, sorted by index."""
    first = members[0]
    yield from _numbers(members)
    yield from _size(members)
    yield from _same(members)
    yield from _off(first)
    for end in ("replace_fraction_worst", "replace_fraction_best"):
        yield from _fraction(first.job, f"{first.stem}{end}", first.set)
    yield from _interval(first)
    if first.style == "isaaclab":
        yield from _objective(first)
        yield from _forgotten(first)
    else:  # the others cut their arguments at the first `=` only
        yield from _second_equals(first)


def check_alone(job: Job, size: int) -> Iterator[Diagnostic]:
    """What is wrong with a population that is one job."""
    yield from _small(size, 2, job)
    yield from _fraction(job, "pbt_replace_fraction", argv.settings(job.argv))


def _numbers(members: Sequence[Member]) -> Iterator[Diagnostic]:
    key, indices = members[0].key, [m.index for m in members]
    if indices != list(range(len(members))):
        shown = ", ".join("?" if i is None else str(i) for i in indices[:20])
        said = f"members are not numbered 0 to {len(members) - 1}, each once: {shown}"
        hint = f'`("{key}", list(range({len(members)})))`'
        yield finding("PBT402", said, where=at(members[0].job, key), hint=hint)


def _size(members: Sequence[Member]) -> Iterator[Diagnostic]:
    first, name = members[0], f"{members[0].stem}num_policies"
    default = _DEFAULT_SIZE.get(first.key)
    given = first.set.get(name)
    size = str(default or len(members)) if given is None else given
    if size != str(len(members)):
        by = "its default" if given is None else "as the command says"
        said = f"population has {len(members)} members, but `{name}` is {printable(size)}, {by}"
        hint = f"add `{name}={len(members)}` to the command"
        yield finding("PBT403", said, where=at(first.job), hint=hint)
    yield from _small(len(members), 3 if first.style == "isaacgymenvs" else 2, first.job)


def _small(size: int, least: int, job: Job) -> Iterator[Diagnostic]:
    if size < least:
        said = f"a population of {size} never exchanges anything: it takes {least}"
        yield finding("PBT407", said, where=at(job))


def _same(members: Sequence[Member]) -> Iterator[Diagnostic]:
    """Members differ in their index, name and seed, and in nothing else."""
    first = members[0]
    own = {first.key, *_SEEDS}
    for seed in _SEEDS:
        given = {m.set.get(seed) for m in members}
        if len(members) > 1 and len(given) == 1 and (first.set.get(seed) or "-").isdigit():
            said = f"all members have `{seed}={first.set[seed]}`, and so begin alike"
            hint = f"leave it out, or write `{seed}=-1` where the trainer draws one"
            yield finding("PBT408", said, where=at(first.job, seed), hint=hint)
    for member in members[1:]:
        names = dict.fromkeys((*first.set, *member.set))
        for name in names:
            a, b = first.set.get(name), member.set.get(name)
            if name in own or a == b or (a == first.job.name and b == member.job.name):
                continue
            said = f"members differ in `{printable(name)}`: {_value(a)} and {_value(b)}"
            hint = "members begin alike; the trainer itself changes what its mutation names"
            yield finding("PBT405", said, where=at(member.job, name), hint=hint)
            return


def _off(member: Member) -> Iterator[Diagnostic]:
    """Isaac Lab's default is off; IsaacGymEnvs' is too, but knows no index then, and says so."""
    name = f"{member.stem}enabled"
    given = member.set.get(name)
    if (given or "").lower() in _FALSE or member.set.get("pbt") == "no_pbt":
        said = "members have an index, but population-based training is switched off"
        shown = f"`{name}={printable(given)[:20]}`" if given is not None else "`pbt=no_pbt`"
        hint = f"write `{name}=True` instead of {shown}, or leave out the index"
        yield finding("PBT410", said, where=at(member.job, name), hint=hint)
    elif given is None and member.style == "isaaclab":
        said = f"`{name}` is not in the command, and off unless the trainer's configuration says so"
        yield finding("PBT410", said, where=at(member.job), hint=f"add `{name}=True`")


def _fraction(job: Job, name: str, given: dict[str, str]) -> Iterator[Diagnostic]:
    """The last 0 of a list is all of it in Python, and the first 0 nobody (P7)."""
    if (value := _float(given.get(name))) is not None and value <= 0:
        said = f"`{name}` is 0: " + (
            "the first selection ends in an error, since nobody is the best"
            if name.endswith("best")
            else "everybody counts as the worst"
        )
        hint = f"leave `{name}` out, or give a fraction such as 0.125"
        yield finding("PBT409", said, where=at(job, name), hint=hint)


def _interval(member: Member) -> Iterator[Diagnostic]:
    name = f"{member.stem}interval_steps"
    if (value := _float(member.set.get(name))) is not None and value <= 0:
        said = f"`{name}` is {printable(member.set[name])[:20]}: the trainer divides by it"
        yield finding("PBT412", said, where=at(member.job, name))


def _objective(member: Member) -> Iterator[Diagnostic]:
    name = f"{member.stem}objective"
    given = member.set.get(name)
    if given in _TENSORS:
        said = f"`{given}` is a tensor in Isaac Lab's environments: no member can read it"
        hint = "put a plain number into the infos, `float(…)`, and name that"
        yield finding("PBT411", said, where=at(member.job, name), hint=hint)
    elif given is None:
        said = (
            f"`{name}` is not in the command: rl_games has no default, and Isaac Lab's is "
            "`Episode_Reward/success`, which a task need not have"
        )
        hint = f"add `{name}=…`, and see that it is a plain number"
        yield finding("PBT411", said, where=at(member.job), hint=hint, level="note")


def _forgotten(member: Member) -> Iterator[Diagnostic]:
    """A restart passes on what the script left in its arguments, and a short list (P11)."""
    for word in member.job.argv:
        if word.partition("=")[0] in _FORGOTTEN:
            name = word.partition("=")[0]
            said = f"`{name}` is lost when a member restarts itself"
            hint = "say it as a setting of the configuration, such as `agent.params.config.…`"
            yield finding("PBT414", said, where=at(member.job), hint=hint)


def _second_equals(member: Member) -> Iterator[Diagnostic]:
    for word in member.job.argv:
        if word.count("=") > 1:
            said = f"`{printable(word)[:80]}` holds a second `=`: the first restart dies of it"
            hint = "the trainer cuts its arguments at every `=`; put such a value into its config"
            yield finding("PBT406", said, where=at(member.job), hint=hint)


def at(job: Job, param: str | None = None) -> Where:
    return Where(experiment=job.experiment, job=job.id, param=param)


def _float(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _value(value: str | None) -> str:
    return "nothing" if value is None else f"`{printable(value)[:60]}`"
