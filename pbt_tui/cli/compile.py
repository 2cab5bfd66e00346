"""`pbt-compile`: compiles a run module into spec files, or validates existing spec files.

This module reads argv, calls the compiler and prints the result.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn

from pbt_tui.cli import error_boundary
from pbt_tui.errors import (
    DescriptionError,
    Diagnostic,
    Findings,
    PbtError,
    UsageError,
    printable,
    printable_json,
)

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pbt_tui.backends import Backend
    from pbt_tui.cli.compile_targets import CompileTarget
    from pbt_tui.compiler import Compiled
    from pbt_tui.compiler.diff_report import Changed
    from pbt_tui.compiler.existing import PreviousCompilation
    from pbt_tui.settings import Given
    from pbt_tui.spec import Processes

NAMED = 6
"""Number of files that the summary names; it counts the others."""
Weigh = Callable[[Sequence[Diagnostic]], list[Diagnostic]]


@dataclass(frozen=True)
class Result:
    """What the command found and did; `text` goes to stdout if the format is text."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    code: int = 0
    run: str | None = None
    jobs: int | None = None
    files: list[str] = field(default_factory=list)
    text: bytes = b""
    changes: list[Changed] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, results: Sequence[Result]) -> Result:
        """The results of several modules as one; `run` is set if all have the same run."""
        runs = list(dict.fromkeys(r.run for r in results if r.run is not None))
        jobs = [r.jobs for r in results if r.jobs is not None]
        return cls(
            [d for r in results for d in r.diagnostics],
            max(r.code for r in results),
            runs[0] if len(runs) == 1 else None,
            sum(jobs) if jobs else None,
            [file for r in results for file in r.files],
            b"".join(r.text for r in results),
            [change for r in results for change in r.changes],
        )


def entry() -> NoReturn:
    """The console script."""
    import gc

    gc.disable()  # a third of the run time otherwise; the process is short and makes no cycles
    error_boundary.run_and_leave(main)


def main(argv: Sequence[str]) -> int:
    """Runs the command, prints its result and returns its exit code."""
    style = _style(argv)
    try:
        result = _obey(argv)
    except PbtError as e:
        result = Result(list(e.diagnostics), e.exit_code)
    except OSError as e:
        error = error_boundary.world(e)
        result = Result(list(error.diagnostics), error.exit_code)
    except Exception as e:
        if style != "json":
            raise
        error = error_boundary.bug(e)
        result = Result(list(error.diagnostics), error.exit_code)
    _show(result, style)
    return result.code


def _style(argv: Sequence[str]) -> str:
    """The value of `--format`, read first: errors in other arguments are printed in this format."""
    args = [*argv, ""]
    for k, arg in enumerate(args[:-1]):
        name, _, value = arg.partition("=")
        if name == "--format":
            return value or args[k + 1]
    return "text"


def _show(result: Result, style: str) -> None:
    from pbt_tui.cli import report

    found = result.diagnostics
    if style == "json":
        import json

        about = result.run, result.jobs, result.files, result.changes, result.differences
        made = report.document(found, *about)
        sys.stdout.write(printable_json(json.dumps(made)) + "\n")
        return
    text = result.text
    if style == "github":
        sys.stdout.write(report.workflow_commands(found))
        title = "what would change" if result.changes else "differences from upstream"
        text = report.quoted(text, title) if result.changes or result.differences else text
    sys.stdout.flush()
    left = memoryview(text)
    while left:  # with `python -u`, one write may write only a part
        left = left[sys.stdout.buffer.write(left) :]
    sys.stdout.flush()
    if style != "github":
        report.say(found)


def _obey(argv: Sequence[str]) -> Result:
    from pbt_tui.cli.compile_options import parser, read

    args = parser(argv).parse_args(argv)
    if args.explain:
        return _explain(args)
    given = read(args)
    weigh = _weigh(given)
    try:
        return _validate(args.validate, weigh) if args.validate else _compile(args, given, weigh)
    except Findings as e:
        if e.exit_code != 3:
            raise
        return Result(weigh(e.diagnostics), 3)


