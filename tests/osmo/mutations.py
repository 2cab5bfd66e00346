"""Changes of rendered files, each of which `pbt-compile --validate` has to refuse with its place.

A row is: which file, the text that is replaced, the new text, the code of the finding, and the
pointer of its place (empty: only the line is known). Those marked with a star are accepted by the
service's own classes, and only go wrong later, or silently.
"""

from __future__ import annotations

from typing import Any

from pbt_tui.backends.osmo.osmo_index import CredentialUse
from tests.compiler.compile_specs import job
from tests.osmo.osmo_runs import only, population, sweep

SETTINGS: dict[str, Any] = {
    "cpus": 4,
    "memory": 32 * 2**30,
    "platform": "dgx",
    "timeout": 7 * 86400.0,
    "credential": (CredentialUse("wandb", "KEY", "WANDB_API_KEY"),),
}
JOBS = tuple(job(i, env={"SEED": str(i), "NOTE": "010"}) for i in range(2))


def sources() -> dict[str, bytes]:
    members = only(population(3), **SETTINGS, reschedule="75,3001")
    return {"sweep": only(sweep(*JOBS), **SETTINGS), "gang": members}


T0, T1 = "/workflow/tasks/0", "/workflow/tasks/1"
G, G0, G1 = "/workflow/groups/0", "/workflow/groups/0/tasks/0", "/workflow/groups/0/tasks/1"
SHAPE = "/workflow/resources/gpu1-cpu4-mem32gi"
IMAGE = 'image: "a/trainer:1"'
GROUP = (
    '  groups:\n  - name: "population"\n    barrier: "true"\n    ignoreNonleadStatus: "true"\n'
    "    tasks:"
)
MARKS = "/mnt/team/train_dir/ant/_osmo/{{workflow_id}}"

