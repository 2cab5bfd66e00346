"""A report of a group of failures, to send to somebody: Markdown that reads well as plain text.

Secrets are replaced by `…`, and variables are named without their values. Must not import Textual
or read files.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence

from pbt_tui.diagnostics.redaction import (
    command_without_secrets,
    lines_without_secrets,
    secret_values,
)
from pbt_tui.errors import command as quoted
from pbt_tui.errors import printable
from pbt_tui.journal import status_text
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.status_text import duration
from pbt_tui.observe.failure_grouping import Group
from pbt_tui.spec import merged

_NAMED = 20
"""Jobs that are named, and parameters, variables."""
_LINES, _AFTER = 40, 3
"""Lines of the log, and how many of them may follow the one that shows the cause."""
_FIRST_FRAMES, _LAST_FRAMES = 4, 12
"""Lines of a long traceback that stay, at its begin and at its end."""
_BYTES = 60_000
"""Length of a report: a clipboard takes no more."""
_HEADER = re.compile(r"\s*(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\)")
_CUT = 400
"""Characters of a line."""


def report(
    group: Group,
    job: JobState,
    state: RunState,
    rundir: RunDir,
    *,
    told: Sequence[tuple[str, str]],
    log: Sequence[str],
    version: str,
    environ: Mapping[str, str],
) -> str:
    """The report.

    Args:
        group: The group.
        job: One of its jobs, whose command and log are shown.
        state: The state of the run.
        rundir: Its paths.
        told: What is known of the group: a heading and a sentence each.
        log: The last lines of the log of the job.
        version: The version of pbt_tui.
        environ: Variables whose values the log may show: a secret among them is replaced, too.
    """
    attempt = job.attempt
    known = secret_values({**environ, **((attempt.env if attempt else None) or {}), **job.spec.env})
    count = f"{group.count} failed jobs" if group.count > 1 else "a failed job"
    lines = [f"# {_run(state)}: {count}: {group.signature}", ""]
    facts = [("run", f"{_run(state)}, run id {state.run_id}; {status_text.counts_text(state)}")]
    facts.append(("version", f"pbt_tui {version}{_runtime(state)}"))
    if attempt is not None:
        facts.append(("cause", status_text.outcome_text(attempt)))
        if attempt.detail:
            facts.append(("detail", attempt.detail))
    facts.append(("count", f"{group.count} of {len(state.jobs)} jobs"))
    facts += [(heading, text) for heading, text in told if heading != "when"]
    facts.append(("when", _when(group)))
    names = " ".join(group.jobs[:_NAMED])
    more = group.count - _NAMED
    facts.append(("jobs", names + (f" and {more} more" if more > 0 else "")))
    lines += [f"- {heading}: {text}" for heading, text in facts]
    lines += ["", f"## {job.spec.id}{_attempt(job)}", ""]
    prefix, argv = len(state.spec.command_prefix), job.spec.argv
    own = attempt.args if attempt is not None else ()
    words = command_without_secrets((*argv[:prefix], *merged(argv[prefix:], own)), known)
    path = rundir.log(job.spec.id, attempt.number) if attempt is not None else None
    lines += [f"- starts in: {state.cwd or '.'}", f"- command: `{quoted(*words)}`"]
    variables = sorted({*job.spec.env, *((attempt.env if attempt else None) or {})})
    if variables:
        lines.append(f"- environment, without values: {' '.join(variables[:_NAMED])}")
    if path is not None:
        line = attempt.line if attempt is not None else None
        lines.append(f"- log: {path}" + (f", line {line}" if line else ""))
    lines.append(f"- to look at it: `{quoted('pbt-tui', str(rundir.path))}`")
    lines = lines_without_secrets(lines, known)
    shown = excerpt(lines_without_secrets(log, known), attempt.detail if attempt else None)
    if shown:
        fence = "`" * max([3, *(1 + len(ticks) for ticks in re.findall(r"`+", "\n".join(shown)))])
        lines += ["", f"{fence}text", *shown, fence]
    return "\n".join(map(printable, lines))[:_BYTES] + "\n"


def installed_version() -> str:
    """The version of pbt_tui, as the installed package says it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pbt-tui")
    except PackageNotFoundError:
        return "of unknown version"


def excerpt(log: Sequence[str], cause: str | None) -> list[str]:
    """The last lines up to the cause and a few after it, without the middle of a long traceback.

    Args:
        log: Lines of a log.
        cause: The text of the line that shows the cause, if it is known.
    """
    needle = printable(cause)[:60] if cause else None
    marked = next((i for i in range(len(log) - 1, -1, -1) if needle and needle in log[i]), None)
    end = len(log) if marked is None else min(len(log), marked + 1 + _AFTER)
    last = end if marked is None else marked
    header = next((i for i in range(last - 1, -1, -1) if _HEADER.match(log[i])), None)
    if header is None:
        shown = list(log[max(0, end - _LINES) : end])
    else:
        before = log[max(0, header - 3) : header]
        inside = list(log[header:last])
        left = len(inside) - _FIRST_FRAMES - 1 - _LAST_FRAMES
        if left > 2:
            first = inside[: _FIRST_FRAMES + 1]
            inside = [*first, f"  … {left} more lines …", *inside[-_LAST_FRAMES:]]
        shown = [*before, *inside, *log[last:end]][-_LINES:]
    return [line if len(line) <= _CUT else line[: _CUT - 1] + "…" for line in shown]


def _run(state: RunState) -> str:
    return state.spec.run + (f"_{state.spec.suffix}" if state.spec.suffix else "")


def _runtime(state: RunState) -> str:
    executor = state.executor
    return "" if executor is None else f", runtime {executor.runtime} on {executor.host}"


def _attempt(job: JobState) -> str:
    last = job.attempt
    if last is None:
        return ""
    text = f", attempt {last.number}"
    if last.started_at is not None and last.ended_at is not None:
        text += f", ran {duration(last.ended_at - last.started_at)}"
    return text


def _when(group: Group) -> str:
    first, last = _moment(group.first_at), _moment(group.last_at)
    if group.count == 1:
        return f"at {last}"
    return f"{duration(group.last_at - group.first_at)}, from {first} to {last}"


def _moment(at: float) -> str:
    """A time that somebody elsewhere reads right."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(at))
