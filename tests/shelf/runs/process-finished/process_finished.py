"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("first", "sh trainer.sh ok"),
        Experiment("second", "sh trainer.sh ok"),
        Experiment("third", "sh trainer.sh ok"),
    ],
)
