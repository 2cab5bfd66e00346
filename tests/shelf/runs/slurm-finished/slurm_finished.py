"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("fine", "sh trainer.sh ok"),
        Experiment("code", "sh trainer.sh exit 3"),
    ],
)
