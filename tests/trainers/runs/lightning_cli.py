"""The example, with two epochs."""

from examples.trainers.lightning_cli import FIT, RUN_DESCRIPTION

__all__ = ["RUN_DESCRIPTION"]

FIT.cmd += " --trainer.accelerator cpu --trainer.max_epochs 2 --trainer.enable_progress_bar false"
