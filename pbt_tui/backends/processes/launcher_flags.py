"""The flags that the upstream launcher has for backend `processes`."""

from __future__ import annotations

import argparse

from pbt_tui.settings import Given
from pbt_tui.settings.flags import Untouched, typed


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Adds the flags, with the upstream defaults."""
    group = parser.add_argument_group("backend processes")
    group.add_argument(
        "--num_gpus",
        default=Untouched(1),
        type=int,
        metavar="N",
        help="number of GPUs to use (default: %(default)s)",
    )
    group.add_argument(
        "--max_parallel",
        default=Untouched(4),
        type=int,
        metavar="N",
        help="jobs that run at the same time (default: %(default)s, or the largest population)",
    )
    group.add_argument(
        "--experiments_per_gpu",
        default=Untouched(-1),
        type=int,
        metavar="N",
        help="slots on each GPU; -1 leaves CUDA_VISIBLE_DEVICES alone (default: %(default)s)",
    )


def settings(args: argparse.Namespace) -> Given:
    names = ("num_gpus", "max_parallel", "experiments_per_gpu", "pause_between")
    return Given.of(policy=typed(args, *names))
