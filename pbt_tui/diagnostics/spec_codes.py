"""Rules 8xx: spec files."""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT801",
        "error",
        "not a JSON document",
        "A spec file is one JSON document in UTF-8, without a byte order mark and without `NaN`, "
        "nested at most 100 levels deep.",
        '{"format": "pbt-processes/1", "run": NaN}',
        "pbt-compile runs.ant      # writes it again",
    ),
    Rule(
        "PBT802",
        "error",
        "unsupported format",
        "This program does not read this format, or this version of the format.",
        '{"format": "pbt-processes/9", ...}',
        "pbt-compile runs.ant      # writes it again",
    ),
    Rule(
        "PBT803",
        "error",
        "the file does not match its schema",
        "The published schemas `schemas/processes-1.json` and `schemas/slurm-index-1.json` define "
        "what the files contain. The pointer in the finding names the place.",
        '"argv": "python train.py"',
        '"argv": ["python", "train.py"]',
    ),
    Rule(
        "PBT804",
        "error",
        "key given twice",
        "JSON readers do not agree on which of two equal keys counts, so a reviewer may see "
        "another value than the one that is used.",
        '{"id": "00_ant", "id": "01_ant", ...}',
        '{"id": "00_ant", ...}',
    ),
    Rule(
        "PBT805",
        "warning",
        "layout other than one job a line",
        "The data is valid, but the file does not have each job on one line. Its diffs are hard "
        "to review, and `--check` reports the file as stale.",
        "pbt-compile runs.ant\n"
        "python -m json.tool specs/ant/processes.json specs/ant/processes.json\n"
        "pbt-compile --validate specs",
        "pbt-compile runs.ant      # writes it again\npbt-compile --validate specs",
    ),
    Rule(
        "PBT806",
        "error",
        "id given twice",
        "The id identifies a job: its log, its container and its events in the journal are named "
        "after it.",
        '{"id": "00_ant", ...},\n{"id": "00_ant", ...}',
        '{"id": "00_ant", ...},\n{"id": "01_ant", ...}',
    ),
    Rule(
        "PBT807",
        "error",
        "population and members disagree",
        "A population lists each of its members once, in the order of their indices, and each "
        "member names its population. A Sample-Factory population is one job.",
        '"populations": [{"id": "ant", "size": 2, "members": ["01_ant", "00_ant"], ...}]',
        '"populations": [{"id": "ant", "size": 2, "members": ["00_ant", "01_ant"], ...}]',
    ),
    Rule(
        "PBT808",
        "error",
        "job that its population does not list",
        "The job says that it is a member of a population, but the population does not exist or "
        "does not list the job.",
        '{"id": "00_ant", "population": "humanoid", "member": 0, ...}',
        '{"id": "00_ant", "population": "ant", "member": 0, ...}',
    ),
    Rule(
        "PBT809",
        "error",
        "files for SLURM without their process list",
        "The scripts and manifests are generated from `processes.json` and the settings in "
        "`slurm/index.json`. If the process list is missing, or belongs to another run, they "
        "cannot be checked.",
        "pbt-compile runs.ant\nrm specs/ant/processes.json\npbt-compile --validate specs",
        "pbt-compile runs.ant      # writes both\npbt-compile --validate specs",
    ),
    Rule(
        "PBT810",
        "error",
        "index and process list disagree",
        "The index names a job that the process list does not have, or leaves one out.",
        "pbt-compile runs.ant\nsed -i 's/\"01_/\"02_/' specs/ant/slurm/index.json\n"
        "pbt-compile --validate specs",
        "pbt-compile runs.ant\npbt-compile --validate specs",
    ),
    Rule(
        "PBT811",
        "error",
        "unknown population style",
        "The style of a population determines how its trainer exchanges and how its workspace is "
        "laid out. A style is built in or comes from an installed package. The hint lists the "
        "known styles.",
        '"populations": [{"id": "ant", "style": "isaacgym", ...}]',
        '"populations": [{"id": "ant", "style": "isaaclab", ...}]',
    ),
    Rule(
        "PBT812",
        "error",
        "Windows line endings",
        "The file has the right text, and each line ends with a carriage return: git's "
        "`core.autocrlf` writes files so when it checks them out. Jobs read these files on Linux, "
        "where the carriage return is a part of the last word of a line.",
        "pbt-compile runs.ant\nsed -i 's/$/\\r/' specs/ant/processes.json\n"
        "pbt-compile runs.ant --check",
        "pbt-compile runs.ant      # once `specs/** text eol=lf` stands in `.gitattributes`\n"
        "pbt-compile runs.ant --check",
    ),
    Rule(
        "PBT813",
        "error",
        "job that can never start",
        "A job needs a job that is not there, or one that needs it, too. The jobs of a group, or "
        "of a population, start together, so that none of them can need another.",
        '{"id": "train", "after": ["test"], ...},\n{"id": "test", "after": ["train"], ...}',
        '{"id": "train", ...},\n{"id": "test", "after": ["train"], ...}',
    ),
    Rule(
        "PBT817",
        "note",
        "backend without a required setting",
        "The run sets options of the backend, but not one that the backend requires, so that no "
        "files are written for it. With `--backend` this is an error.",
        "pbt-compile runs.ant --ngc_org acme",
        "pbt-compile runs.ant --ngc_org acme --ngc_ace acme-ace "
        "--ngc_instance dgxa100.80g.1.norm --ngc_workspace team:/mount:RW "
        "--train_dir /mount/train_dir --image nvcr.io/nvidia/pytorch:23.10-py3",
    ),
    Rule(
        "PBT820",
        "error",
        "spec file is stale",
        "The file is not what `pbt-compile` would write now: the module or a setting has changed, "
        "or somebody edited the file.",
        "pbt-compile runs.ant --check",
        "pbt-compile runs.ant      # and commit the result\npbt-compile runs.ant --check",
    ),
)
