"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("done", "sh trainer.sh ok"),
        Experiment("last", "sh trainer.sh waits"),
    ],
)