def _compile(args: argparse.Namespace, given: Given, weigh: Weigh) -> Result:
    from pathlib import Path

    from pbt_tui.cli.compile_targets import targets
    from pbt_tui.settings.run_settings import OUT

    out = Path(given.compile.get("out", OUT))
    wanted = targets(args, out)
    if args.explain_differences:
        return _differences(wanted[0], out, args, given, weigh)
    if len(wanted) == 1:
        return _one(wanted[0], out, args, given, weigh)
    results = []
    for target in wanted:
        try:
            results.append(_one(target, out, args, given, weigh))
        except DescriptionError as e:
            results.append(Result(weigh(e.diagnostics), e.exit_code))
        except Findings as e:
            results.append(Result(weigh(e.diagnostics), e.exit_code))
    return Result.of(results)


def _one(
    target: CompileTarget, out: Path, args: argparse.Namespace, given: Given, weigh: Weigh
) -> Result:
    from pbt_tui.compiler import compile_module, output
    from pbt_tui.settings.run_settings import LOAD_TIMEOUT

    writing = not (args.check or args.diff or args.print)
    if writing:
        output.check_writable(out)
    compiled = compile_module(
        target.module,
        train_dir=given.compile.get("train_dir"),
        suffix=target.suffix,
        policy=given.policy,
        container=given.container,
        load_timeout=given.compile.get("load_timeout", LOAD_TIMEOUT),
        load_memory=given.compile.get("load_memory"),
        seed=_seed(target, out, given),
        known=lambda folder: _known(out, folder) if args.check else None,
        backends=args.backend,
        settings=given.backends,
        command_prefix=given.compile.get("command_prefix"),
        accepted=given.compile.get("ignore", ()),
    )
    # Imported only here, so that these imports overlap with the import of the run module.
    from pbt_tui.compiler import existing, spec_rules

    spec, files = compiled.spec, compiled.files
    found = [*given.found, *compiled.diagnostics]
    paths = [str(out / path) for path in files]
    gone = existing.orphans(out, compiled.owned, files, compiled.records)
    changes: list[Changed] = []
    text = b""
    if args.check or args.diff:
        from pbt_tui.compiler import diff_report

        foreign = existing.foreign(out, spec_rules.folder(spec.run, spec.suffix), spec)
        old = {} if foreign and args.check else output.stale(out, files, gone)
        changes = diff_report.changed(out, files, old, spec)
        lines = diff_report.text(out, files, old, changes, only_changed=args.check)
        text = "".join(lines).encode(errors="replace")
        if args.check:
            seed = f" --seed {args.seed}" if args.seed is not None else ""
            found += existing.stale(changes, old, files, out, target.command(out) + seed)
        found += foreign
    elif args.print:
        text = next(iter(files.values()))
    else:
        found += existing.foreign(out, spec_rules.folder(spec.run, spec.suffix), spec)
    if args.ask:
        found += _asked(compiled)
    found = weigh(found)
    code = 3 if _wrong(found) else 0
    if writing and not code:
        changed = output.write(out, files, gone)
        tail = "" if changed else " (unchanged)"
        text = f"{summary(spec)} -> {_some(paths)}{tail}\n".encode()
    elif args.check and args.format == "text" and not (code or changes):
        folder = out / spec_rules.folder(spec.run, spec.suffix)
        text = f"{printable(str(folder))}: up to date, {_count(len(spec.jobs), 'job')}\n".encode()
    return Result(found, code, spec.run, len(spec.jobs), paths, text, changes)


def _differences(
    target: CompileTarget, out: Path, args: argparse.Namespace, given: Given, weigh: Weigh
) -> Result:
    from pbt_tui.cli.explain_differences import explain

    explained = explain(target, args, given, _seed(target, out, given))
    found, spec = weigh(explained.found), explained.spec
    if _wrong(found):
        return Result(found, 3, spec.run, len(spec.jobs))
    text = explained.text(target.module).encode(errors="replace")
    rows = explained.document()
    return Result(found, 0, spec.run, len(spec.jobs), text=text, differences=rows)


def _seed(target: CompileTarget, out: Path, given: Given) -> int | None:
    """The seed that was given, else the one that made the file which is there."""
    from pbt_tui.compiler import project

    if (seed := given.compile.get("seed")) is not None:
        return int(seed)
    return project.recorded_seed(out, project.portable(target.module), target.suffix)


def _known(out: Path, folder: str) -> PreviousCompilation | None:
    from pbt_tui.compiler import existing

    return existing.known(out, folder)


