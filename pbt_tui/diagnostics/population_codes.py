"""The words of the 4xx codes: populations.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

_LAB = (
    'CMD = "./isaaclab.sh train --rl_library rl_games agent.pbt.objective=episode.rate"\n'
    'MEMBERS = population(4, "isaaclab", workspace="ws")\n'
)
_LAB_BAD = _LAB + 'RunDescription("ant", [Experiment("ant", CMD, MEMBERS)])'
_LAB_RUN = (
    "RunDescription(\n"
    '    "ant",\n    [Experiment("ant", CMD, MEMBERS)],\n    param_prefix="",\n'
    '    experiment_arg_name="--wandb-name",\n'
    '    experiment_dir_arg_name="agent.pbt.directory",\n'
    "    customize_experiment_name=False,\n)"
)
_LAB_GOOD = _LAB + _LAB_RUN
_LAB_FOUR = 'MEMBERS = [{"agent.pbt.policy_idx": i} for i in range(4)]\n' + _LAB_RUN

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT401",
        "error",
        "population larger than what may run at once",
        "Members that never started count as the worst, so a population of which only a part can "
        "run at once never exchanges anything: 4 of 8 members give no exchange in 30 generations "
        "(P2). The original runs 4 jobs at once unless told otherwise.",
        "pbt-compile runs.ant_pbt --max_parallel 4      # a population of 8",
        "pbt-compile runs.ant_pbt --max_parallel 8      # or leave it out: it then fits",
    ),
    Rule(
        "PBT402",
        "error",
        "a member's number stands there twice, or is not below the size",
        "Each member finds the others by their numbers, which are the names of their folders. Two "
        "members of one number write over each other, and nobody reads a member whose number is "
        "not below `num_policies`.",
        'Experiment("ant", "python train.py pbt.num_policies=3", [{"pbt.policy_idx": i} for '
        "i in (0, 1, 1)])",
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
        "write into the same ones (P15).",
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
        "PBT409",
        "warning",
        "a fraction of nothing",
        "The worst 0 of a list are all of it to the trainers, so that everybody is replaced, and "
        "among the best 0 nobody can be chosen (P7).",
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.replace_fraction_worst=0", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.replace_fraction_worst=0.25", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
    ),
    Rule(
        "PBT410",
        "warning",
        "population-based training is switched off",
        "Jobs that name an index are members, but with this switch off each trains for itself. "
        "Isaac Lab has it off unless the command or the trainer's configuration says otherwise.",
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.enabled=False", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.enabled=True", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
    ),
    Rule(
        "PBT411",
        "warning",
        "an objective that cannot be read",
        "Isaac Lab and rl_games write the objective of a member into a file. A tensor comes out "
        "as something that no member reads again: everybody counts as absent, nothing is ever "
        "exchanged, and no error is shown (P3). `episode.consecutive_successes` is one. It is a "
        "note where the command names no objective, since then it cannot be seen here.",
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=4 "\n'
        'CMD += "agent.pbt.objective=episode.consecutive_successes"\n' + _LAB_FOUR,
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=4 "\n'
        'CMD += "agent.pbt.objective=episode.success_rate"      # a plain number: float(…)\n'
        + _LAB_FOUR,
    ),
    Rule(
        "PBT412",
        "error",
        "an interval of no steps",
        "The trainers divide by the number of steps between two exchanges.",
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.interval_steps=0", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.interval_steps=10_000_000", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
    ),
    Rule(
        "PBT413",
        "error",
        "members in different directories",
        "Each experiment has a directory of its own, and IsaacGymEnvs keeps the workspace in it: "
        "members that are experiments of their own never see each other (P14).",
        'EXPERIMENTS = [\n    Experiment(f"ant{i}", "python train.py pbt.num_policies=4", '
        '[{"pbt.policy_idx": i}])\n    for i in range(4)\n]',
        'Experiment("ant", "python train.py pbt.num_policies=4", [{"pbt.policy_idx": i} for '
        "i in range(4)])",
    ),
    Rule(
        "PBT414",
        "warning",
        "an option that a restart forgets",
        "A member of Isaac Lab restarts itself to take over another's weights. Options that its "
        "script reads itself are gone by then, but for the few that it puts back: the device and "
        "the number of iterations are not among them (P11).",
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=4 --device=cuda:0"\n'
        + _LAB_FOUR,
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=4"\n' + _LAB_FOUR,
    ),
    Rule(
        "PBT415",
        "warning",
        "a part of a population",
        "The run has some of the numbers below `num_policies`. That is right where the other "
        "members are started elsewhere, on a folder that all of them share; where they are not, "
        "absent members count as the worst, and nothing may ever be exchanged. Never renumber "
        "members: the numbers are their folders.",
        'CMD = "python train.py pbt.num_policies=8 pbt.workspace=/data/ant"\n'
        'Experiment("ant", CMD, [{"pbt.policy_idx": i} for i in range(4, 8)])',
        'CMD = "python train.py pbt.num_policies=8 pbt.workspace=/data/ant"\n'
        'Experiment("ant", CMD, [{"pbt.policy_idx": i} for i in range(8)])',
    ),
    Rule(
        "PBT416",
        "error",
        "a member that two runs have",
        "Members are folders of the workspace, called by their number: two process lists with the "
        "same member of one workspace write into the same folder. `pbt-compile --validate` looks "
        "at all the folders that it is given.",
        'A = "python train.py pbt.num_policies=8 pbt.workspace=/data/ant"\n'
        'Experiment("ant", A, [{"pbt.policy_idx": i} for i in range(8)])\n\n'
        "pbt-compile runs.ant --out specs --experiment_suffix low\n"
        "pbt-compile runs.ant --out specs --experiment_suffix high\n"
        "pbt-compile --validate specs",
        'A = "python train.py pbt.num_policies=8 pbt.workspace=/data/ant"\n'
        'Experiment("ant", A, [{"pbt.policy_idx": i} for i in range(8)])\n\n'
        "pbt-compile runs.ant --out specs --experiment_suffix low\n"
        "pbt-compile --validate specs",
    ),
    Rule(
        "PBT417",
        "error",
        "an agent's setting with dashes",
        "Isaac Lab's script leaves settings such as `agent.pbt.policy_idx=0` to Hydra, which takes "
        "no dashes before them: with `--` the script ends with unrecognized arguments.",
        _LAB_BAD,
        _LAB_GOOD,
    ),
    Rule(
        "PBT418",
        "error",
        "an option that Isaac Lab does not have",
        "Isaac Lab's script has no `--experiment` and no `--train_dir`; its argparse takes the "
        "first for an abbreviation of another option. `agent.pbt.directory` is the folder that "
        "logs and workspace are made in, and `--wandb-name` a name for the tracker.",
        _LAB_BAD,
        _LAB_GOOD,
    ),
    Rule(
        "PBT420",
        "error",
        "population larger than the slots",
        "All members of a population have to run at once, each in a slot of its own; "
        "slots are GPUs, divided by the GPUs of a job, times the experiments on each "
        "GPU. `pbt-run` asks again, with the GPUs that are there (P2).",
        "pbt-compile runs.ant_pbt --num_gpus 2 --experiments_per_gpu 2      # a population of 8",
        "pbt-compile runs.ant_pbt --num_gpus 2 --experiments_per_gpu 4",
    ),
    Rule(
        "PBT421",
        "note",
        "`max_parallel` fits the population",
        "The original runs 4 jobs at once unless told otherwise; a larger population "
        "would never exchange anything (P2). So what is not given is made to fit.",
        "pbt-compile runs.ant_pbt      # a population of 8",
        "pbt-compile runs.ant_pbt --max_parallel 8",
    ),
    Rule(
        "PBT422",
        "warning",
        "members that start within one second",
        "Isaac Lab calls the folder of a run after the second in which it starts: members that "
        "start in the same one write their logs and checkpoints into one folder (P13).",
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=4"\n'
        + _LAB_FOUR
        + "\n\n"
        + "pbt-compile runs.ant --pause_between 0",
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=4"\n'
        + _LAB_FOUR
        + "\n\n"
        + "pbt-compile runs.ant --pause_between 30",
    ),
    Rule(
        "PBT423",
        "warning",
        "containers do not see the workspace",
        "Members find each other's checkpoints by absolute paths, so that every container has to "
        "show the workspace, at its own path, to be written to (P14). What lies below the folder "
        "that `pbt-run` is started in, or below `train_dir`, is shown anyway.",
        'CMD = "python train.py pbt.num_policies=4 pbt.workspace=/data/ant"\n'
        'Experiment("ant", CMD, [{"pbt.policy_idx": i} for i in range(4)])\n\n'
        "pbt-compile runs.ant --image ant",
        'CMD = "python train.py pbt.num_policies=4 pbt.workspace=/data/ant"\n'
        'Experiment("ant", CMD, [{"pbt.policy_idx": i} for i in range(4)])\n\n'
        "pbt-compile runs.ant --image ant --mount /data:/data",
    ),
    Rule(
        "PBT424",
        "error",
        "two workspaces that may be the population's",
        "Isaac Lab and rl_games keep the workspace below a folder that the trainer's configuration "
        "names. Where the command does not say that name, `pbt-run` looks for the workspace on "
        "disk, and two configurations with a workspace of that name leave it undecided which one "
        "holds this population.",
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=2"\n'
        'CMD += " agent.pbt.workspace=w"\n'
        'MEMBERS = [{"agent.pbt.policy_idx": i} for i in range(2)]\n'
        + _LAB_RUN
        + "\n\nmkdir -p train_dir/ant/ant_/logs/rl_games/ant/w\n"
        "mkdir -p train_dir/ant/ant_/logs/rl_games/ball/w\n"
        "pbt-compile runs.ant\n"
        "pbt-run specs/ant",
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=2"\n'
        'CMD += " agent.pbt.workspace=w"\n'
        'CMD += " agent.params.config.name=ant"\n'
        'MEMBERS = [{"agent.pbt.policy_idx": i} for i in range(2)]\n'
        + _LAB_RUN
        + "\n\nmkdir -p train_dir/ant/ant_/logs/rl_games/ant/w\n"
        "mkdir -p train_dir/ant/ant_/logs/rl_games/ball/w\n"
        "pbt-compile runs.ant\n"
        "pbt-run specs/ant",
    ),
    Rule(
        "PBT450",
        "error",
        "the workspace holds an older population",
        "The members would take the generations that lie there for those of their neighbours, and "
        "begin with somebody else's weights (P15). `pbt-run` asks the disk before it starts "
        "anything; a run that is continued is not asked.",
        "mkdir -p train_dir/ant_pbt/ant_/runs/pbt_workspace/000\n"
        "touch train_dir/ant_pbt/ant_/runs/pbt_workspace/000/000007.yaml\n"
        "pbt-run runs.ant_pbt",
        "pbt-run runs.ant_pbt --experiment_suffix second",
    ),
)
