"""The words of the 8xx codes: spec files.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT801",
        "error",
        "not a JSON document",
        "A spec file is one JSON document in UTF-8, without a byte order mark and "
        "without `NaN`, nested no deeper than 100 levels.",
        '{"format": "pbt-processes/1", "run": NaN}',
        "pbt-compile runs.ant      # writes it again",
    ),
    Rule(
        "PBT802",
        "error",
        "other format",
        "The file is of a format, or of a version of it, that this program does not read.",
        '{"format": "pbt-processes/9", ...}',
        "pbt-compile runs.ant      # writes it again",
    ),
    Rule(
        "PBT803",
        "error",
        "not what the schema says",
        "The published schemas `schemas/processes-1.json` and `schemas/slurm-index-1.json` "
        "say what the files hold. The pointer leads to the place.",
        '"argv": "python train.py"',
        '"argv": ["python", "train.py"]',
    ),
    Rule(
        "PBT804",
        "error",
        "key given twice",
        "JSON readers do not agree on which of two equal keys counts, so a reviewer may"
        " see another value than the one that is used.",
        '{"id": "00_ant", "id": "01_ant", ...}',
        '{"id": "00_ant", ...}',
    ),
    Rule(
        "PBT805",
        "warning",
        "other layout",
        "The same data, laid out otherwise than one job a line: its diffs are hard to "
        "review, and `--check` calls it stale.",
        "pbt-compile runs.ant\n"
        "python -m json.tool specs/ant/processes.json specs/ant/processes.json\n"
        "pbt-compile --validate specs",
        "pbt-compile runs.ant      # writes it again\npbt-compile --validate specs",
    ),
    Rule(
        "PBT806",
        "error",
        "id given twice",
        "A job is known by its id: its log, its container and its story in the journal "
        "are named after it.",
        '{"id": "00_ant", ...},\n{"id": "00_ant", ...}',
        '{"id": "00_ant", ...},\n{"id": "01_ant", ...}',
    ),
    Rule(
        "PBT807",
        "error",
        "population and members disagree",
        "A population lists each of its members once, in the order of their indices, "
        "and each member names it. A Sample-Factory population is one job.",
        '"populations": [{"id": "ant", "size": 2, "members": ["00_ant", "00_ant"], ...}]',
        '"populations": [{"id": "ant", "size": 2, "members": ["00_ant", "01_ant"], ...}]',
    ),
    Rule(
        "PBT808",
        "error",
        "job of a population that does not know it",
        "A job that says it is a member, of a population that is not there or does not list it.",
        '{"id": "00_ant", "population": "humanoid", "member": 0, ...}',
        '{"id": "00_ant", "population": "ant", "member": 0, ...}',
    ),
    Rule(
        "PBT809",
        "error",
        "files for SLURM without their process list",
        "The scripts and manifests are made from `processes.json` and the settings in "
        "`slurm/index.json`. Without the process list beside it, or beside that of another "
        "run, nobody can say what they should be.",
        "pbt-compile runs.ant\nrm specs/ant/processes.json\npbt-compile --validate specs",
        "pbt-compile runs.ant      # writes both\npbt-compile --validate specs",
    ),
    Rule(
        "PBT810",
        "error",
        "task that is no job",
        "The index names a job that the process list does not have, or leaves one out.",
        "pbt-compile runs.ant\nsed -i 's/\"01_/\"02_/' specs/ant/slurm/index.json\n"
        "pbt-compile --validate specs",
        "pbt-compile runs.ant\npbt-compile --validate specs",
    ),
    Rule(
        "PBT811",
        "error",
        "unknown population style",
        "The style of a population says how its trainer exchanges and what its workspace looks "
        "like. It is one of those that are built in, or of a package that is installed here. The "
        "hint lists them.",
        '"populations": [{"id": "ant", "style": "isaacgym", ...}]',
        '"populations": [{"id": "ant", "style": "isaaclab", ...}]',
    ),
    Rule(
        "PBT817",
        "note",
        "backend without a required setting",
        "Something is set for the backend, and something that it needs is not: no files are "
        "written for it. With `--backend` the same is an error.",
        "pbt-compile runs.ant --ngc_org acme",
        "pbt-compile runs.ant --ngc_org acme --ngc_ace acme-ace "
        "--ngc_instance dgxa100.80g.1.norm --ngc_workspace team:/mount:RW "
        "--train_dir /mount/train_dir --image nvcr.io/nvidia/pytorch:23.10-py3",
    ),
    Rule(
        "PBT820",
        "error",
        "spec file is stale",
        "The file is not what `pbt-compile` would write now: the module or a setting "
        "has changed, or somebody edited the file.",
        "pbt-compile runs.ant --check",
        "pbt-compile runs.ant      # and commit the result\npbt-compile runs.ant --check",
    ),
)
