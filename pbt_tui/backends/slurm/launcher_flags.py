"""The flags that the upstream launcher has for backend `slurm`."""

from __future__ import annotations

import argparse

from pbt_tui.settings import Given
from pbt_tui.settings.flags import Untouched, typed, yes_no

_NAMES = ("gpus_per_job", "cpus_per_gpu", "workdir", "partition", "sbatch_template", "timeout")
_NO_TIMEOUT = "0"


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Adds the flags, with the upstream defaults."""
    group = parser.add_argument_group("backend slurm")
    group.add_argument(
        "--slurm_gpus_per_job",
        default=Untouched(1),
        type=int,
        metavar="N",
        help="GPUs of each job (default: %(default)s)",
    )
    group.add_argument(
        "--slurm_cpus_per_gpu",
        default=Untouched(16),
        type=int,
        metavar="N",
        help="CPUs for each GPU of a job (default: %(default)s)",
    )
    group.add_argument(
        "--slurm_print_only", default=False, type=yes_no, metavar="BOOL", help="submit nothing"
    )
    group.add_argument("--slurm_workdir", metavar="DIR", help="folder for SLURM's output files")
    group.add_argument("--slurm_partition", metavar="NAME", help="partition")
    group.add_argument("--slurm_sbatch_template", metavar="FILE", help="script template")
    group.add_argument(
        "--slurm_timeout",
        default=_NO_TIMEOUT,
        metavar="TIME",
        help="value of `$TIMEOUT` in the template (default: %(default)s)",
    )


def settings(args: argparse.Namespace) -> Given:
    message = typed(args, *(f"slurm_{name}" for name in _NAMES))
    own = {k.removeprefix("slurm_"): v for k, v in message.items() if v != _NO_TIMEOUT}
    if args.slurm_print_only:
        own["print_only"] = True
    return Given.of(slurm=own)
