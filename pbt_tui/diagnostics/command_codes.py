"""Rules 3xx: commands."""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT301",
        "error",
        "a quote that is not closed",
        "Commands are split as a POSIX shell splits them, and a shell would wait for the closing "
        "quote. The upstream launcher passes the single quote character to the program (D15).",
        'Experiment("ant", "python train.py --note=it\'s")',
        'Experiment("ant", "python train.py --note=its")',
    ),
    Rule(
        "PBT302",
        "warning",
        "quotes or backslashes in a command",
        "The upstream launcher splits commands at every space and passes quotes to the program "
        "unchanged. Here quotes group the text of one argument, as in a shell, so that values may "
        "contain spaces (D15). The finding shows both readings.",
        'Experiment("ant", "python train.py --note=\'two words\'")',
        'Experiment("ant", "python train.py --note=two-words")',
    ),
    Rule(
        "PBT303",
        "note",
        "superfluous space",
        "The upstream launcher makes an empty argument of each superfluous space. Here the space "
        "is ignored (D15).",
        'Experiment("ant", "python  train.py")',
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT304",
        "warning",
        "a value or a name is split at its spaces",
        "Without quotes a value, a name or a directory that contains spaces becomes several "
        "arguments, here as in the upstream launcher (D15).",
        'Experiment("ant", "python train.py", [{"layers": [256, 128]}])',
        'Experiment("ant", "python train.py", [{"layers": "[256,128]"}])',
    ),
    Rule(
        "PBT305",
        "note",
        "a setting is given twice",
        "Hydra and argparse use the last value, so the others have no effect (P19).",
        'Experiment("ant", "python train.py seed=-1 seed=7")',
        'Experiment("ant", "python train.py seed=7")',
    ),
    Rule(
        "PBT306",
        "error",
        "the command begins with what is no program",
        "A script without its interpreter, an option, a setting or a word that only a shell "
        "knows cannot be started (D13). A template of SLURM or NGC, or `--command_prefix`, may "
        "supply the program instead.",
        'Experiment("ant", "train.py --env=ant")',
        'Experiment("ant", "python train.py --env=ant")',
    ),
    Rule(
        "PBT307",
        "error",
        "text that cannot be encoded as UTF-8",
        "The text contains an unpaired surrogate, which usually comes from a file name that is "
        "not UTF-8.",
        'Experiment("ant", "python train.py", [{"note": "\\udc80"}])',
        'Experiment("ant", "python train.py", [{"note": "x"}])',
    ),
    Rule(
        "PBT308",
        "warning",
        "shell syntax in a command",
        "Commands are started without a shell: `$HOME`, `~/`, `&&`, `|`, `;`, `>log.txt` and "
        "comments reach the program unchanged, and so does `$HOME` in a parameter. In the upstream "
        "launcher a shell interprets them with SLURM and not locally, so one module has two "
        "meanings (D36, D44). OmegaConf's `${...}` is fine, and so are operators inside an "
        "argument, such as `--filter=a|b`.",
        'Experiment("ant", "python train.py --data=$HOME/data")',
        'Experiment("ant", "sh train.sh")',
    ),
    Rule(
        "PBT309",
        "warning",
        "two settings in one word",
        "Python joins two strings that stand side by side without a blank, so that the second "
        "setting becomes a part of the value of the first one.",
        'Experiment("ant", "python train.py --dir=runs" "--headless=True")',
        'Experiment("ant", "python train.py --dir=runs " "--headless=True")',
    ),
    Rule(
        "PBT310",
        "error",
        "typographic character in a command",
        "Word processors and web pages replace `--`, quotes and blanks by characters that look "
        "like them. No program and no shell reads those as options, quotes or blanks.",
        'Experiment("ant", "python train.py \u2013lr=0.1")',
        'Experiment("ant", "python train.py --lr=0.1")',
    ),
    Rule(
        "PBT320",
        "error",
        "NUL character",
        "No operating system accepts a NUL character in an argument or in the environment.",
        'Experiment("ant", "python train.py", [{"note": "a\\0b"}])',
        'Experiment("ant", "python train.py", [{"note": "a-b"}])',
    ),
    Rule(
        "PBT321",
        "error",
        "argument too long",
        "Linux accepts at most 131,071 bytes in one argument, so the job could not be started.",
        'Experiment("ant", "python train.py", [{"weights": "0.5," * 100_000}])',
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
    Rule(
        "PBT324",
        "error",
        "a secret in a command",
        "Spec files contain the command and are committed and copied, and every user of the "
        "machine can read the command of a running process. This rule refuses known formats of "
        "keys and tokens, and the value of anything that is called a password, a secret, an API "
        "key or a token. A value that only refers to the secret, such as "
        "`${oc.env:WANDB_API_KEY}` or a path, is allowed. Pass secrets by name: plain processes "
        "inherit the environment of `pbt-run`, and containers get the variable with `--env_from "
        "NAME`.",
        'Experiment("ant", "python train.py --wandb_api_key=8d7f2c90b1e64a35")',
        'Experiment("ant", "python train.py")\n\n'
        "pbt-compile runs.ant --image ant --env_from WANDB_API_KEY",
    ),
    Rule(
        "PBT325",
        "error",
        "braces that name no placeholder",
        "`{name}`, `{dir}`, `{member}` and `{port}` in a base command are filled where the run "
        "module sets an `argument_style`, passes None for one of the names of arguments, or says "
        "`placeholders=True`. Other names in braces are refused there, because a misspelt "
        "placeholder would reach the trainer as text. Doubled braces stand for the text itself.",
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py --tag={nmae}")], placeholders=True\n)',
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py --tag={name}")], placeholders=True\n)',
    ),
    Rule(
        "PBT326",
        "error",
        "a placeholder without a value",
        "`{member}` stands for the index of a member in its population; a job that is no member "
        "has none.",
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py --tag={member}")], placeholders=True\n)',
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py --tag={name}")], placeholders=True\n)',
    ),
    Rule(
        "PBT327",
        "error",
        "a placeholder and the same text in one command",
        "The executor replaces each `{port}` of a command when an attempt starts. It cannot tell "
        "one that a parameter or `{{port}}` means as text.",
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py --port={port} --note={{port}}")],\n'
        "    placeholders=True,\n)",
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py --port={port}")], placeholders=True\n)',
    ),
    Rule(
        "PBT328",
        "error",
        "a port on NGC",
        "`{port}` stands for a port that the executor finds free on the machine, or the task on "
        "its node. A job on NGC has a network of its own and nobody who could look for a port: "
        "there a fixed number does.",
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py --port={port}")], placeholders=True\n)\n\n'
        "pbt-compile runs/ant.py --backend ngc --image a/b:1 --ngc_org acme --ngc_ace acme-ace "
        "--ngc_instance dgxa100.80g.1.norm",
        "RUN_DESCRIPTION = RunDescription(\n"
        '    "ant", [Experiment("ant", "python train.py --port=29500")]\n)\n\n'
        "pbt-compile runs/ant.py --backend ngc --image a/b:1 --ngc_org acme --ngc_ace acme-ace "
        "--ngc_instance dgxa100.80g.1.norm",
    ),
)
