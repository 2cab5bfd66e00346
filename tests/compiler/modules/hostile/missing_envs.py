#: pbt-compile hostile/missing_envs.py
#: exit 1
#: error PBT101 at hostile/missing_envs.py:6
"""A part of a package that only has stand-ins here."""

import sample_factory.envs.env_registry

from pbt_tui import Experiment, RunDescription


RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
