"""Rules PBT601 to PBT641: each with input that fails and input that passes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends.slurm import render as slurm
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.rules import check
from pbt_tui.compiler.rendering import render
from pbt_tui.spec import Mount
from tests.compiler.compile_specs import box, gang, job, spec


def found(of: Any = None, **more: Any) -> list[str]:
    return [str(d) for d in check(of or spec(), Slurm(**more))]


def codes(of: Any = None, **more: Any) -> list[str]:
    return [d.code for d in check(of or spec(), Slurm(**more))]


def template(*lines: str, **more: Any) -> list[str]:
    return found(sbatch_template="\n".join(("#!/bin/bash", *lines)) + "\n", **more)


def of_template(*lines: str, **more: Any) -> list[str]:
    return [said[said.index("[") + 1 : said.index("]")] for said in template(*lines, **more)]


def test_defaults_are_in_order() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("partition", "a\nb", "contains a line break or another control character"),
        ("account", "\x1b[1m", "contains a line break"),
        ("exclude", "n" * 1025, "`--slurm_exclude` has 1025 bytes: SLURM accepts 1024"),
        ("constraint", "é" * 513, "has 1026 bytes"),
        ("prologue", ("true", "a\nb"), "error[PBT620]: /settings/prologue/1: `--slurm_prologue`"),
        ("workdir", "a\0", "contains a line break"),
        ("timeout", "4h; rm x", "`--slurm_timeout` is not a time: `4h; rm x`"),
    ],
)
def test_pbt620_values_that_no_directive_can_hold(field: str, value: Any, said: str) -> None:
    [one] = found(**{field: value})
    assert one.startswith("error[PBT620]")
    assert said in one
    assert found(**{field: ("true\ttrue",) if field == "prologue" else "n" * 1024}) == []


@pytest.mark.parametrize("signal", ["USR1@90", "B:USR1@120", "SIGUSR2@300", "HUP@65535"])
def test_early_signals_that_arrive(signal: str) -> None:
    assert found(signal=signal) == []


@pytest.mark.parametrize(
    "signal",
    ["BUSR1@120", "BUSR1", "USR1", "USR1@", "USR1@0", "USR1@65536", "R:USR1@120", "TERM@120",
     "INT@120", "KILL@120", "usr1@120", "USR1@120 ", "USR1@1.5", "USR1@" + "9" * 30],
)  # fmt: skip
def test_pbt621_early_signals_that_reach_nobody(signal: str) -> None:
    assert found(signal=signal) == [
        (
            f"error[PBT621]: /settings/signal: early signal `{signal}` does not reach the program\n"
            "hint: write `USR1@120`: one of USR1, USR2, HUP, and 1 to 65535 seconds"
        )
    ]


def test_pbt622_and_pbt623_when_a_signal_comes() -> None:
    assert codes(signal="USR1@120", time=120) == ["PBT622"]
    assert codes(signal="USR1@120", time=121) == []
    assert codes(signal="USR1@89") == ["PBT623"]
    assert codes(signal="USR1@90") == []
    assert "2 min" not in found(signal="USR1@120", time=60)[0]


def test_numbers_that_mean_something_else_to_slurm() -> None:
    assert codes(time=0) == ["PBT627"]
    assert codes(cpus=0) == ["PBT628"]
    assert codes(memory=0) == ["PBT628"]
    assert codes(throttle=0) == ["PBT625"]
    assert codes(throttle=4, files=True) == ["PBT625"]
    assert codes(max_array=1001) == []
    assert codes(max_array=1002) == ["PBT624"]
    assert codes(max_array=1002, files=True) == []


@pytest.mark.parametrize("kind", ["gpu:a100", "a100:2", "a 100", "gres/gpu", "", "a100,b"])
def test_pbt629_types_of_gpus(kind: str) -> None:
    if not kind:
        return
    assert codes(gpu_type=kind) == ["PBT629"]
    assert codes(gpu_type="nvidia_a100-sxm4.80gb") == []


def test_pbt626_and_pbt637_members_that_never_run_together() -> None:
    jobs, population = gang(8)
    crowd = spec(jobs=jobs, populations=(population,))
    [said] = found(crowd, throttle=4)
    assert said == (
        "warning[PBT626]: /settings/throttle: population `ant` has 8 members, but "
        "`--slurm_throttle 4` lets 4 run at once\nhint: pass `--slurm_throttle 8`, or leave it out"
    )
    assert codes(crowd, throttle=8) == []
    assert codes(crowd, throttle=8, max_array=4) == ["PBT637"]
    assert codes(crowd, max_array=4) == []


def test_pbt630_relative_folders_after_a_cd() -> None:
    assert codes(prologue=("cd ~/project",)) == ["PBT630"]
    assert codes(prologue=("module load x; cd /a && true",)) == ["PBT630"]
    assert codes(spec(train_dir="/scratch/t"), prologue=("cd ~/project",)) == []
    assert codes(prologue=("echo cd", "cdr", "export CD=cd")) == []
    assert of_template("cd ~/p", "$CMD") == ["PBT630"]


def test_pbt631_names() -> None:
    assert codes(spec(run="ant %j")) == ["PBT631"]
    assert codes(spec(run="ant.b-2_3")) == []


def test_pbt632_mail() -> None:
    assert codes(mail_user="you@example.org") == ["PBT632"]
    assert codes(mail_user="you@example.org", mail_type="END,fail") == []
    assert codes(mail_type="END") == []
    assert codes(mail_type="END,SOMETIMES") == ["PBT632"]


def test_containers() -> None:
    mounted = box(mounts=(Mount("./a,b", "/a"),))
    assert codes(container="apptainer") == ["PBT633"]
    assert codes(container="apptainer", image="./x.sif") == []
    assert codes(container="pyxis", image="-x") == ["PBT633"]
    assert codes(spec(container=box())) == ["PBT634"]
    assert codes(spec(container=box()), container="pyxis") == []
    assert codes(spec(container=mounted), container="pyxis") == ["PBT635"]


def test_d27_a_template_without_a_command_is_refused() -> None:
    assert of_template("conda activate ant", "cd ~/project") == ["PBT630", "PBT601"]
    assert of_template("# $CMD", "echo $CMD", "echo $$CMD", "printf x; $$CMD") == ["PBT601"]
    for line in ("$CMD", "${CMD}", "timeout $TIMEOUT $CMD", "srun python -u $CMD | tee log"):
        assert of_template(line) == []


def test_d35_what_is_nearly_a_placeholder_is_refused_and_other_dollars_are_left_alone() -> None:
    for line, near in (
        ("echo $GPUS", "GPU"), ("echo ${cmd}", "CMD"), ("x $TIME_OUT", "TIMEOUT"),
        ("x $FILE_NAME", "FILENAME"), ("x $PARTITIONS", "PARTITION"),
    ):  # fmt: skip
        [said] = template(line, "$CMD")
        assert said.startswith("error[PBT602]: /settings/sbatch_template: line 2 of the template")
        assert said.endswith(f"hint: did you mean `${near}`")
    assert of_template("echo {{ experiment_cmd }}", "$CMD") == ["PBT602"]
    fine = (
        'echo $SLURM_JOB_ID $? $HOME ${PATH} $(hostname) $1 ${a[@]} "$@" $$ $#',
        "GPUS=2", "echo $GPUS", "for cmds in a; do echo $cmds; done",
        "# $GPUSS", "$CMD", "[[ $$? -eq 124 ]]",
    )  # fmt: skip
    assert of_template(*fine) == []


def test_pbt603_templates_that_are_no_script_of_bash() -> None:
    for text in ("", "$CMD\n", "#!/usr/bin/python3\n$CMD\n", "#!/bin/bash -e\n$CMD\n",
                 "\n#!/bin/bash\n$CMD\n", "#!/bin/bash\r\n$CMD\r\n"):  # fmt: skip
        assert "PBT603" in codes(sbatch_template=text)
    for first in ("#!/bin/bash", "#!/bin/sh", "#!/usr/bin/env bash", "#! /bin/bash -l"):
        assert codes(sbatch_template=f"{first}\n$CMD\n") == []


def test_pbt604_the_command_is_words_not_text() -> None:
    for line in ('srun bash -c "$CMD"', "bash -c '$CMD'", "eval $CMD", 'x "a" "b $CMD"'):
        assert of_template(line) == ["PBT604"]
    for line in ('echo "running $CMD"', "x 'a' \"b\" $CMD", "echo it\\'s; $CMD"):
        assert "PBT604" not in of_template(line, "$CMD")


def test_d34_what_submits_itself_again() -> None:
    again = "if [[ $? -eq 124 ]]; then sbatch $PARTITION$FILENAME; fi"
    [said] = template("timeout $TIMEOUT $CMD", again)
    assert said.startswith("warning[PBT605]: /settings/sbatch_template: line 3 of the template")
    [said] = template("$CMD", "scontrol requeue $SLURM_JOB_ID")
    assert said.startswith("error[PBT605]")
    assert codes(prologue=('scontrol requeue "${SLURM_JOBID}"',)) == ["PBT605"]
    assert of_template("$CMD", "# sbatch me", "echo sbatch") == []


def test_pbt606_directives_that_are_comments() -> None:
    assert of_template("#SBATCH --time=1", "true", "$CMD") == []
    assert of_template("true", "#SBATCH --time=1", "$CMD") == ["PBT606"]
    assert of_template(" #SBATCH --time=1", "$CMD") == ["PBT606"]
    assert of_template("##SBATCH --time=1", "$CMD") == ["PBT606"]
    assert of_template("#SBATCH --signal=USR1@60", "$CMD") == ["PBT621"]
    assert of_template("#SBATCH --signal=BUSR1@60", "$CMD") == ["PBT621"]
    assert of_template("#SBATCH --signal B:USR1@60", "$CMD") == []


def test_pbt636_what_a_template_has_no_place_for() -> None:
    more = {"signal": "USR1@120", "prologue": ("true",), "container": "pyxis", "image": "x"}
    assert of_template("$CMD", **more) == ["PBT636"] * 3


TEXT = st.text(st.sampled_from("a#\"'\\$\n\t ;é%@:,0"), max_size=6)
TEXTS = [
    name
    for name in Slurm.__struct_fields__
    if isinstance(getattr(Slurm(), name), str | None) and name not in ("time", "cpus", "memory")
]
NUMBERS = ("time", "cpus", "memory", "throttle")


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(TEXTS, TEXT),
            **dict.fromkeys(NUMBERS, st.integers(0, 2)),
            "prologue": st.lists(TEXT, max_size=2).map(tuple),
            "container": st.sampled_from(["plain", "apptainer", "pyxis"]),
            "files": st.booleans(),
        },
    )
)
def test_what_the_rules_let_pass_can_be_rendered(values: dict[str, Any]) -> None:
    how = Slurm(**values)
    if not any(d.level == "error" for d in check(spec(), how)):
        assert slurm.render(spec(), how)


def test_what_is_set_and_wrong_is_refused_whoever_asked() -> None:
    wrong = {"slurm": {"throttle": 0}}
    for wanted in (None, ["slurm"]):
        made = render(spec(), wanted, wrong, asked=wanted is not None)
        assert [d.code for d in made.found if d.code] == ["PBT625"]
        assert list(made.files) == ["processes.json"]
    assert next(iter(render(spec(), ["slurm"], {}).files)) == "processes.json"


def test_notes_of_what_nobody_asked_for_are_kept() -> None:
    boxed = spec(container=box(), jobs=(job(0),))
    assert render(boxed, None, {"slurm": {}}, asked=False).found == []
    [half_set] = render(boxed, None, {"ngc": {"org": "acme"}}, asked=False).found
    assert (half_set.code, half_set.level) == ("PBT817", "note")
    assert half_set.message.startswith("no files for backend `ngc`: `--ngc_ace`, ")
    for asked, given_ in ((True, {}), (False, {"slurm": {"cpus": 1}})):
        found = render(boxed, None, given_, asked=asked).found
        assert [d.code for d in found if d.code] == ["PBT634"]
