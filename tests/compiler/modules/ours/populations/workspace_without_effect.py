#: pbt-compile ours/populations/workspace_without_effect.py
#: exit 3
#: error PBT103 at ours/populations/workspace_without_effect.py:8
"""Sample-Factory's policies meet in the folder of their job."""

from pbt_tui import Experiment, RunDescription, population

MEMBERS = population(4, "sample_factory", workspace="ws")

RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py", MEMBERS)])
