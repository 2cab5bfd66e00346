"""The words of the 3xx codes: commands.

Must not know how anything is found out.
"""

from __future__ import annotations

from pbt_tui.diagnostics import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "PBT301",
        "error",
        "a quote that is not closed",
        "Commands are read as a POSIX shell would read them, and it would wait for the rest; the "
        "original passes half of the quote on (D15).",
        'Experiment("ant", "python train.py --note=it\'s")',
        'Experiment("ant", "python train.py --note=its")',
    ),
    Rule(
        "PBT302",
        "warning",
        "quotes and backslashes mean something here",
        "The original cuts commands at every blank and passes quotes on as they are; here "
        "they group words, as in a shell, so that values may hold blanks (D15). Both "
        "readings are shown.",
        'Experiment("ant", "python train.py --note=\'two words\'")',
        'Experiment("ant", "python train.py --note=two-words")',
    ),
    Rule(
        "PBT303",
        "note",
        "a blank too many",
        "The original makes an empty argument of every second blank; here it makes none (D15).",
        'Experiment("ant", "python  train.py")',
        'Experiment("ant", "python train.py")',
    ),
    Rule(
        "PBT304",
        "warning",
        "a value that falls apart at its blanks",
        "Without quotes a value with blanks is several arguments, here as with the original (D15).",
        'Experiment("ant", "python train.py", [{"layers": [256, 128]}])',
        'Experiment("ant", "python train.py", [{"layers": "[256,128]"}])',
    ),
    Rule(
        "PBT305",
        "note",
        "a setting is given twice",
        "The last one wins with Hydra and with argparse; it is shown so that nobody wonders (P19).",
        'Experiment("ant", "python train.py seed=-1 seed=7")',
        'Experiment("ant", "python train.py seed=7")',
    ),
    Rule(
        "PBT306",
        "error",
        "the command begins with what is no program",
        "A script without its interpreter, an option or a setting cannot be started (D13).",
        'Experiment("ant", "train.py --env=ant")',
        'Experiment("ant", "python train.py --env=ant")',
    ),
    Rule(
        "PBT307",
        "error",
        "text that no file can hold",
        "Half of a surrogate pair, usually of a file name that is not UTF-8, cannot be written.",
        'Experiment("ant", "python train.py", [{"note": "\\udc80"}])',
        'Experiment("ant", "python train.py", [{"note": "x"}])',
    ),
    Rule(
        "PBT308",
        "warning",
        "a word that only a shell would understand",
        "Commands are started without a shell: `$HOME`, `~/`, `&&`, `|` and `;` reach the program "
        "as they stand. The original's SLURM backend lets a shell act on them and its local one "
        "does not, so that one module means two things (D36, D44). OmegaConf's `${...}` is fine.",
        'Experiment("ant", "cd sim && python train.py --data=$HOME/data")',
        'Experiment("ant", "sh train.sh")',
    ),
    Rule(
        "PBT320",
        "error",
        "NUL character",
        "No operating system passes a NUL character in an argument or in the environment.",
        'Experiment("ant", "python train.py", [{"note": "a\\0b"}])',
        'Experiment("ant", "python train.py", [{"note": "a-b"}])',
    ),
    Rule(
        "PBT321",
        "error",
        "argument too long",
        "Linux passes at most 131,071 bytes in one argument; the job could not be started.",
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
        "A command stands in spec files, which are committed and copied, and every user of the "
        "machine can read it. Known forms of keys and tokens are refused, and what is called a "
        "password, a secret, an API key or a token, unless the value only stands for one, such "
        "as `${oc.env:WANDB_API_KEY}` or a path. Secrets are passed by name: plain processes "
        "inherit what `pbt-run` is started with, and containers take it with `--env_from NAME`.",
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
