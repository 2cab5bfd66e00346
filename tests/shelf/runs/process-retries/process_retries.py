"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("third", "sh trainer.sh from_the_third"),
        Experiment("never", "sh trainer.sh exit 9"),
        Experiment("last", "sh trainer.sh waits"),
    ],
)
