"""Rules 4xx: populations."""

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
        "population larger than `max_parallel`",
        "Members that never started rank as the worst, so a population of which only a part can "
        "run at once never exchanges anything: with 4 of 8 members running there was no exchange "
        "in 30 generations (P2). The upstream launcher runs 4 jobs at once by default.",
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
        "population size differs from `num_policies`",
        "A member expects as many members as `num_policies` says, by default 8. Members that "
        "never start rank as the worst, and nothing is exchanged (P2, P19).",
        'Experiment("ant", "python train.py task=Ant", [{"pbt.policy_idx": i} for i in range(4)])',
        'Experiment("ant", "python train.py task=Ant pbt.num_policies=4", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
    ),
    Rule(
        "PBT404",
        "error",
        "two populations in one workspace",
        "Members write into folders of the workspace that are named after their numbers, so two "
        "populations would write into the same folders (P15).",
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
        "The trainer compares members with each other, and one member continues from the weights "
        "of another. All members must therefore run the same training.",
        'Experiment("ant", "python train.py pbt.num_policies=3", [{"pbt.policy_idx": i, '
        '"task": f"Ant{i}"} for i in range(3)])',
        'Experiment("ant", "python train.py pbt.num_policies=3 task=Ant", '
        '[{"pbt.policy_idx": i} for i in range(3)])',
    ),
    Rule(
        "PBT406",
        "warning",
        "a value with an equals sign",
        "A member restarts itself with its own arguments, which it splits at `=`. A second `=` in "
        "an argument ends the member at its first restart (P1).",
        'Experiment("ant", "python train.py pbt.num_policies=3 note=a=b", '
        '[{"pbt.policy_idx": i} for i in range(3)])',
        'Experiment("ant", "python train.py pbt.num_policies=3 note=a-b", '
        '[{"pbt.policy_idx": i} for i in range(3)])',
    ),
    Rule(
        "PBT407",
        "warning",
        "a population too small to exchange anything",
        "IsaacGymEnvs exchanges weights only among more than two members. The other trainers need "
        "at least two.",
        'Experiment("ant", "python train.py pbt.num_policies=2", [{"pbt.policy_idx": i} for '
        "i in range(2)])",
        'Experiment("ant", "python train.py pbt.num_policies=4", [{"pbt.policy_idx": i} for '
        "i in range(4)])",
    ),
    Rule(
        "PBT408",
        "warning",
        "all members have the same seed",
        "Members with the same seed explore alike, so the population has less variety to select "
        "from.",
        'Experiment("ant", "python train.py pbt.num_policies=3 seed=42", [{"pbt.policy_idx": '
        "i} for i in range(3)])",
        'Experiment("ant", "python train.py pbt.num_policies=3 seed=-1", [{"pbt.policy_idx": '
        "i} for i in range(3)])",
    ),
    Rule(
        "PBT409",
        "warning",
        "a fraction of 0",
        "The trainers read the worst 0 members of a list as the whole list, so every member is "
        "replaced. Among the best 0 members there is no donor (P7).",
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.replace_fraction_worst=0", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.replace_fraction_worst=0.25", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
    ),
    Rule(
        "PBT410",
        "warning",
        "population-based training is switched off",
        "Jobs that name a member index are members, but with this switch off each job trains "
        "alone. In Isaac Lab the switch is off unless the command or the trainer's configuration "
        "turns it on.",
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.enabled=False", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
        'Experiment("ant", "python train.py pbt.num_policies=4 pbt.enabled=True", '
        '[{"pbt.policy_idx": i} for i in range(4)])',
    ),
    Rule(
        "PBT411",
        "warning",
        "an objective that cannot be read",
        "Isaac Lab and rl_games write the objective of a member into a file. If the objective is "
        "a tensor, no member can read that file: every member counts as absent, nothing is ever "
        "exchanged, and no error is shown (P3). `episode.consecutive_successes` is a tensor. The "
        "finding is a note if the command names no objective, because the compiler cannot see it "
        "then.",
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=4 "\n'
        'CMD += "agent.pbt.objective=episode.consecutive_successes"\n' + _LAB_FOUR,
        'CMD = "python train.py agent.pbt.enabled=True agent.pbt.num_policies=4 "\n'
        'CMD += "agent.pbt.objective=episode.success_rate"      # a plain number: float(…)\n'
        + _LAB_FOUR,
    ),
    Rule(
        "PBT412",
        "error",
        "an interval of 0 steps or fewer",
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
        "Each experiment has its own directory, and IsaacGymEnvs keeps the workspace in that "
        "directory. Members that are separate experiments therefore never see each other (P14).",
        'EXPERIMENTS = [\n    Experiment(f"ant{i}", "python train.py pbt.num_policies=4", '
        '[{"pbt.policy_idx": i}])\n    for i in range(4)\n]',
        'Experiment("ant", "python train.py pbt.num_policies=4", [{"pbt.policy_idx": i} for '
        "i in range(4)])",
    ),
    Rule(
        "PBT414",
        "warning",
        "an option that is lost at a restart",
        "A member of Isaac Lab restarts itself to take over another member's weights. The restart "
        "loses the options that the training script parses itself, except for a few that the "
        "script adds again. The device and the number of iterations are not among those (P11).",
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
        "population larger than the number of slots",
        "All members of a population must run at once, each in its own slot. The number of slots "
        "is the number of GPUs, divided by the GPUs of a job, times the experiments on each GPU. "
        "`pbt-run` repeats the check with the GPUs of its machine (P2).",
        "pbt-compile runs.ant_pbt --num_gpus 2 --experiments_per_gpu 2      # a population of 8",
        "pbt-compile runs.ant_pbt --num_gpus 2 --experiments_per_gpu 4",
    ),
    Rule(
        "PBT421",
        "note",
        "`max_parallel` is set to the population size",
        "The upstream launcher runs 4 jobs at once by default, and a larger population would then "
        "never exchange anything (P2). If `max_parallel` is not given, it is raised to the size "
        "of the population. A module that calls `population(…)` gets no note.",
        "pbt-compile runs.ant_pbt      # a population of 8",
        "pbt-compile runs.ant_pbt --max_parallel 8",
    ),
    Rule(
        "PBT422",
        "warning",
        "members that start within one second",
        "Isaac Lab names the folder of a run after the second in which the run starts. Members "
        "that start in the same second write their logs and checkpoints into one folder (P13).",
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
        "containers do not mount the workspace",
        "Members find each other's checkpoints by absolute paths, so every container must mount "
        "the workspace at its own path, and writable (P14). The folder in which `pbt-run` is "
        "started and `train_dir` are always mounted, with all that lies below them.",
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
        "The members would read the generations in the workspace as those of their own "
        "population, and start with the weights of the older one (P15). `pbt-run` checks the "
        "workspace before it starts a run. It does not check when it continues a run.",
        "mkdir -p train_dir/ant_pbt/ant_/runs/pbt_workspace/000\n"
        "touch train_dir/ant_pbt/ant_/runs/pbt_workspace/000/000007.yaml\n"
        "pbt-run runs.ant_pbt",
        "pbt-run runs.ant_pbt --experiment_suffix second",
    ),
)
