"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("gentle", "sh trainer.sh waits"),
        Experiment("stubborn", "sh trainer.sh stubborn"),
        Experiment("unborn", "sh trainer.sh ok"),
        Experiment("last", "sh trainer.sh waits"),
        Experiment("fine", "sh trainer.sh ok"),
    ],
)
