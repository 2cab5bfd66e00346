#: pbt-compile ours/populations/lab_called_as_upstream.py
#: exit 3
#: error PBT417 at ours/populations/lab_called_as_upstream.py:14
#: error PBT418 at ours/populations/lab_called_as_upstream.py:14
"""Isaac Lab's script, called with the upstream launcher's arguments."""

from pbt_tui import Experiment, RunDescription, population

CMD = "./isaaclab.sh train --rl_library rl_games agent.pbt.objective=episode.rate"
MEMBERS = population(4, "isaaclab", workspace="ws")

RUN_DESCRIPTION = RunDescription(
    "lab3",
    experiments=[Experiment("shadow", CMD, MEMBERS)],
)
