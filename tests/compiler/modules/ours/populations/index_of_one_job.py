#: pbt-compile ours/populations/index_of_one_job.py
#: exit 3
#: error PBT103 at ours/populations/index_of_one_job.py:8
"""Sample-Factory's policies have no index."""

from pbt_tui import Experiment, RunDescription, population

MEMBERS = population(4, "sample_factory", index_arg="policy")

RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py", MEMBERS)])
