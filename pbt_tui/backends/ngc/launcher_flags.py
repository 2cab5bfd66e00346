"""The flags for backend `ngc` that are not settings: of the upstream launcher, and of `pbt-run`."""

from __future__ import annotations

import argparse

from pbt_tui.settings import Given
from pbt_tui.settings.flags import yes_no

CLIENT = "ngc"
"""Default path of NVIDIA's client."""
CALL_LIMIT = 120.0
"""Default time limit for one call of the client, in seconds."""


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Adds the flags of the upstream launcher, with its defaults."""
    group = parser.add_argument_group("backend ngc")
    group.add_argument("--ngc_job_template", metavar="FILE", help="command template")
    group.add_argument(
        "--ngc_print_only", default=False, type=yes_no, metavar="BOOL", help="submit nothing"
    )


def settings(args: argparse.Namespace) -> Given:
    template = args.ngc_job_template
    return Given.of(ngc={"job_template": template} if template else {})


def add_run_arguments(group: argparse._ActionsContainer) -> None:
    """Adds the options of `pbt-run --backend ngc`: the client, and its time limit."""
    group.add_argument(
        "--ngc_client",
        metavar="PATH",
        default=CLIENT,
        help="path of NVIDIA's client (default: %(default)s)",
    )
    group.add_argument(
        "--ngc_limit",
        metavar="SECONDS",
        help=f"time limit for one call of the client (default: {CALL_LIMIT:g}s)",
    )
    group.add_argument(
        "--ngc_print_only", metavar="BOOL", type=yes_no, help="submit nothing, as `--dry_run`"
    )
