"""The words of the 3xx codes: commands.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.compiler.codes import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT320",
        "error",
        "NUL character",
        "No operating system passes a NUL character in an argument or in the environment.",
        'Experiment("ant", "python train.py", [{"note": "a\\0b"}])',
        'Experiment("ant", "python train.py", [{"note": "a b"}])',
    ),
    Rule(
        "PBT321",
        "error",
        "argument too long",
        "Linux passes at most 131,071 bytes in one argument; the job could not be started.",
        'Experiment("ant", "python train.py", [{"weights": [0.5] * 100_000}])',
        'Experiment("ant", "python train.py", [{"weights": "weights.json"}])',
    ),
    Rule(
        "PBT322",
        "error",
        "empty command",
        "The first word of a command is the program that is started.",
        '"argv": ["", "train.py"]',
        '"argv": ["python", "train.py"]',
    ),
)
