from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends import BACKENDS
from pbt_tui.backends.ngc import render as ngc
from pbt_tui.backends.ngc import rules
from pbt_tui.backends.ngc.settings import SETTINGS
from pbt_tui.backends.ngc.settings_struct import Ngc
from pbt_tui.compiler.rendering import render
from pbt_tui.diagnostics.schema_errors import load_schema
from pbt_tui.settings import gather, structs
from pbt_tui.spec import Processes, Resources
from tests.compiler.compile_specs import box, gang, job, spec

IMAGE = "nvcr.io/nvidia/pytorch:23.10-py3"
NEEDED = {"org": "acme", "ace": "acme-ace", "instance": "dgxa100.80g.1.norm"}
STOCK = jsonschema.Draft202012Validator(load_schema("ngc-job-1"))
MANY = {
    "replicas": "2",
    "array_type": "pytorch",
    "network": "infiniband",
    "total_runtime": "1D",
}
SETS: list[dict[str, Any]] = [
    {},
    {"team": "vision"},
    {"name": "ml-model.{{ name }}"},
    {"name": "ml-model"},
    {"name": "größe {{ run }} / {{ name }}"},
    {"name": "x" * 200},
    {"description": "what it is for"},
    {"commandline": "cd /mount && {{ experiment_cmd }}"},
    {"commandline": "bash -lc '{{ experiment_cmd }}; sleep 1'"},
    {"commandline": 'bash -c "{{ experiment_cmd }}"'},
    {"entrypoint": "/bin/bash -c"},
    {"use_image_entrypoint": "true"},
    {"result": "/result"},
    {"workspace": ["team:/mount:RW"]},
    {"workspace": ["team:/mount", "other:/other:RO"]},
    {"datasetid": ["77:/data"]},
    {"datasetid": ["6a1b-uuid:no-mount", "78:/more"]},
    {"env_var": ["A:b", "EMPTY:", "COLON:a:b"]},
    {"env_var": ["TOKENIZERS_PARALLELISM:false", "N_TOKEN:7"]},
    {"secret": ["WANDB"]},
    {"secret": ["WANDB:KEY", "GIT:KEY:GIT_KEY"]},
    {"label": ["a,b", "c"]},
    {"label": ["_wl___computer_vision", "__x", "y"]},
    {"lock_label": "true", "label": ["x" * 256]},
    {"port": ["8080", "web:81/TCP", "53/UDP", "82/GRPC"]},
    {"total_runtime": "7D", "min_timeslice": "1.5H"},
    {"total_runtime": "1D12H30M"},
    {"total_runtime": "2592000s"},
    {"preempt": "resumable"},
    {"preempt": "RESTARTABLE"},
    {"order": "1", "priority": "high"},
    {"order": "99", "priority": "LOW"},
    {"replicas": "1"},
    MANY,
    {**MANY, "topology_constraint": "pack", "preempt": "RESUMABLE"},
    {**MANY, "replicas": "16", "array_type": "MPI", "network": "ETHERNET"},
    {"instance": "dgxa100.mig.1g.5gb.1.norm"},
    {"instance": "dgxa100.mig.1g.5gb.1.norm", "preempt": "RUNONCE"},
]


def settings_of(**texts: Any) -> Ngc:
    """As the command line has them."""
    raw = {**NEEDED, **texts}
    said = [(s, raw[s.name]) for s in SETTINGS if s.name in raw]
    given = gather(said, lambda s: s.flag, structs(BACKENDS))
    assert set(given.sections["ngc"]) == set(raw)
    return Ngc(**given.sections["ngc"])


def made(what: Processes, settings: Ngc) -> dict[str, Any]:
    """Path → document of the files of jobs; the script is left out."""
    return {
        path: json.loads(data)
        for path, data in ngc.render(what, settings).items()
        if path.endswith(".json")
    }


JOBS = (
    job(0, env={"SEED": "0", "NOTE": 'two words, it\'s "so" $HOME'}),
    job(1, argv=("python", "t.py", "it's $HOME", 'a "b"', "`x`;*", "back\\slash", "")),
)