MUTATIONS: tuple[tuple[str, str, str, str, str], ...] = (
    # form
    ("sweep", "workflow:", "Workflow:", "PBT901", "/Workflow"),
    ("sweep", "workflow:", '"workflow":', "PBT901", "/workflow"),
    ("sweep", "workflow:", "extra: 1\nworkflow:", "PBT901", "/extra"),
    ("sweep", "  tasks:", "\ttasks:", "PBT901", ""),
    ("sweep", "  tasks:", "  task:", "PBT901", "/workflow/task"),
    ("sweep", '  name: "ant-', '  title: "ant-', "PBT901", "/workflow/title"),
    ("sweep", 'name: "t00-ant"', 'nmae: "t00-ant"', "PBT901", f"{T0}/nmae"),
    ("sweep", 'command:\n    - "python"', "command: []", "PBT901", f"{T0}/command"),
    ("sweep", 'command:\n    - "python"', 'command: "python"', "PBT901", f"{T0}/command"),
    ("sweep", IMAGE, 'image: ""', "PBT925", f"{T0}/image"),
    ("sweep", IMAGE, "image: null", "PBT925", f"{T0}/image"),
    ("sweep", '"t00-ant"', '"t00-ant', "PBT901", ""),
    ("sweep", '"t00-ant"', "!!python/name:os.system x", "PBT901", ""),
    ("sweep", '"train.py"', "*x", "PBT901", ""),
    ("gang", "  groups:", "  tasks: []\n  sets:", "PBT901", "/workflow/sets"),
    # what YAML changes *
    ("sweep", '"010"', "010", "PBT924", f"{T0}/environment/NOTE"),
    ("sweep", 'SEED: "0"', "SEED: yes", "PBT924", f"{T0}/environment/SEED"),
    ("sweep", 'SEED: "0"', "SEED: 12:30", "PBT924", f"{T0}/environment/SEED"),
    ("sweep", 'SEED: "0"', "SEED: 1.0e-3", "PBT924", f"{T0}/environment/SEED"),
    ("sweep", 'SEED: "0"', "SEED: 2026-01-01", "PBT924", f"{T0}/environment/SEED"),
    ("sweep", 'SEED: "0"', "SEED: 1_0", "PBT924", f"{T0}/environment/SEED"),
    ("sweep", 'SEED: "0"', "SEED: ~", "PBT920", f"{T0}/environment/SEED"),
    ("sweep", 'SEED: "0"', 'yes: "0"', "PBT924", f"{T0}/environment/yes"),
    ("sweep", '"seed=0"', "0x1f", "PBT924", f"{T0}/args/1"),
    ("sweep", 'cpu: "4"', "cpu: 010", "PBT924", f"{SHAPE}/cpu"),
    ("sweep", IMAGE, f'{IMAGE}\n    {IMAGE}', "PBT924", f"{T0}/image"),
    ("sweep", 'SEED: "0"', 'SEED: "0"\n      SEED: "1"', "PBT924", f"{T0}/environment/SEED"),
    ("sweep", 'gpu: "1"', 'gpu: "1"\n      gpu: "2"', "PBT924", f"{SHAPE}/gpu"),
    # templates, tokens and Kubernetes *
    ("sweep", '"seed=0"', '"{{ lr }}"', "PBT902", f"{T0}/args/1"),
    ("sweep", '"seed=0"', '"{% if x %}"', "PBT902", f"{T0}/args/1"),
    ("sweep", '"seed=0"', '"{{ 1 + 1 }}"', "PBT902", f"{T0}/args/1"),
    ("sweep", '"seed=0"', '"{# x #}y"', "PBT902", f"{T0}/args/1"),
    ("sweep", '"seed=0"', r'"\x7b\x7b lr }}"', "PBT902", f"{T0}/args/1"),
    ("sweep", '"seed=0"', '"default-values"', "PBT902", f"{T0}/args/1"),
    ("sweep", '"seed=0"', '"{{uuid}}"', "PBT903", f"{T0}/args/1"),
    ("sweep", '"seed=0"', '"{{host:t01-ant}}"', "PBT903", f"{T0}/args/1"),
    ("sweep", '"seed=0"', '"{{input:0}}"', "PBT903", f"{T0}/args/1"),
    ("sweep", '"seed=0"', '"$(NOTE)"', "PBT938", f"{T0}/args/1"),
    # names
    ("sweep", '"t00-ant"', '"00-ant"', "PBT904", f"{T0}/name"),
    ("sweep", '"t00-ant"', '"t00.ant"', "PBT904", f"{T0}/name"),
    ("sweep", '"t00-ant"', '"T01_ant"', "PBT905", f"{T1}/name"),
    ("sweep", '"t00-ant"', '"t01-ant-group"', "PBT905", f"{T1}/name"),
    ("sweep", '"t00-ant"', f'"{"t" * 59}"', "PBT906", f"{T0}/name"),
    ("sweep", '"t00-ant"', '"osmo-init"', "PBT907", f"{T0}/name"),
    ("sweep", '  name: "ant-', '  name: "ant.', "PBT904", "/workflow/name"),
    # groups
    ("gang", '      lead: "true"\n', "", "PBT908", f"{G}/tasks"),
    ("gang", 'name: "t01-ant"', 'name: "t01-ant"\n      lead: true', "PBT908", f"{G1}/lead"),
    ("gang", 'barrier: "true"', 'barrier: "false"', "PBT909", f"{G}/barrier"),
    ("gang", 'Status: "true"', "Status: no", "PBT909", f"{G}/ignoreNonleadStatus"),
    ("gang", '"t01-ant t02-ant"', '"t01-ant"', "PBT909", f"{G0}/args/7"),
    ("gang", '"t01-ant t02-ant"', '"t01-ant t02-ant t03-ant"', "PBT909", f"{G0}/args/7"),
    ("gang", '"900"', '"15m"', "PBT909", f"{G0}/args/5"),
    ("gang", "mkdir -p", "mkdir", "PBT909", f"{G0}"),
    ("gang", "# pbt member: leaves", "# pbt member leaves", "PBT909", f"{G1}/args"),
    ("gang", 'name: "t01-ant"', 'name: "t09-ant"', "PBT909", f"{G1}/args/4"),
    ("gang", f'"{MARKS}"', '"/tmp/marks"', "PBT909", f"{G1}/args/3"),
    ("gang", '      - "/mnt/team"', '      - "/mnt/other"', "PBT919", f"{G0}/args/3"),
    ("gang", GROUP, "  tasks:", "PBT910", T0),
    # limits, resources, times
    ("sweep", '  name: "ant-', '  # max_tasks: 1\n  name: "ant-', "PBT911", T1),
    ("gang", '  name: "ant-', '  # max_tasks: 2\n  name: "ant-', "PBT912", f"{G}/tasks/2"),
    ("sweep", "  tasks:", '  labels: {"a": "b"}\n  tasks:', "PBT913", "/workflow/labels"),
    ("sweep", '"32Gi"', '"32G"', "PBT914", f"{SHAPE}/memory"),
    ("sweep", '"32Gi"', '"32GiB"', "PBT914", f"{SHAPE}/memory"),
    ("sweep", '"32Gi"', "32", "PBT914", f"{SHAPE}/memory"),
    ("sweep", '"32Gi"', '"32gi"', "PBT914", f"{SHAPE}/memory"),
    ("sweep", 'cpu: "4"', 'cpu: "0"', "PBT915", f"{SHAPE}/cpu"),
    ("sweep", 'cpu: "4"', "cpu: 0.5", "PBT915", f"{SHAPE}/cpu"),
    ("sweep", 'gpu: "1"', "gpu: -1", "PBT916", f"{SHAPE}/gpu"),
    ("sweep", '"7d"', '"0s"', "PBT923", "/workflow/timeout/exec_timeout"),
    ("sweep", '"7d"', '"10h5m"', "PBT923", "/workflow/timeout/exec_timeout"),
    ("sweep", '"7d"', '"1.5h"', "PBT923", "/workflow/timeout/exec_timeout"),
    ("sweep", 'resource: "gpu1-cpu4-mem32gi"', 'resource: "gpu"', "PBT926", f"{T0}/resource"),
    ("sweep", '    resource: "gpu1-cpu4-mem32gi"\n', "", "PBT926", f"{T0}/resource"),
    # mounts, variables, codes, files
    ("sweep", '- "/mnt/team"', '- "mnt/team"', "PBT917", f"{T0}/volumeMounts/0"),
    ("sweep", '- "/mnt/team"', '- "/a:/x"\n    - "/b:/x/"', "PBT917", f"{T0}/volumeMounts/1"),
    ("sweep", '- "/mnt/team"', '- "/mnt/team:/x:ro"', "PBT918", f"{T0}/volumeMounts/0"),
    ("sweep", '- "/mnt/team"', '- "/mnt/team:"', "PBT917", f"{T0}/volumeMounts/0"),
    ("sweep", 'SEED: "0"', '"2X": "0"', "PBT920", f"{T0}/environment/2X"),
    ("sweep", 'SEED: "0"', 'OSMO_CONFIG_FILE_DIR: "0"', "PBT920",
     f"{T0}/environment/OSMO_CONFIG_FILE_DIR"),
    ("sweep", 'SEED: "0"', 'WANDB_API_KEY: "x"', "PBT920", f"{T0}/environment/WANDB_API_KEY"),
    ("sweep", 'SEED: "0"', 'AWS_SECRET_ACCESS_KEY: "0123456789abcdef0123456789abcdef01234567"',
     "PBT921", f"{T0}/environment/AWS_SECRET_ACCESS_KEY"),
    ("gang", '"75,3001"', '"75,3001,75"', "PBT922", f"{G0}/exitActions/RESCHEDULE"),
    ("gang", '"75,3001"', '"80-75"', "PBT922", f"{G0}/exitActions/RESCHEDULE"),
    ("gang", '"75,3001"', '"1-23-4"', "PBT922", f"{G0}/exitActions/RESCHEDULE"),
    ("gang", '"75,3001"', '"300"', "PBT922", f"{G0}/exitActions/RESCHEDULE"),
    ("gang", "RESCHEDULE:", "RETRY:", "PBT922", f"{G0}/exitActions/RETRY"),
    ("sweep", IMAGE, 'image: "a/Trainer:1"', "PBT925", f"{T0}/image"),
    ("sweep", IMAGE, f"{IMAGE}\n    privileged: true", "PBT927", f"{T0}/privileged"),
    ("sweep", IMAGE, f"{IMAGE}\n    hostNetwork: on", "PBT927", f"{T0}/hostNetwork"),
    ("sweep", IMAGE, f'{IMAGE}\n    files: [{{path: "/osmo/x", contents: ""}}]', "PBT928",
     f"{T0}/files/0/path"),
    ("sweep", IMAGE, f'{IMAGE}\n    files: [{{path: "/x"}}]', "PBT928", f"{T0}/files/0"),
    ("sweep", IMAGE, f'{IMAGE}\n    backend: "x"', "PBT901", f"{T0}/backend"),
)  # fmt: skip
