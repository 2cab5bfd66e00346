"""A stored run: `about.json` says which."""

from pbt_tui import Experiment, RunDescription

RUN_DESCRIPTION = RunDescription(
    "r",
    experiments=[
        Experiment("good", "sh trainer.sh ok"),
        Experiment("bad", "sh trainer.sh exit 1"),
        Experiment("worse", "sh trainer.sh exit 2"),
        Experiment("never", "sh trainer.sh ok"),
        Experiment("nor", "sh trainer.sh ok"),
    ],
)
