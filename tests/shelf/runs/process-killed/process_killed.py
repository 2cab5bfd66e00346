"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("ends", "sh trainer.sh waits"),
        Experiment("fails", "sh trainer.sh waits_exit 3"),
        Experiment("gone", "sh trainer.sh hangs"),
        Experiment("waits", "sh trainer.sh ok"),
    ],
)
