"""Nothing known is forgotten: each defect of the originals has its code, or a reason to have none.

`D` are the launchers' defects, `P` those of population-based training; the last list is what a
compiler has to find before anything is written.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.backends import BACKENDS
from pbt_tui.diagnostics import rules

ROOT = Path(__file__).parents[2]

CODES = {
    "D1": ("PBT106",),
    "D2": ("PBT107", "PBT108"),
    "D5": ("PBT109",),
    "D6": ("PBT103", "PBT110", "PBT111"),
    "D7": ("PBT103",),
    "D8": ("PBT202", "PBT205"),
    "D9": ("PBT201",),
    "D10": ("PBT222", "PBT223"),
    "D12": ("PBT120",),
    "D13": ("PBT101", "PBT306"),
    "D14": ("PBT103",),
    "D15": ("PBT301", "PBT302", "PBT303", "PBT304"),
    "D23": ("PBT533",),
    "D26": ("PBT524",),
    "D36": ("PBT308",),
    "D44": ("PBT308",),
    "D49": ("PBT101",),
    "D50": ("PBT101",),
    "D51": ("PBT101",),
    "P1": ("PBT406",),
    "P2": ("PBT401", "PBT403", "PBT420", "PBT421"),
    "P3": ("PBT411",),
    "P7": ("PBT409",),
    "P11": ("PBT414",),
    "P13": ("PBT422",),
    "P14": ("PBT413", "PBT423"),
    "P15": ("PBT404", "PBT450"),
    "P19": ("PBT305", "PBT403"),
}
SAID_IN = {
    "D3": ("pbt_tui/description.py", "shuffling never changes a value"),
    "D4": ("pbt_tui/description.py", "tuples of names are shuffled as they are"),
    "D16": ("tests/cli/test_launcher.py", "exit codes are the executor's"),
    "D18": ("tests/executor/test_run_signals.py", "signals are the executor's"),
    "D21": ("tests/executor/test_crash.py", "there is a journal"),
    "D24": ("pbt_tui/executor/interpreter.py", "which Python it is depends on the machine"),
    "D48": ("pbt_tui/launcher.py", "help is the command line's"),
    "P4": ("pbt_tui/observe/health.py", "a file cut short is seen when it is there"),
    "P5": ("pbt_tui/observe/health.py", "how a member was started again is seen in its files"),
    "P6": ("pbt_tui/observe/health.py", "no command says which sign the objective will have"),
    "P10": ("pbt_tui/observe/health.py", "frames are seen in the files"),
    "P16": ("pbt_tui/observe/lineage.py", "who copied whom is seen in the logs"),
}
NOT_HERE = {
    "D11": "every job is made before anything is started",
    "D17": "a command that cannot be started ends its attempt, and nothing else",
    "D19": "the pause is a comparison of two numbers in the scheduler",
    "D20": "each attempt has a log",
    "D22": "the caller's mask is where the executor chooses from",
    "D25": "time limits and limits of containers are settings, and none is a choice",
    "D37": "`env_vars` stand in the spec, and every runtime passes them",
    "D52": "commands in the documents are run by the tests",
    "P8": "a stray file in the workspace comes later",
    "P9": "what checkpoints keep is the trainer's",
    "P12": "what a restart repeats is the trainer's",
    "P17": "what a mutation is called stands in the trainer's configuration",
    "P18": "the environment grows with restarts, later",
}
OF_OTHER_BACKENDS = {
    **{f"D{n}": "6xx: templates, submission and limits of SLURM" for n in (*range(27, 36), 38)},
    **{f"D{n}": "6xx: templates, submission and limits of SLURM" for n in (39, 40, 41)},
    **{f"D{n}": "7xx: templates and submission of NGC" for n in (42, 43, 45, 46, 47)},
}
CHECKS = {
    "no jobs; empty value list; exhausted generator; grid passed as object": (
        *("PBT105", "PBT106", "PBT107", "PBT108", "PBT103"),
    ),
    "duplicate name, directory or file inside the run; same output as another run": (
        *("PBT201", "PBT222", "PBT223"),
    ),
    "name with a slash, control characters, over the limit of file names": (
        *("PBT202", "PBT203", "PBT204", "PBT205"),
    ),
    "duplicate parameter in a grid; tuple length": ("PBT109", "PBT110", "PBT103"),
    "same key twice in one command": ("PBT305",),
    "first word not an executable": ("PBT306", "PBT322"),
    "empty arguments, unbalanced quotes": ("PBT303", "PBT301"),
    "0 CPUs, more GPUs than there are, slots below members": ("PBT113", "PBT520", "PBT420"),
    "indices complete and unique": ("PBT402",),
    "one workspace": ("PBT404", "PBT413"),
    "as many members as `num_policies`": ("PBT403",),
    "identical base arguments, seeds not all equal": ("PBT405", "PBT408"),
    "population larger than what can run at once": ("PBT401", "PBT420"),
    "a workspace that has generations": ("PBT450",),
    "`=` in a value, fraction 0, tensor objective": ("PBT406", "PBT409", "PBT411"),
}


def test_every_defect_is_accounted_for_once() -> None:
    known = [*CODES, *SAID_IN, *NOT_HERE, *OF_OTHER_BACKENDS]
    expected = [f"D{n}" for n in range(1, 53)] + [f"P{n}" for n in range(1, 20)]
    assert sorted(known) == sorted(expected)


@pytest.mark.parametrize("defect", CODES)
def test_the_pages_of_its_codes_name_the_defect(defect: str) -> None:
    for code in CODES[defect]:
        words = rules()[code].explanation.replace("(", " ").replace(")", " ").replace(",", " ")
        assert defect in words.replace(".", " ").replace(";", " ").split(), code


@pytest.mark.parametrize("defect", SAID_IN)
def test_where_it_is_dealt_with_names_the_defect(defect: str) -> None:
    file, _ = SAID_IN[defect]
    assert defect in (ROOT / file).read_text("utf-8")


def test_backends_that_are_not_there_have_no_codes_yet() -> None:
    backends = BACKENDS.built_in
    hundreds = {code[3] for code in rules()}
    assert ("slurm" in backends) == ("6" in hundreds), "move its defects from OF_OTHER_BACKENDS"
    assert ("ngc" in backends) == ("7" in hundreds), "move its defects from OF_OTHER_BACKENDS"


def test_every_check_has_its_codes() -> None:
    for check, codes in CHECKS.items():
        assert set(codes) <= set(rules()), check
    shelved = {code for codes in (*CODES.values(), *CHECKS.values()) for code in codes}
    assert shelved <= set(rules())


def test_what_this_machine_decides_is_said_with_the_same_codes() -> None:
    """The words of preflight's codes are here, since it may not look into this room."""
    for file, codes in {
        "pbt_tui/executor/preflight.py": ("PBT223", "PBT450"),
        "pbt_tui/scheduler/fit.py": ("PBT401", "PBT420", "PBT520"),
    }.items():
        text = (ROOT / file).read_text("utf-8")
        assert [code for code in codes if f'"{code}"' not in text] == [], file
