"""The codes of the toy trainer's rules, for `pbt-compile --explain`."""

from pbt_tui.diagnostics import Rule

RULES = (
    Rule(
        code="EVO001",
        level="warning",
        title="nobody is kept",
        explanation="The toy trainer copies those that it keeps; of nobody there is no copy.",
        example='Experiment("evo", "python evo.py evo.keep=0", population(3, style="toystyle"))',
        cure='Experiment("evo", "python evo.py evo.keep=1", population(3, style="toystyle"))',
    ),
)
