"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("fine", "sh trainer.sh ok"),
        Experiment("code", "sh trainer.sh exit 3"),
        Experiment("same", "sh trainer.sh exit 3"),
        Experiment("dies", "sh trainer.sh dies"),
        Experiment("raises", "python raises.py"),
        Experiment("unknown", "no-such-trainer --fast"),
        Experiment("closed", "./trainer.sh ok"),
        Experiment("memory", "sh trainer.sh out_of_memory"),
        Experiment("late", "sh trainer.sh hangs"),
    ],
)
