"""Rules for the commands of a population's members: settings that prevent the exchange.

Must not know how members were found, nor slots or containers. Codes PBT402 to PBT414. The style of
the population (see `populations`) supplies the names of the trainer's settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pbt_tui.diagnostics import finding, rule
from pbt_tui.errors import Diagnostic, Level, Where, printable
from pbt_tui.populations import STYLES, Member, Style
from pbt_tui.settings import argv
from pbt_tui.spec import Job

_SEEDS = ("seed", "train.seed", "agent.seed", "agent.params.seed", "env.seed")
_LABELS = ("group", "tag", "tags")
_LABELLED = "wandb"
_FALSE = ("false", "0", "no", "off")


def styles(named: Iterable[str] = ()) -> list[Style]:
    """Those that commands are read for: the built-in ones, and those of installed packages that a
    run module or a spec names."""
    names = dict.fromkeys((*named, *STYLES.built_in))
    return [STYLES.get(name) for name in names if name in STYLES]


def member_of(place: int, job: Job, known: Sequence[Style]) -> tuple[Style, Member] | None:
    """The style and the member, if the job's command gives an index."""
    values = argv.settings(job.argv)
    for style in known:
        for key in style.index_keys:
            if key.key in values:
                index = values[key.key]
                is_number = index.isascii() and index.isdigit() and len(index) < 10
                return style, Member(place, job, values, key, int(index) if is_number else None)
    return None


def as_whole(place: int, job: Job) -> Member:
    """A job that trains all policies of its population."""
    return Member(place, job, argv.settings(job.argv))


def check(style: Style, members: Sequence[Member]) -> Iterator[Diagnostic]:
    """All findings for a population whose members are jobs, sorted by index."""
    first = members[0]
    yield from _numbers(style, members)
    yield from _same(members)
    yield from _off(style, first)
    for end in style.fraction_names:
        yield from _fraction(first, f"{first.stem}{end}")
    yield from _interval(style, first)
    yield from _own(style, members)
    yield from _forgotten(style, first)
    if style.cuts_at_every_equals:
        yield from _second_equals(first)


def check_alone(style: Style, member: Member, size: int) -> Iterator[Diagnostic]:
    """All findings for a population that is one job."""
    yield from _small(style, size, member.job)
    for name in style.fraction_names:
        yield from _fraction(member, name)
    yield from _own(style, (member,))


def _own(style: Style, members: Sequence[Member]) -> Iterator[Diagnostic]:
    """The findings of the style's own rules."""
    for style_finding in style.rules(members):
        member = style_finding.member or members[0]
        level = style_finding.level or _usual_level(style_finding.code)
        where = at(member.job, style_finding.param)
        yield finding(
            style_finding.code,
            style_finding.message,
            where=where,
            hint=style_finding.hint,
            level=level,
        )


def _usual_level(code: str) -> Level:
    try:
        return rule(code).level
    except KeyError:  # the code of an installed package, or no code
        return "warning"


def size_of(style: Style, members: Sequence[Member]) -> int:
    """How many members the population has, those that are started elsewhere included."""
    whole = _declared(style, members[0])[1]
    given = members[0].set.get(f"{members[0].stem}{style.size_name}") is not None
    indices = [m.index for m in members if m.index is not None]
    if whole is None or len(set(indices)) < len(members) or max(indices) >= whole:
        return len(members)
    in_order = sorted(indices) == list(range(len(members)))
    # All numbers from 0, and no size in the command: the size was forgotten (P19).
    return whole if given or not in_order or len(members) == 1 else len(members)


def _declared(style: Style, member: Member) -> tuple[str, int | None]:
    """The setting that says how many members there are, and what the trainer reads there."""
    name = f"{member.stem}{style.size_name}"
    given = member.set.get(name)
    if given is None:
        return name, member.key.default_size if member.key is not None else None
    is_number = given.isascii() and given.isdigit() and len(given) < 10
    return name, int(given) if is_number else None


def _numbers(style: Style, members: Sequence[Member]) -> Iterator[Diagnostic]:
    """Each number once and below the size: members in parts are legal, and are named."""
    first, size = members[0], size_of(style, members)
    indices = [m.index for m in members]
    name, whole = _declared(style, first)
    numbers = [i for i in indices if i is not None]
    if size > len(members):
        here, elsewhere = _listed(numbers), _listed(sorted({*range(size)} - {*numbers}))
        by = "" if name in first.set else f" (`{name}` is not given, and {size} by default)"
        message = f"the run has {here} of {size}{by}; it expects {elsewhere} in another run"
        hint = f"start {elsewhere} on the same workspace; never renumber: numbers are folders"
        own = first.setting(style.workspace_name, style.default_workspace)
        if style.workspace_in_job_dir and not own.startswith("/"):
            where = f"{first.stem}{style.workspace_name}"
            hint = f"write `{where}=/…` in both runs, a folder that they share; never renumber"
        yield finding("PBT415", message, where=at(first.job, _key(first)), hint=hint)
    elif indices == list(range(len(members))):
        yield from _size(style, members)
    elif len(set(numbers)) < len(members):
        shown = ", ".join("?" if i is None else str(i) for i in indices[:20])
        message = f"members are not numbered 0 to {len(members) - 1}, each once: {shown}"
        hint = f'`("{_key(first)}", list(range({len(members)})))`'
        yield finding("PBT402", message, where=at(first.job, _key(first)), hint=hint)
    else:
        outside = _listed([i for i in numbers if i >= (whole or 0)])
        if whole is None:
            message = f"{outside} of a population whose size the command does not say"
        else:
            by = "" if name in first.set else ", its default"
            message = f"{outside} of a population whose `{name}` is {whole}{by}"
        hint = f"write `{name}={max(numbers) + 1}` in the command; the numbers can stay"
        yield finding("PBT402", message, where=at(first.job, _key(first)), hint=hint)
    yield from _small(style, size, first.job)


