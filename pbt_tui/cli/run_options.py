"""The options of `pbt-run`: its own, the settings', and the original's that mean something here.

Must not know what is done with them.
"""

from __future__ import annotations

from pbt_tui.cli.compile_options import _Version
from pbt_tui.cli.options import Parser, add_settings, yes_no


def parser() -> Parser:
    """All options (DESIGN 6.2)."""
    p = Parser(
        prog="pbt-run",
        description="Run a compiled spec, a run module, or go on with a run directory, "
        "to the end and without a screen.",
        usage="pbt-run [options] TARGET\n"
        "       pbt-run RUN_DIR --cancel|--kill|--retry [JOB...]\n"
        "       pbt-run RUN_DIR --hold|--release|--stop\n"
        "       pbt-run --list | --clean [all]",
        epilog="Exit code: 0 all succeeded, 4 closed and not all succeeded, 5 cannot go on, "
        "130 interrupted (run the directory again to go on).",
    )
    p.add_argument("target", nargs="?", metavar="TARGET", help="spec, run module, or run directory")
    p.add_argument("--run", metavar="MODULE", help="the run module, as the original spells it")
    p.add_argument(
        "--backend",
        metavar="NAME",
        help="processes (here), slurm: submit and follow, or ngc: submit and end",
    )
    p.add_argument("--runtime", choices=("docker", "process"), help="what starts the jobs")
    p.add_argument("--train_dir", metavar="DIR", help="root of what jobs write (modules only)")
    p.add_argument("--experiment_suffix", metavar="TEXT", help="ends folder names (modules only)")
    p.add_argument("--seed", metavar="N", help="seed `random` before the import (modules only)")
    p.add_argument("--load_timeout", metavar="SECONDS", help="time to import the module (30s)")
    p.add_argument("--load_memory", metavar="SIZE", help="for it (16G, or half of the machine)")
    p.add_argument("--detach", action="store_true", help="return once the run is on its own")
    p.add_argument("--failed", action="store_true", help="run again what did not succeed")
    p.add_argument(
        "--fresh", action="store_true", help="put a closed run aside (`_pbt.1`) and start anew"
    )
    p.add_argument(
        "--dry_run", action="store_true", help="show exactly what would be started; start nothing"
    )
    p.add_argument("--json", action="store_true", help="events as JSON lines on stdout")
    p.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    asks = p.add_argument_group("asked of the executor of a run directory")
    one = asks.add_mutually_exclusive_group()
    for name, words in (
        ("cancel", "end jobs gently; they are not tried again (no JOB: all)"),
        ("kill", "end jobs at once (no JOB: all)"),
        ("retry", "run jobs again (no JOB: all that did not succeed)"),
    ):
        one.add_argument(f"--{name}", nargs="*", metavar="JOB", help=words)
    one.add_argument("--hold", action="store_true", help="start no new attempt")
    one.add_argument("--release", action="store_true", help="end a hold")
    one.add_argument("--stop", action="store_true", help="stop all; the run can be resumed")
    old = p.add_argument_group("containers that old runs left")
    old.add_argument("--list", action="store_true", help="show them")
    old.add_argument(
        "--clean",
        nargs="?",
        const="ended",
        choices=("ended", "all"),
        help="show them, then remove those that have ended (all: running ones too)",
    )
    ngc = p.topic("ngc", "NGC Base Command")
    ngc.add_argument("--ngc_client", metavar="PATH", default="ngc", help="NVIDIA's client (ngc)")
    ngc.add_argument("--ngc_limit", metavar="SECONDS", help="time for one call of it (2m)")
    ngc.add_argument(
        "--ngc_print_only", metavar="BOOL", type=yes_no, help="submit nothing, as `--dry_run`"
    )
    add_settings(p, "policy", "container", "slurm")
    return p
