"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("done", "sh trainer.sh ok"),
        Experiment("one", "sh trainer.sh waits"),
        Experiment("two", "sh trainer.sh waits_exit 2"),
        Experiment("three", "sh trainer.sh ok"),
        Experiment("four", "sh trainer.sh ok"),
    ],
)
