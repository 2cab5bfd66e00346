"""The words that a run module imports.

Must stay cheap: the standard library only, and of that what every interpreter has loaded anyway.
"""

from pbt_tui.description import Experiment, ParamGrid, ParamList, RunDescription, population, seeds

__all__ = ["Experiment", "ParamGrid", "ParamList", "RunDescription", "population", "seeds"]
