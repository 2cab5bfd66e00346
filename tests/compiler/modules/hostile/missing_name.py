#: pbt-compile hostile/missing_name.py
#: exit 1
#: error PBT101 at hostile/missing_name.py:6
"""Something that no stand-in has."""

from sample_factory.utils.utils import project_tmp_dir

from pbt_tui import Experiment, RunDescription


RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])
