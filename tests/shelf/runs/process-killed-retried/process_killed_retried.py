"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("ends", "sh trainer.sh waits"),
        Experiment("gone", "sh trainer.sh waits"),
        Experiment("waits", "sh trainer.sh ok"),
    ],
)