@pytest.mark.parametrize("texts", SETS, ids=str)
def test_what_is_made_passes_a_stock_validator_and_every_rule(texts: dict[str, Any]) -> None:
    what = spec(jobs=JOBS, container=box(image=IMAGE))
    values = settings_of(**texts)
    given = {"ngc": {name: getattr(values, name) for name in {**NEEDED, **texts}}}
    done = render(what, ["processes", "ngc"], given)
    assert [d for d in done.found if d.level != "note"] == []
    assert set(done.files) == {
        "processes.json", "ngc/00_ant.json", "ngc/01_ant.json", "ngc/submit.sh",
    }  # fmt: skip
    for path, data in done.files.items():
        if path.endswith("_ant.json"):
            STOCK.validate(json.loads(data))
            assert rules.validate(data)[1] == []
            assert list(json.loads(data)) == sorted(json.loads(data))
            assert b"null" not in data
    script = done.files["ngc/submit.sh"].decode()
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    team = texts.get("team", "no-team")
    assert f"--org acme --team {team} --ace acme-ace" in script
    assert Ngc(**render_again(done.files)) == values


def render_again(files: dict[str, bytes]) -> dict[str, Any]:
    """What the files tell of the settings, typed."""
    import msgspec

    return msgspec.structs.asdict(msgspec.convert(ngc.known(files), Ngc))


def test_there_are_thirty_settings_and_each_is_one() -> None:
    assert len(SETS) >= 30
    used = {name for texts in SETS for name in texts}
    of_table = {s.name for s in SETTINGS}
    assert of_table - used == {"org", "ace", "job_template", "print_only"}


def test_the_job_of_the_reference() -> None:
    values = settings_of(
        workspace=["my-workspace:/mount:RW"], datasetid=["1234:/data"], total_runtime="7D",
        secret=["WANDB:KEY:WANDB_API_KEY"], port=["8888"], env_var=["SEED:42"],
    )  # fmt: skip
    one = made(spec(container=box(image=IMAGE)), values)["ngc/00_ant.json"]
    labels = one.pop("userLabels")
    assert labels[:2] == ["pbt_run_ant", "pbt_job_00_ant"]
    assert re.fullmatch(r"pbt_[0-9a-f]{16}", labels[2])
    assert one == {
        "aceInstance": "dgxa100.80g.1.norm",
        "aceName": "acme-ace",
        "command": "python train.py seed=0",
        "datasetMounts": [{"containerMountPoint": "/data", "id": 1234}],
        "dockerImageName": "nvidia/pytorch:23.10-py3",
        "envs": [{"name": "SEED", "value": "42"}],
        "name": "ant.00_ant",
        "portMappings": [{"containerPort": 8888, "protocol": "HTTPS"}],
        "resultContainerMountPoint": "/results",
        "runPolicy": {"preemptClass": "RUNONCE", "totalRuntimeSeconds": 604800},
        "userSecretsSpec": [
            {
                "allKeys": False,
                "keysSpec": [{"envName": "WANDB_API_KEY", "keyName": "KEY"}],
                "name": "WANDB",
            }
        ],
        "workspaceMounts": [{"containerMountPoint": "/mount", "id": "my-workspace",
                             "mountMode": "RW"}],
    }  # fmt: skip


def test_d37_the_environment_reaches_the_job() -> None:
    one = made(spec(jobs=JOBS, container=box(image=IMAGE)), settings_of(env_var=["A:1"]))
    assert one["ngc/00_ant.json"]["envs"] == [
        {"name": "A", "value": "1"},
        {"name": "SEED", "value": "0"},
        {"name": "NOTE", "value": 'two words, it\'s "so" $HOME'},
    ]


def test_several_nodes_have_all_their_keys() -> None:
    one = made(spec(container=box(image=IMAGE)), settings_of(**MANY))["ngc/00_ant.json"]
    assert (one["replicaCount"], one["minAvailability"]) == (2, 2)
    assert (one["arrayType"], one["networkType"]) == ("PYTORCH", "INFINIBAND")
    alone = made(spec(container=box(image=IMAGE)), settings_of(replicas="1"))["ngc/00_ant.json"]
    assert not {"replicaCount", "minAvailability"} & set(alone)


WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8),
                 min_size=1, max_size=4)  # fmt: skip
TEXTS = st.sampled_from(
    [
        "{{ experiment_cmd }}",
        "true && {{experiment_cmd}}",
        "bash -c '{{ experiment_cmd }}'",
        'bash -c "{{ experiment_cmd }}"',
        'A="x y"; {{ experiment_cmd }}',
    ]
)


