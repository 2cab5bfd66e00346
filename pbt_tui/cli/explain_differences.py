"""`pbt-compile --explain_differences`: what the upstream launcher would start instead, and why.

Writes nothing. A module that is refused has no jobs to compare: its findings are printed instead.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pbt_tui.errors import Diagnostic, UsageError, printable
from pbt_tui.settings import Given, near

if TYPE_CHECKING:
    from pbt_tui.cli.compile_targets import CompileTarget
    from pbt_tui.compiler.upstream_differences import Difference
    from pbt_tui.spec import Processes

WIDTH = 78
PARTS = ("number", "order", "names", "directories", "commands", "environment")
"""What may differ of jobs, in words that `Reason.about` consists of."""


@dataclass(frozen=True)
class Explained:
    """A compiled process list, its findings, and the differences for each backend."""

    spec: Processes
    found: list[Diagnostic]
    by_backend: dict[str, list[Difference]]

    def text(self, module: str) -> str:
        """What people read."""
        parts = [
            _backend(printable(module), self.spec, backend, found)
            for backend, found in self.by_backend.items()
        ]
        return "\n".join(parts)

    def document(self) -> list[dict[str, Any]]:
        """The value of `differences` in the JSON document."""
        from pbt_tui.compiler.upstream_differences import page
        from pbt_tui.compiler.upstream_execution import executed

        rows: list[dict[str, Any]] = []
        for backend, found in self.by_backend.items():
            rows += [asdict(difference) for difference in found]
            for about, theirs, ours, see in executed(self.spec, backend):
                said = {"kind": "execution", "about": about, "upstream": theirs, "here": ours}
                where = {"why": None, "see": page(see), "jobs": None, "job": None}
                rows.append({**said, **where, "backend": backend})
        return rows


def explain(
    target: CompileTarget, args: argparse.Namespace, given: Given, seed: int | None
) -> Explained:
    """Compiles the module without writing, and compares its jobs with those of upstream.

    Raises `UsageError`, and what `compile_module` raises for a module that is refused.
    """
    from pbt_tui.compiler import compile_loaded
    from pbt_tui.compiler.load import load
    from pbt_tui.compiler.upstream_differences import differences
    from pbt_tui.compiler.upstream_launcher import BACKENDS
    from pbt_tui.settings.run_settings import LOAD_TIMEOUT

    backends = list(dict.fromkeys(args.backend or BACKENDS[:1]))
    for name in backends:
        if name not in BACKENDS:
            message = f"the upstream launcher has no backend `{printable(name)}`"
            raise UsageError(message, hint=near(name, BACKENDS))
    limits: dict[str, Any] = {
        "timeout": given.compile.get("load_timeout", LOAD_TIMEOUT),
        "memory": given.compile.get("load_memory"),
    }
    loaded = load(target.module, seed=seed, **limits)
    unseeded = loaded if seed is None else load(target.module, **limits)
    compiled = compile_loaded(
        loaded,
        train_dir=given.compile.get("train_dir"),
        suffix=target.suffix,
        policy=given.policy,
        container=given.container,
        freeze=True,
        backends=backends,
        settings=given.backends,
        command_prefix=given.compile.get("command_prefix"),
        accepted=given.compile.get("ignore", ()),
    )
    by_backend = {
        backend: differences(
            loaded,
            compiled.spec,
            backend,
            suffix=target.suffix,
            max_parallel=given.policy.get("max_parallel"),
            settings=given.backends.get(backend),
            drawn=[v for v in unseeded.variations if not v.elsewhere],
        )
        for backend in backends
    }
    return Explained(compiled.spec, [*given.found, *compiled.diagnostics], by_backend)


def _backend(module: str, spec: Processes, backend: str, found: Sequence[Difference]) -> str:
    from textwrap import wrap

    from pbt_tui.compiler.upstream_execution import executed, same
    from pbt_tui.diagnostics import REGISTER

    number = len(spec.jobs)
    jobs = f"{number} job{'' if number == 1 else 's'}"
    lines = [f"{module}: {jobs}, compared with the upstream launcher's backend `{backend}`", ""]
    for d in found:
        lines += [
            f"{d.about}, {d.jobs} of {jobs}, such as `{d.job}`",
            f"  upstream  {d.upstream}",
            f"  here      {d.here}",
            *wrap(f"  why       {d.why}", WIDTH, subsequent_indent=" " * 12),
            f"  see       {d.see}",
            "",
        ]
    parts = ", ".join(part for part in PARTS if not any(part in d.about for d in found))
    lines += wrap(f"{'the same' if found else 'nothing differs'}: {parts}", WIDTH)
    if alike := same(spec, backend):
        lines += wrap(f"also the same: {'; '.join(alike)}", WIDTH)
    lines += ["", f"the executor, whatever the run module describes (numbers: {REGISTER}):"]
    for about, theirs, ours, see in executed(spec, backend):
        lines += [f"  {about} ({see})", f"    upstream  {theirs}", f"    here      {ours}"]
    return "\n".join(lines) + "\n"
