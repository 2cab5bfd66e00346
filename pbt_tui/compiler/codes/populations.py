"""The words of the 4xx codes: populations.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.compiler.codes import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT401",
        "error",
        "population larger than what may run at once",
        "Members that never started count as the worst, so a population of which only a part can "
        "run at once never exchanges anything: 4 of 8 members give no exchange in 30 generations.",
        "pbt-compile runs.ant --max_parallel 4      # the population has 8 members",
        "pbt-compile runs.ant --max_parallel 8      # or leave it out: it then fits the population",
    ),
    Rule(
        "PBT402",
        "error",
        "members are not numbered 0 to N-1",
        "Each member finds the others by their numbers; one that is missing counts as the "
        "worst for ever, and one that is there twice writes over its twin.",
        'Experiment("ant", "python train.py pbt.num_policies=3", [{"pbt.policy_idx": i} for '
        "i in (0, 1, 3)])",
        'Experiment("ant", "python train.py pbt.num_policies=3", [{"pbt.policy_idx": i} for '
        "i in range(3)])",
    ),
    Rule(
        "PBT403",
        "error",
        "the population is not as large as its members think",
        "A member waits for as many others as `num_policies` says, 8 if nothing is said; "
        "those that never start count as the worst, and nothing is exchanged (P2, P19).",
        'Experiment("ant", "python train.py task=Ant", [{"pbt.policy_idx": i} for i in range(4)])',
        'Experiment("ant", "python train.py task=Ant pbt.num_policies=4", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
    ),
    Rule(
        "PBT404",
        "error",
        "two populations in one workspace",
        "Members are folders of the workspace, called by their number: two populations would "
        "write into the same ones.",
        'Experiment(\n    "ant",\n    "python train.py pbt.num_policies=4",\n'
        '    ParamGrid([("lr", [1, 2]), ("pbt.policy_idx", range(4))]).generate_params(),\n)',
        'Experiment(\n    "ant",\n    "python train.py pbt.num_policies=4",\n    ParamGrid([\n'
        '        (("lr", "pbt.workspace"), [(1, "a"), (2, "b")]),\n'
        '        ("pbt.policy_idx", range(4)),\n    ]).generate_params(),\n)',
    ),
    Rule(
        "PBT405",
        "error",
        "members differ in more than their number",
        "Members are compared with each other, and what one has learned is continued by "
        "another: they have to be the same training.",
        'Experiment("ant", "python train.py pbt.num_policies=3", [{"pbt.policy_idx": i, '
        '"task": f"Ant{i}"} for i in range(3)])',
        'Experiment("ant", "python train.py pbt.num_policies=3 task=Ant", '
        '[{"pbt.policy_idx": i} for i in range(3)])',
    ),
    Rule(
        "PBT406",
        "warning",
        "a value with an equals sign",
        "A member restarts itself with its own arguments, which it cuts in two at `=`; a "
        "second one ends it there (P1).",
        'Experiment("ant", "python train.py pbt.num_policies=3 note=a=b", '
        '[{"pbt.policy_idx": i} for i in range(3)])',
        'Experiment("ant", "python train.py pbt.num_policies=3 note=a-b", '
        '[{"pbt.policy_idx": i} for i in range(3)])',
    ),
    Rule(
        "PBT407",
        "warning",
        "a population too small to exchange anything",
        "With IsaacGymEnvs more than two members have to be there, elsewhere one needs another.",
        'Experiment("ant", "python train.py pbt.num_policies=2", [{"pbt.policy_idx": i} for '
        "i in range(2)])",
        'Experiment("ant", "python train.py pbt.num_policies=4", [{"pbt.policy_idx": i} for '
        "i in range(4)])",
    ),
    Rule(
        "PBT408",
        "warning",
        "all members have the same seed",
        "Members that begin alike explore alike, and there is less to choose from.",
        'Experiment("ant", "python train.py pbt.num_policies=3 seed=42", [{"pbt.policy_idx": '
        "i} for i in range(3)])",
        'Experiment("ant", "python train.py pbt.num_policies=3 seed=-1", [{"pbt.policy_idx": '
        "i} for i in range(3)])",
    ),
    Rule(
        "PBT420",
        "error",
        "population larger than the slots",
        "All members of a population have to run at once, each in a slot of its own; "
        "slots are GPUs, divided by the GPUs of a job, times the experiments on each "
        "GPU.",
        "pbt-compile runs.ant --num_gpus 2 --experiments_per_gpu 2      # the "
        "population has 8 members",
        "pbt-compile runs.ant --num_gpus 2 --experiments_per_gpu 4",
    ),
    Rule(
        "PBT421",
        "note",
        "`max_parallel` fits the population",
        "The original runs 4 jobs at once unless told otherwise; a larger population "
        "would never exchange anything (P2). So what is not given is made to fit.",
        "pbt-compile runs.ant      # the population has 8 members",
        "pbt-compile runs.ant --max_parallel 8",
    ),
)