def _listed(numbers: Sequence[int]) -> str:
    """`member 3`, `members 0 to 3`, or `members 0, 2, 5`."""
    if len(numbers) == 1:
        return f"member {numbers[0]}"
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"members {numbers[0]} to {numbers[-1]}"
    shown = ", ".join(map(str, numbers[:12]))
    return f"members {shown}" + (f" and {len(numbers) - 12} more" if len(numbers) > 12 else "")


def _size(style: Style, members: Sequence[Member]) -> Iterator[Diagnostic]:
    first, name = members[0], f"{members[0].stem}{style.size_name}"
    default = first.key.default_size if first.key is not None else None
    given = first.set.get(name)
    size = str(default or len(members)) if given is None else given
    if size != str(len(members)):
        by = "its default" if given is None else "as the command says"
        message = f"population has {len(members)} members, but `{name}` is {printable(size)}, {by}"
        hint = f"write `{name}={len(members)}` in the command"
        yield finding("PBT403", message, where=at(first.job), hint=hint)


def _small(style: Style, size: int, job: Job) -> Iterator[Diagnostic]:
    if size < style.smallest:
        message = (
            f"a population of {size} never exchanges anything: at least {style.smallest} are needed"
        )
        yield finding("PBT407", message, where=at(job))


def _same(members: Sequence[Member]) -> Iterator[Diagnostic]:
    """Members may differ only in their index, name and seed."""
    first = members[0]
    own = {_key(first), *_SEEDS}
    for seed in _SEEDS:
        given = {m.set.get(seed) for m in members}
        if len(members) > 1 and len(given) == 1 and (first.set.get(seed) or "-").isdigit():
            message = f"all members have `{seed}={first.set[seed]}`, so they start identically"
            hint = f"leave it out, or write `{seed}=-1` if the trainer then draws a random seed"
            yield finding("PBT408", message, where=at(first.job, seed), hint=hint)
    for member in members[1:]:
        names = dict.fromkeys((*first.set, *member.set))
        for name in names:
            a, b = first.set.get(name), member.set.get(name)
            if name in own or a == b or (a == first.job.name and b == member.job.name):
                continue
            if _is_label(name):
                continue
            message = f"members differ in `{printable(name)}`: {_value(a)} and {_value(b)}"
            hint = "members start with equal settings; the trainer itself mutates the ones it lists"
            yield finding("PBT405", message, where=at(member.job, name), hint=hint)
            return


def _is_label(name: str) -> bool:
    """Whether a setting only says what a tracker calls the run: `--wandb-name`, `logger.tags`."""
    parts = name.replace("-", "_").split(".")
    return parts[-1] in _LABELS or any(part.split("_")[0] == _LABELLED for part in parts)


def _off(style: Style, member: Member) -> Iterator[Diagnostic]:
    if style.switch_name is None:
        return
    name = f"{member.stem}{style.switch_name}"
    given = member.set.get(name)
    other = style.switch_off
    if (given or "").lower() in _FALSE or (other and member.set.get(other[0]) == other[1]):
        message = "members have an index, but population-based training is switched off"
        shown = f"{name}={printable(given)[:20]}" if given is not None else "=".join(other or ())
        hint = f"write `{name}=True` instead of `{shown}`, or leave out the index"
        yield finding("PBT410", message, where=at(member.job, name), hint=hint)
    elif given is None and not style.on_by_default:
        message = (
            f"`{name}` is not in the command, and off unless the trainer's configuration says so"
        )
        yield finding("PBT410", message, where=at(member.job), hint=f"add `{name}=True`")


def _fraction(member: Member, name: str) -> Iterator[Diagnostic]:
    """A fraction of 0 breaks the selection: in Python `[:0]` is empty and `[-0:]` is all (P7)."""
    if (value := _float(member.set.get(name))) is not None and value <= 0:
        message = f"`{name}` is 0: " + (
            "the first selection fails, because no member is among the best"
            if name.endswith("best")
            else "every member counts as one of the worst"
        )
        hint = f"leave `{name}` out, or give a fraction such as 0.125"
        yield finding("PBT409", message, where=at(member.job, name), hint=hint)


def _interval(style: Style, member: Member) -> Iterator[Diagnostic]:
    if style.interval_name is None:
        return
    name = f"{member.stem}{style.interval_name}"
    if (value := _float(member.set.get(name))) is not None and value <= 0:
        message = f"`{name}` is {printable(member.set[name])[:20]}: the trainer divides by it"
        yield finding("PBT412", message, where=at(member.job, name))


def _forgotten(style: Style, member: Member) -> Iterator[Diagnostic]:
    """A member's restart drops arguments that the trainer's script has consumed (P11)."""
    for word in member.job.argv:
        name = word.partition("=")[0]
        if name in style.forgotten_options:
            message = f"`{name}` is lost when a member restarts itself"
            hint = f"use {style.kept_instead} instead"
            yield finding("PBT414", message, where=at(member.job), hint=hint)


def _second_equals(member: Member) -> Iterator[Diagnostic]:
    for word in member.job.argv:
        if word.count("=") > 1:
            message = f"`{printable(word)[:80]}` holds a second `=`: the first restart fails"
            hint = "the trainer splits its arguments at every `=`; put the value into its config"
            yield finding("PBT406", message, where=at(member.job), hint=hint)


def at(job: Job, param: str | None = None) -> Where:
    return Where(experiment=job.experiment, job=job.id, param=param)


def _key(member: Member) -> str:
    return member.key.key if member.key is not None else ""


def _float(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _value(value: str | None) -> str:
    return "nothing" if value is None else f"`{printable(value)[:60]}`"
