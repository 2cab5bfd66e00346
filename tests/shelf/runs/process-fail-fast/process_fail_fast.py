"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("long", "sh trainer.sh waits"),
        Experiment("bad", "sh trainer.sh exit 1"),
        Experiment("never", "sh trainer.sh ok"),
    ],
)
