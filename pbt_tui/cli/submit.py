"""`pbt-run SPEC --backend ngc`: submits the job requests of a run once, with the NGC client."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pbt_tui.backends.ngc.backend import BACKEND
from pbt_tui.backends.ngc.files import SUBMIT
from pbt_tui.backends.ngc.launcher_flags import CALL_LIMIT, CLIENT
from pbt_tui.cli import planning
from pbt_tui.errors import Findings, RuntimeUnavailable, UsageError, command, printable
from pbt_tui.files.regular import SPEC_BYTES, read_regular
from pbt_tui.settings.run_settings import OUT

if TYPE_CHECKING:
    from pbt_tui.backends.ngc.request import JobRequest
    from pbt_tui.backends.ngc.settings_struct import Ngc
    from pbt_tui.cli.target import Target
    from pbt_tui.compiler import Compiled
    from pbt_tui.compiler.loaded import Loaded
    from pbt_tui.settings import Given
    from pbt_tui.spec import Processes

_NOT_HERE = (
    *(
        "runtime",
        "detach",
        "failed",
        "fresh",
        "from_scratch",
        "json",
        "rehome",
        "forget_host",
        "trust",
        "python",
        "resume_trackers",
        "on_end",
        "on_failure",
    ),
    *("hold", "release", "stop", "cancel", "kill", "retry"),
)
SETTLE = 60.0
"""Seconds in which a job may still appear after a submission without an answer."""


def submit(found: Target, args: argparse.Namespace) -> int:
    """Submits and returns 0 if each job has an id, else 4. Raises `UsageError`, `Findings`."""
    from pbt_tui.cli.options import given

    for name in _NOT_HERE:
        if getattr(args, name) not in (None, False):
            raise UsageError(f"`--{name}` does not go with `--backend ngc`, which only submits")
    if found.kind == "run":
        raise UsageError("`--backend ngc` submits a spec, not a run directory")
    limit = _limit(args.ngc_limit)
    printing = bool(args.dry_run or args.ngc_print_only)
    if found.kind == "spec":
        planning.refuse_module_options(args, "a spec")
        flags = given(args)
        for name in chain.from_iterable(flags.sections.values()):
            raise UsageError(
                f"`{name}` is compiled into the job requests",
                hint="compile anew with `pbt-compile`",
            )
        plan = _read(found.path.parent)
    else:
        compiled, settings = planning.compiled_module(found.name, args, (BACKEND.name,))
        plan = _compiled(compiled, settings, writing=not printing)
    return _obey(plan, args.ngc_client, limit, printing=printing)


def launched(loaded: Loaded, args: argparse.Namespace) -> int:
    """`submit` for the upstream launcher's entry point, whose only settings are in its template."""
    from pbt_tui.backends import BACKENDS
    from pbt_tui.cli.options import complete
    from pbt_tui.compiler import compile_loaded
    from pbt_tui.settings.settings_file import find

    flags, file = BACKEND.launcher_settings(args), find(Path.cwd(), BACKENDS)
    given = complete(flags, file, (BACKEND.name,))
    compiled = compile_loaded(
        loaded,
        train_dir=args.train_dir,
        suffix=args.experiment_suffix,
        policy=given.policy,
        container=given.container,
        freeze=True,
        backends=(BACKEND.name,),
        settings=given.backends,
    )
    plan = _compiled(compiled, given, writing=not args.ngc_print_only)
    return _obey(plan, CLIENT, CALL_LIMIT, printing=args.ngc_print_only)


@dataclass(frozen=True)
class _Plan:
    """What to submit; `requests` by path below `folder`."""

    folder: Path
    settings: Ngc
    requests: dict[str, JobRequest]