@settings(max_examples=40, deadline=None)
@given(WORDS, TEXTS)
def test_d44_the_command_arrives_as_it_was_whatever_stands_around_it(
    words: list[str], text: str
) -> None:
    line = ngc.command(text, job(argv=("printf", "%s\\0", *words)))
    done = subprocess.run(["bash", "-c", line], cwd="/proc", capture_output=True, check=True)
    assert done.stdout == b"".join(word.encode() + b"\0" for word in words)


ID = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\Z")
LONG = ID.map(lambda text: f"{'a' * 90}{text}"[:100])
RUN = st.text(st.characters(codec="utf-8"), min_size=1, max_size=150)
NAME = st.sampled_from(["{{ run }}.{{ name }}", "ml-model.{{name}}", "x", "é"])


@settings(max_examples=60, deadline=None)
@given(RUN, st.sets(ID | LONG, min_size=2, max_size=6), NAME)
def test_names_and_labels_fit_and_never_collide(run: str, ids: set[str], name: str) -> None:
    jobs = tuple(job(i, id=ident, name=ident) for i, ident in enumerate(sorted(ids)))
    documents = made(
        spec(run=run, jobs=jobs, container=box(image=IMAGE)), settings_of(name=name)
    ).values()
    for document in documents:
        STOCK.validate(document)
    assert len({document["name"] for document in documents}) == len(ids)
    assert len({document["userLabels"][-1] for document in documents}) == len(ids)


def test_the_last_label_stands_for_all_that_is_asked_for() -> None:
    base, keys = {"container": box(image=IMAGE), "jobs": (job(),)}, set()
    for what, texts in [
        (spec(**base), {}),
        (spec(**base, run="bee"), {}),
        (spec(**base, suffix="2"), {}),
        (spec(container=box(image=IMAGE), jobs=(job(argv=("python", "t.py")),)), {}),
        (spec(container=box(image=IMAGE), jobs=(job(env={"A": "1"}),)), {}),
        (spec(**base), {"order": "2"}),
        (spec(**base), {"team": "x"}),
        (spec(**base), {"org": "x"}),
        (spec(**base), {"ace": "x"}),
    ]:
        one = made(what, settings_of(**texts))["ngc/00_ant.json"]
        keys.add(one["userLabels"][-1])
    assert len(keys) == 9
    again = made(spec(**base), settings_of())["ngc/00_ant.json"]
    assert again["userLabels"][-1] in keys


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("total_runtime", "3600"),
        ("total_runtime", "PT1H"),
        ("total_runtime", "1H1D"),
        ("total_runtime", "0.3S"),
        ("total_runtime", ""),
        ("total_runtime", "0S"),
        ("workspace", "team"),
        ("workspace", "team:mount"),
        ("workspace", "team:/mount:rw"),
        ("datasetid", "77"),
        ("env_var", "A"),
        ("env_var", "A B:c"),
        ("env_var", f"A:{'x' * 2049}"),
        ("secret", "a:b:c:d"),
        ("secret", "a:"),
        ("label", "sweep-7"),
        ("label", "a,,b"),
        ("port", "http"),
        ("port", "8080/HTTP"),
        ("port", "70000"),
        ("preempt", "SPOT"),
        ("order", "100"),
        ("order", "first"),
        ("priority", "URGENT"),
        ("replicas", "0"),
        ("result", "results"),
        ("instance", "a b"),
        ("description", "x" * 513),
    ],
)
def test_a_setting_that_is_none_is_refused_by_name(name: str, text: str) -> None:
    from pbt_tui.errors import Findings

    with pytest.raises(Findings) as e:
        settings_of(**{name: [text] if text and name in MANY_TIMES else text})
    assert e.value.exit_code == 2
    assert f"--ngc_{name}: expected" in str(e.value)


MANY_TIMES = ("workspace", "datasetid", "env_var", "secret", "label", "port")


def of_run(what: Processes, **texts: Any) -> list[tuple[str, str]]:
    from pbt_tui.backends.ngc.run_rules import check

    return [(d.code, d.level) for d in check(what, settings_of(**texts))]


def gang_of(train_dir: str, size: int = 3) -> Processes:
    jobs, population = gang(size)
    return spec(jobs=jobs, populations=(population,), train_dir=train_dir,
                container=box(image=IMAGE))  # fmt: skip