def _asked(compiled: Compiled) -> list[Diagnostic]:
    """The findings of `--ask`: a backend checks its files with a tool of the cluster (`sbatch`)."""
    from pbt_tui.backends import BACKENDS
    from pbt_tui.compiler import spec_rules
    from pbt_tui.registry import load

    folder = spec_rules.folder(compiled.spec.run, compiled.spec.suffix)
    asks = [ask for name in compiled.backends if (ask := BACKENDS.get(name).ask) is not None]
    if not asks:
        known = map(BACKENDS.get, BACKENDS.built_in)
        titles = " or ".join(backend.title for backend in known if backend.ask is not None)
        raise UsageError(f"`--ask` checks files for {titles}, and none were compiled")
    return [d for ask in asks for d in load(ask)(compiled.files, folder)]


def _validate(paths: Sequence[str], weigh: Weigh) -> Result:
    from pbt_tui.compiler import existing, shared_workspaces
    from pbt_tui.compiler.validate import spec_files, validate_document

    files = spec_files(paths)
    found: list[Diagnostic] = []
    specs: dict[str, Processes] = {}
    counts: Counter[Backend] = Counter()
    text = ""
    for path in files:
        result = validate_document(path)
        if result.backend is None and result.document is not None:
            specs[str(path)] = result.document
        more = weigh(result.found)
        found += more
        if result.document is None or _wrong(more):
            continue
        backend, document = result.backend, result.document
        line = backend.told(document) if backend else summary(document)
        if line is not None:
            text += f"{printable(str(path))}: {line}\n"
        elif backend is not None:
            counts[backend] += 1
    text += "".join(f"{kind.total(count)}\n" for kind, count in counts.items())
    found, twice = shared_workspaces.across(specs, found)
    found += weigh([*existing.shared_folders(specs), *twice])
    run = next(iter(specs.values())).run if len(specs) == 1 else None
    jobs = sum(len(spec.jobs) for spec in specs.values())
    code = 3 if _wrong(found) else 0
    return Result(found, code, run, jobs, [str(path) for path in files], text.encode())


def _explain(args: argparse.Namespace) -> Result:
    from pbt_tui.diagnostics import page, rules
    from pbt_tui.diagnostics.alarm_codes import ALARMS, alarm_page
    from pbt_tui.settings import near

    if args.format == "json":
        raise UsageError("`--explain` has no JSON form", hint="leave out `--format`")
    alarms = {alarm.code: alarm for alarm in ALARMS}
    if (name := args.explain.lower()) in alarms:
        return Result(text=alarm_page(alarms[name]).encode())
    code = args.explain.upper()
    table = rules(code)
    if code not in table:
        hint = near(code, table) or near(name, alarms)
        raise UsageError(f"there is no code `{printable(args.explain)}`", hint=hint)
    return Result(text=page(table[code]).encode())


def _weigh(given: Given) -> Weigh:
    """Applies `--ignore` and `--strict` to findings; drops no error but of `IGNORABLE`."""
    ignored = {code.upper() for code in given.compile.get("ignore", ())}
    accepted: set[str] = set()
    strict = given.compile.get("strict", False)
    if ignored:
        from pbt_tui.diagnostics import IGNORABLE, rules
        from pbt_tui.settings import near

        table = rules(*ignored)
        for code in sorted(ignored):
            if code not in table:
                raise UsageError(f"there is no code `{printable(code)}`", hint=near(code, table))
        accepted = ignored & IGNORABLE

    def weigh(found: Sequence[Diagnostic]) -> list[Diagnostic]:
        kept = [d for d in found if d.code not in (accepted if d.level == "error" else ignored)]
        if strict:
            kept = [replace(d, level="error") if d.level == "warning" else d for d in kept]
        return kept

    return weigh


def _wrong(found: Sequence[Diagnostic]) -> bool:
    return any(d.level == "error" for d in found)


def summary(spec: Processes) -> str:
    """`ant_pbt: 8 jobs, 1 population of 8`."""
    from pbt_tui.compiler.spec_rules import folder

    parts = [_count(len(spec.jobs), "job")]
    sizes = {p.size for p in spec.populations}
    if sizes:
        of = f" of {sizes.pop()}" if len(sizes) == 1 else ""
        parts.append(_count(len(spec.populations), "population") + of)
    return f"{printable(folder(spec.run, spec.suffix))}: {', '.join(parts)}"


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return printable(", ".join(paths[:NAMED])) + more


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


if __name__ == "__main__":
    entry()