def _obey(plan: _Plan, client: str, limit: float, *, printing: bool) -> int:
    if printing or plan.settings.print_only:
        sys.stdout.write(_commands(plan, client))
        return 0
    from pbt_tui.runtimes.ngc.client import find
    from pbt_tui.runtimes.ngc.submission import NgcSubmission

    path = find(client)
    if path is None:
        by_hand = command("bash", plan.folder / SUBMIT)
        raise RuntimeUnavailable(
            f"NGC client not found: `{printable(client)}`",
            hint=f"pass `--ngc_client PATH`, or, on a machine with a client, run `{by_hand}`",
        )
    submission = NgcSubmission(
        folder=plan.folder,
        settings=plan.settings,
        requests=plan.requests,
        client=path,
        limit=limit,
        settle=min(limit, SETTLE),
        tell=lambda line: print(line, flush=True),
    )
    done = submission.run()
    name, jobs = printable(plan.folder.name), len(plan.requests)
    print(f"{name}: {'all' if done else 'not all'} of {jobs} jobs are submitted", flush=True)
    return 0 if done else 4


def _limit(text: str | None) -> float:
    from pbt_tui.settings.parsers import duration

    try:
        seconds = CALL_LIMIT if text is None else duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise UsageError(f"`--ngc_limit`: expected a duration such as `2m`, got `{text}`")
    return seconds


def _compiled(compiled: Compiled, given: Given, *, writing: bool) -> _Plan:
    """The plan of a compiled module; writes the job requests to disk for review if `writing`."""
    from pbt_tui.compiler import existing, output, spec_rules

    planning.warn([*given.found, *compiled.diagnostics])
    spec, files, out = compiled.spec, compiled.files, Path(given.compile.get("out", OUT))
    folder = spec_rules.folder(spec.run, spec.suffix)
    if writing:
        foreign = existing.foreign(out, folder, spec)
        if foreign:
            raise Findings(foreign)
        gone = existing.orphans(out, compiled.owned, files, compiled.records)
        output.write(out, files, gone)
    return _plan(out / folder, spec, files[f"{folder}/{SUBMIT}"])


def _plan(folder: Path, spec: Processes, script: bytes) -> _Plan:
    from pbt_tui.backends.ngc import render as ngc
    from pbt_tui.backends.ngc.settings_struct import Ngc

    settings = msgspec.convert(ngc.known({SUBMIT: script}), Ngc)
    requests = {ngc.path_of(job): ngc.request(spec, job, settings) for job in spec.jobs}
    return _Plan(folder, settings, requests)


def _read(folder: Path) -> _Plan:
    """The plan of reviewed files. Raises `Findings` (3) if they do not match their spec."""
    from pbt_tui.backends.ngc import run_rules
    from pbt_tui.backends.processes.render import FILE
    from pbt_tui.compiler import remake

    script = folder / SUBMIT
    spec = planning.read_spec(folder / FILE, queued=True)
    try:
        data = read_regular(script, SPEC_BYTES)
    except OSError:
        raise UsageError(
            f"nothing is compiled for NGC in `{printable(str(folder))}`",
            hint=f"`{command('pbt-compile', spec.module)} --ngc_org ORG --ngc_ace ACE "
            "--ngc_instance TYPE --image ORG/IMAGE`",
        ) from None
    stale = remake.beside(folder, spec, named=BACKEND.name)
    if stale:
        raise Findings(stale)
    plan = _plan(folder, spec, data)
    found = run_rules.check(spec, plan.settings)
    if any(d.level == "error" for d in found):
        raise Findings(found)
    planning.warn(found)
    return plan


def _commands(plan: _Plan, client: str) -> str:
    from pbt_tui.backends.ngc.render import list_words, run_words
    from pbt_tui.backends.ngc.request import key

    lines = []
    for path, made in plan.requests.items():
        lines += [
            f"# {printable(Path(path).stem)}: submit only if the first command lists nothing",
            command(client, *list_words(plan.settings, key(made))),
            command(client, *run_words(plan.settings, str(plan.folder / path))),
        ]
    return "".join(f"{line}\n" for line in lines)