def test_a_population_meets_in_a_workspace_that_all_can_write() -> None:
    shared = {"workspace": ["team:/mount:RW"]}
    assert of_run(gang_of("/mount/train_dir"), **shared) == []
    assert of_run(gang_of("/mount"), workspace=["team:/mount"]) == []
    goes = {**shared, "commandline": "cd /mount && {{ experiment_cmd }}"}
    assert of_run(gang_of("./train_dir"), **goes) == []
    wrong = [("PBT721", "error")]
    assert of_run(gang_of("./train_dir"), **shared) == wrong
    assert of_run(gang_of("/mounted/train_dir"), **shared) == wrong
    assert of_run(gang_of("/mount/train_dir"), workspace=["team:/mount:RO"]) == wrong
    assert of_run(gang_of("/results/train_dir"), **shared) == wrong
    assert of_run(gang_of("../x"), **goes) == wrong
    assert of_run(gang_of("/data"), datasetid=["1:/data"]) == wrong


def test_the_results_of_a_job_are_no_meeting_place() -> None:
    from pbt_tui.backends.ngc.run_rules import check

    [d] = check(gang_of("/results/t"), settings_of(workspace=["team:/mount:RW"]))
    assert d.message == (
        "the members of population `ant` share `/results/t/ant/ws`, "
        "which is inside the results of each job"
    )


def test_members_are_resumable_and_run_once_on_a_part_of_a_gpu() -> None:
    shared = {"workspace": ["team:/mount:RW"]}
    what = gang_of("/mount/t")

    def classes(**texts: Any) -> set[str]:
        found = made(what, settings_of(**shared, **texts)).values()
        return {document["runPolicy"]["preemptClass"] for document in found}

    assert classes() == {"RESUMABLE"}
    assert classes(instance="dgxa100.mig.1g.5gb.1.norm") == {"RUNONCE"}
    assert of_run(what, **shared, preempt="RUNONCE") == [("PBT722", "warning")]
    assert of_run(what, **shared, preempt="RESTARTABLE") == [("PBT722", "warning")]
    mig = {"instance": "dgxa100.mig.1g.5gb.1.norm", "preempt": "RESUMABLE"}
    assert of_run(what, **shared, **mig) == [("PBT708", "error")]
    labels = made(what, settings_of(**shared))["ngc/02_ant.json"]["userLabels"]
    assert labels[2:4] == ["pbt_population_ant", "pbt_member_2"]


def test_settings_of_a_container_that_have_no_place() -> None:
    what = spec(container=box(image=IMAGE, memory=2**30, env_from=("WANDB_API_KEY",)))
    assert of_run(what) == [("PBT720", "warning")]
    needy = spec(jobs=(job(resources=Resources(gpus=2)),), container=box(image=IMAGE))
    assert of_run(needy) == [("PBT720", "warning")]
    assert of_run(spec(container=None)) == [("PBT710", "error")]


@pytest.mark.parametrize(
    ("texts", "count"),
    [
        ({"commandline": "sleep 1"}, 1),
        ({"commandline": "{{ cmd }}"}, 2),
        ({"commandline": "{{ experiment_cmd }} {{ run }}"}, 1),
        ({"name": "{{ nme }}"}, 1),
        ({"name": "{{ experiment_cmd }}"}, 1),
        ({"commandline": "echo '{{ .Id }}' {{ name }}; {{experiment_cmd}}"}, 0),
    ],
)
def test_places_that_nothing_is_put_into(texts: dict[str, str], count: int) -> None:
    assert of_run(spec(container=box(image=IMAGE)), **texts) == [("PBT723", "error")] * count


def test_what_is_wrong_with_all_jobs_is_said_once_and_of_one_of_them_with_its_name() -> None:
    from pbt_tui.backends.ngc.run_rules import check

    jobs = tuple(job(i, env={"A": "a\nb"} if i == 1 else {}) for i in range(3))
    what = spec(jobs=jobs, container=box(image="pytorch"))
    found = check(what, settings_of())
    assert [(d.code, d.where.job) for d in found] == [("PBT710", "00_ant"), ("PBT704", "01_ant")]
    assert found[1].message.startswith("`/envs/0/value` of its request: expected at most 2048")
    assert shlex.split(f"x {found[0].hint}")
