"""The options of `pbt-run`: its own, those of the settings, and the upstream launcher's `--run`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbt_tui.backends import BACKENDS
from pbt_tui.cli.compile_options import _Version
from pbt_tui.cli.options import Parser, add_compiling, add_installed, add_settings
from pbt_tui.runtimes import RUNTIMES

if TYPE_CHECKING:
    import argparse

    from pbt_tui.backends import Backend


def parser(argv: Sequence[str] = ()) -> Parser:
    """All options, including those of the installed backends that `argv` names."""
    built_in = [BACKENDS.get(name) for name in BACKENDS.built_in]
    p = Parser(
        prog="pbt-run",
        description="Run a spec or a run module, or resume a run; `pbt-tui` shows it.",
        usage="pbt-run [options] TARGET\n"
        "       pbt-run RUN_DIR --cancel|--kill|--retry [JOB...]\n"
        "       pbt-run RUN_DIR --hold|--release|--stop\n"
        "       pbt-run RUN_DIR --drain|--undrain GPU...\n"
        "       pbt-run --list | --clean [all]",
        epilog="Exit code: 0 all jobs succeeded, 4 closed, not all succeeded, "
        "5 cannot continue, 130 interrupted (resume with `pbt-run RUN_DIR`).",
    )
    p.add_argument(
        "target",
        nargs="?",
        metavar="TARGET",
        help="spec, run module, run directory, or workflow file of OSMO",
    )
    p.add_argument(
        "--run", metavar="MODULE", help="a run module, as the upstream launcher spells it"
    )
    p.add_argument(
        "--backend",
        metavar="NAME",
        help=_backends_help(built_in),
    )
    p.add_argument("--runtime", metavar="NAME", help=runtimes_help())
    p.add_argument(
        "--detach", action="store_true", help="run in the background; return once it has started"
    )
    p.add_argument("--failed", action="store_true", help="retry all jobs that did not succeed")
    p.add_argument(
        "--fresh",
        action="store_true",
        help="rename the old run to `_pbt.1`; start a new one",
    )
    p.add_argument(
        "--from_scratch",
        action="store_true",
        help="members start from scratch (with --retry: those); old files: `NNN.before-2`",
    )
    p.add_argument(
        "--dry_run", action="store_true", help="print what would be started; start nothing"
    )
    p.add_argument(
        "--print", action="store_true", help="print the process list that would run; start nothing"
    )
    p.add_argument("--json", action="store_true", help="print events to stdout as JSON lines")
    p.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    add_compiling(p.topic("module", "how a run module is compiled"))
    place = p.topic("place", "trust, environment of the jobs, notifications")
    _add_place(place)
    for name, text in (
        ("on_end", "run this command once the run is closed; `PBT_MESSAGE` says how"),
        ("on_failure", "run this command when jobs fail, at most once a minute"),
    ):
        more = "; `PBT_WEBHOOK` is told, too, of what `PBT_TELL` lists" if name == "on_end" else ""
        place.add_argument(f"--{name}", metavar="CMD", help=text + more)
    workflow = p.topic("workflow", "a workflow file of OSMO, run on this machine")
    for name, text in (("set", "numbers stay numbers"), ("set_string", "always text")):
        workflow.add_argument(
            f"--{name}",
            action="append",
            metavar="K=V",
            help=f"value of a variable of the template, over `default-values`; {text}",
        )
    asks = p.add_argument_group("requests to the executor of a run directory")
    request = asks.add_mutually_exclusive_group()
    for name, text in (
        ("cancel", "stop jobs for good (no JOB: all)"),
        ("kill", "kill jobs at once, for good (no JOB: all)"),
        ("retry", "run jobs again (no JOB: all that did not succeed)"),
    ):
        request.add_argument(f"--{name}", nargs="*", metavar="JOB", help=text)
    request.add_argument(
        "--hold", action="store_true", help="start no new attempts; running ones continue"
    )
    request.add_argument("--release", action="store_true", help="allow new attempts again")
    request.add_argument(
        "--stop", action="store_true", help="stop the executor and all jobs; can be resumed"
    )
    for name, text in (
        ("drain", "start no new attempts on these GPUs"),
        ("undrain", "use these GPUs again"),
    ):
        request.add_argument(f"--{name}", nargs="+", metavar="GPU", help=text)
    old = p.topic("machine", "GPUs in use, and containers of earlier runs")
    old.add_argument("--list", action="store_true", help="list both, of all runs of this machine")
    old.add_argument(
        "--clean",
        nargs="?",
        const="ended",
        choices=("ended", "all"),
        help="list, then remove stopped ones (all: running too)",
    )
    moved = p.topic("moved", "copied and moved runs, and lost hosts")
    moved.add_argument(
        "--rehome",
        action="store_true",
        help="go on at the place where the run directory is now",
    )
    moved.add_argument(
        "--forget_host",
        metavar="NAME",
        help="count as lost the attempts of a host that can no longer be asked",
    )
    for backend in built_in:
        if not backend.runtimes and "run_arguments" in vars(type(backend)):
            backend.run_arguments(p.topic(backend.name, backend.title))
    add_settings(p, "policy", "container", *(b.name for b in built_in if b.runtimes))
    add_installed(p, argv, lambda backend: bool(backend.runtimes))
    return p


def _add_place(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--trust",
        action="append",
        metavar="DIR",
        help="execute run directories in DIR also if another user owns them; may be repeated "
        "(for good: `trusted_directories` in `~/.config/pbt/config.toml`)",
    )
    group.add_argument(
        "--share_gpus",
        action="store_true",
        help="claim no GPUs: other runs may use them at the same time",
    )
    group.add_argument(
        "--resume_trackers",
        action="store_true",
        help="attempts go on in the W&B and MLflow runs of the attempts before",
    )
    group.add_argument(
        "--python",
        metavar="PATH",
        help="interpreter of plain processes, instead of that of the last executor or of the "
        "active environment",
    )


def _backends_help(backends: Sequence[Backend]) -> str:
    """The backends, and whether `pbt-run` follows their jobs or only submits them."""
    first, *others = backends
    followed = ", ".join(b.name for b in others if b.runtimes)
    submitted = ", ".join(b.name for b in others if not b.runtimes)
    texts = [f"{first.name} (run here)", f"{followed} (submit and follow)"]
    texts += [f"{submitted} (submit only)"] if submitted else []
    return f"{', '.join(texts)}, or an installed one"


def runtimes_help() -> str:
    """The runtimes that `--runtime` takes; each other runtime needs the `--backend` it is for."""
    kinds = [RUNTIMES.get(name) for name in RUNTIMES.built_in]
    names = [kind.name for kind in kinds if kind.option == f"--runtime {kind.name}"]
    return f"{', '.join(names)}, or an installed one"
