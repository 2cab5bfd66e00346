"""What a compiler has to find before anything is written has its codes.

Which code or test covers which upstream defect stands in `docs/upstream-defects.md`;
`tests/architecture/test_register.py` holds that page to the rules.
"""

from __future__ import annotations

from pathlib import Path

from pbt_tui.diagnostics import rules

ROOT = Path(__file__).parents[2]

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


def test_every_check_has_its_codes() -> None:
    for check, codes in CHECKS.items():
        assert set(codes) <= set(rules()), check


def test_what_this_machine_decides_is_said_with_the_same_codes() -> None:
    """The words of preflight's codes are here, since it may not look into this room."""
    for file, codes in {
        "pbt_tui/executor/preflight.py": ("PBT223", "PBT450"),
        "pbt_tui/scheduler/fit.py": ("PBT401", "PBT420", "PBT520"),
    }.items():
        text = (ROOT / file).read_text("utf-8")
        assert [code for code in codes if f'"{code}"' not in text] == [], file
