"""Rules 1xx: the run module and what it describes."""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT101",
        "error",
        "the run module cannot be imported",
        "`pbt-compile` imports the module in a separate process, for at most `--load_timeout` "
        "seconds. The module must not end that process, and the packages that it imports must be "
        "installed. Where IsaacGymEnvs or Sample-Factory are not installed, stand-ins replace "
        "their launcher classes (D13, D50, D51). A module is named with dots or as a file (D49).",
        "import my_simulator      # not installed where the module is compiled\n\n"
        'RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py")])',
        'RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py")])',
    ),
    Rule(
        "PBT102",
        "error",
        "the module describes no run",
        "`pbt-compile` reads the run from `RUN_DESCRIPTION`, a `RunDescription` that holds a list "
        "of `Experiment`s.",
        'gridsearch = RunDescription("ant", [Experiment("ant", "python train.py")])',
        'RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py")])',
    ),
    Rule(
        "PBT103",
        "error",
        "invalid value in a description",
        "The upstream launcher fails on such a value while it expands the run; this finding names "
        "the place. Invalid are values that are not a list, a tuple of names with too few values, "
        "a grid in place of its parameters, and a parameter name that begins with a separator or "
        "has two in a row (D6, D7, D14).",
        'Experiment("ant", "python train.py", ParamGrid([("seed", 1)]).generate_params())',
        'Experiment("ant", "python train.py", ParamGrid([("seed", [1])]).generate_params())',
    ),
    Rule(
        "PBT105",
        "error",
        "no jobs",
        "A run without experiments has nothing to start.",
        'RUN_DESCRIPTION = RunDescription("ant", [])',
        'RUN_DESCRIPTION = RunDescription("ant", [Experiment("ant", "python train.py")])',
    ),
    Rule(
        "PBT106",
        "error",
        "a parameter without values",
        "One empty list of values makes the whole grid empty. The upstream launcher then runs the "
        "command once without parameters and reports nothing (D1).",
        'Experiment("ant", "python train.py", ParamGrid([("seed", [])]).generate_params())',
        'Experiment("ant", "python train.py", ParamGrid([("seed", [1, 2])]).generate_params())',
    ),
    Rule(
        "PBT107",
        "error",
        "a generator of parameters is used twice",
        "`generate_params()` returns a generator, which can be iterated only once. A second "
        "experiment with the same generator gets no parameters, and the upstream launcher runs "
        "its command once without any (D2).",
        'params = ParamGrid([("seed", [1, 2])]).generate_params()\n'
        'EXPERIMENTS = [Experiment("a", "python train.py", params), Experiment("b", "python '
        'train.py", params)]',
        'grid = ParamGrid([("seed", [1, 2])])\n'
        "EXPERIMENTS = [\n"
        '    Experiment("a", "python train.py", grid.generate_params()),\n'
        '    Experiment("b", "python train.py", grid.generate_params()),\n'
        "]",
    ),
    Rule(
        "PBT108",
        "warning",
        "an iterator of parameters is empty",
        "The iterator yielded nothing, so the command runs once without parameters. Another "
        "experiment may have consumed the iterator before (D2).",
        'Experiment("ant", "python train.py", iter([]))',
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT109",
        "error",
        "a parameter is named twice",
        "If a grid names a parameter twice, only the last list of values counts. If a tuple names "
        "it twice, the same job is produced several times (D5).",
        'Experiment("ant", "python train.py", ParamGrid([("seed", [1, 2]), ("seed", '
        "[3])]).generate_params())",
        'Experiment("ant", "python train.py", ParamGrid([("seed", [1, 2, 3])]).generate_params())',
    ),
    Rule(
        "PBT110",
        "error",
        "more values than names",
        "The upstream launcher silently drops the values for which the tuple has no name (D6).",
        'Experiment("ant", "python train.py", ParamGrid([(("a", "b"), [(1, 2, '
        "3)])]).generate_params())",
        'Experiment("ant", "python train.py", ParamGrid([(("a", "b", "c"), [(1, 2, '
        "3)])]).generate_params())",
    ),
    Rule(
        "PBT111",
        "error",
        "the letters of a text are the values",
        "Where a list of values is meant a text is a list too: of its letters (D6).",
        'Experiment("ant", "python train.py", ParamGrid([("env", "ant")]).generate_params())',
        'Experiment("ant", "python train.py", ParamGrid([("env", ["ant"])]).generate_params())',
    ),
    Rule(
        "PBT112",
        "error",
        "an experiment without a name",
        "The name of each job and the directory begin with the name of the experiment.",
        'Experiment("", "python train.py")',
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT113",
        "error",
        "invalid amount of a resource",
        "`gpus` and `cpus` are counts. `memory` is a number of bytes or a text such as `16G`.",
        'Experiment("ant", "python train.py", resources={"memory": "lots"})',
        'Experiment("ant", "python train.py", resources={"memory": "16G"})',
    ),
    Rule(
        "PBT116",
        "error",
        "a value that the argument style has no words for",
        "Styles that write the items of a list as arguments of their own have no words for a "
        "dictionary, for a list of lists, or for an item that the trainer would read as an option. "
        "Text is passed on as one argument.",
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py", [{"net": {"pi": 64}}])],\n'
        '    argument_style="argparse",\n)',
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py", [{"net": \'{"pi": 64}\'}])],\n'
        '    argument_style="argparse",\n)',
    ),
    Rule(
        "PBT118",
        "warning",
        "the import writes files",
        "`pbt-compile` imports a run module in two processes at once, and every other command "
        "that is given the module imports it again. Each import writes the files below the "
        "current folder again. A check in CI then finds a working tree that is not clean.",
        'FILE = open("log.txt", "w")\n\nExperiment("ant", "python train.py")',
        'if __name__ == "__main__":\n    FILE = open("log.txt", "w")\n\n'
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT119",
        "warning",
        "the import leaves processes behind",
        "Processes that a run module starts are ended after its import. Otherwise each command "
        "that imports the module would start them again, and nothing would ever stop them.",
        'import subprocess\n\nSERVER = subprocess.Popen(["sleep", "600"])\n'
        'Experiment("ant", "python train.py")',
        'Experiment("ant", "./with_server.sh python train.py")      # what a job needs, it starts',
    ),
    Rule(
        "PBT120",
        "error",
        "the description differs between two loads",
        "The module is imported twice, the second time with another clock and another order of "
        "sets. A value differs: it depends on random numbers, the clock, a process id, a UUID, an "
        "object's memory address or another source that the message names. No two compilations "
        "agree, and nobody can repeat the run (D12). `pbt-run` only warns, and keeps the first "
        "value in its spec.",
        'import random\n\nExperiment("ant", "python train.py", [{"seed": random.random()}])',
        'import random\n\nExperiment("ant", "python train.py", [{"seed": random.random()}])\n\n'
        "pbt-compile runs.ant --seed 0      # or write the seed into the module",
    ),
)
