"""What is wrong with a workflow file is refused with its line, its key and its code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends.osmo.document_rules import validate
from pbt_tui.backends.osmo.local.codes import LOCAL_RULES
from pbt_tui.backends.osmo.workflow import WorkflowFile
from pbt_tui.compiler.validate import validate_document
from pbt_tui.diagnostics import rules
from pbt_tui.diagnostics.schema_errors import load_schema
from pbt_tui.spec import Resources
from tests.compiler.compile_specs import box, job
from tests.osmo.mutations import MUTATIONS, sources
from tests.osmo.osmo_runs import codes, only, population, sweep

SOURCES = sources()
STOCK = jsonschema.Draft202012Validator(load_schema("osmo-workflow-1"))
TASK = '  - name: "a"\n    image: "a/b:1"\n    command: ["x"]\n'


def found(text: str) -> list[tuple[str, str, int | None]]:
    """Code, level and line of each finding."""
    return [(d.code, d.level, d.where.line) for d in validate(text.encode())[1]]


def alone(extra: str = "", head: str = "") -> str:
    return f'workflow:\n  name: "w"\n{head}  tasks:\n{TASK}{extra}'


def line_of(text: str, pointer: str) -> int:
    """The line of a key or an item, as PyYAML tells it, or of the nearest one around it."""
    node, line = yaml.compose(text), 1
    for part in pointer.split("/")[1:]:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            pairs = [(k, v) for k, v in node.value if k.value == part.replace("~1", "/")]
            if not pairs:
                break
            key, node = pairs[-1]
            line = key.start_mark.line + 1
    return line


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_rendered_is_accepted_by_every_reader(name: str) -> None:
    document, said = validate(SOURCES[name])
    assert isinstance(document, WorkflowFile)
    assert [d for d in said if d.level == "error"] == []
    STOCK.validate(yaml.safe_load(SOURCES[name]))


def test_there_are_enough_mutations_and_each_is_another() -> None:
    assert len({row[:3] for row in MUTATIONS}) == len(MUTATIONS) >= 60
    errors = {rule.code for rule in rules().values() if rule.code[:4] == "PBT9"}
    errors = {code for code in errors if rules()[code].level == "error"}
    of_runs = {"PBT939", "PBT940", *(rule.code for rule in LOCAL_RULES)}
    assert {row[3] for row in MUTATIONS} == errors - of_runs


@pytest.mark.parametrize("row", MUTATIONS, ids=lambda row: f"{row[3]}: {row[2]!r:.40}")
def test_a_changed_file_is_refused_with_its_place(
    row: tuple[str, str, str, str, str], tmp_path: Path
) -> None:
    name, old, new, code, pointer = row
    text = SOURCES[name].decode()
    assert old in text
    path = tmp_path / "job.yaml"
    path.write_text(text.replace(old, new, 1))
    made = validate_document(path)
    errors = [d for d in made.found if d.level == "error"]
    match = [d for d in errors if d.code == code and (d.where.pointer or "") == pointer]
    assert match, [str(d) for d in errors]
    line = match[0].where.line
    assert line is not None
    if pointer:
        assert line == line_of(path.read_text(), pointer)
    assert match[0].where.file == str(path)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SOURCES)), st.data())
def test_no_change_of_a_file_breaks_the_reader(name: str, data: Any) -> None:
    text = bytearray(SOURCES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=8))
    document, said = validate(bytes(text))
    assert document is not None or any(d.level == "error" for d in said)
    assert all("\n" not in d.message for d in said)


# -- files of other people -------------------------------------------------------------------------


def test_a_file_with_plain_scalars_is_read_as_it_is_meant() -> None:
    text = """
version: 2
workflow:
  name: serve
  timeout: {exec_timeout: 3600, queue_timeout: PT30M}
  resources:
    default: {cpu: 8, gpu: 1, memory: 64Gi, storage: 10Gi}
  groups:
  - name: both
    ignoreNonleadStatus: false
    tasks:
    - name: server
      lead: yes
      image: ubuntu:24.04
      command: [bash, -c]
      args: ["sleep $((60 * 2)); echo $(hostname)"]
      environment: {PORT: 80, RATE: 0.5}
    - name: client
      image: ubuntu:24.04
      command: [curl, "http://{{host:server}}:80", -o, "{{output}}/x"]
      inputs: [{task: prepare}]
      outputs: [{url: "s3://x/y"}]
"""
    document, said = validate(text.encode())
    assert [str(d) for d in said] == []
    workflow = document.workflow
    assert workflow.timeout.exec_timeout == "3600s"
    assert workflow.resources["default"].cpu == 8
    [server, client] = workflow.groups[0].tasks
    assert (server.lead, client.lead) == (True, False)
    assert server.environment == {"PORT": "80", "RATE": "0.5"}
    STOCK.validate({**yaml.safe_load(SOURCES["sweep"])})


def test_tasks_that_could_be_a_sweep_are_warned_of() -> None:
    tasks = TASK.replace("x", "y", 1) + "    lead: true\n" + TASK.replace('"a"', '"b"')
    group = '  groups:\n  - name: "g"\n    ignoreNonleadStatus: false\n    tasks:\n  '
    text = 'workflow:\n  name: "w"\n' + group + tasks.replace("\n", "\n  ").rstrip() + "\n"
    assert found(text) == [("PBT910", "warning", 6)]
    shared = text.replace('command: ["x"]', 'command: ["x"]\n      volumeMounts: ["/m"]')
    shared = shared.replace('command: ["y"]', 'command: ["y"]\n      volumeMounts: ["/m"]')
    assert [code for code, *_ in found(shared)] in ([], ["PBT910"])
    assert found(text.replace('["x"]', '["x", "{{host:b}}"]', 1)) == []


def test_a_template_is_read_with_its_default_values() -> None:
    head = "default-values:\n  image: a/b:1\n  gpus: 2\n"
    text = head + alone(head="  resources: {default: {gpu: '{{ gpus }}'}}\n")
    document, said = validate(text.replace('"a/b:1"', '"{{ image }}"').encode())
    assert said == []
    assert document.workflow.tasks[0].image == "a/b:1"
    assert document.workflow.resources["default"].gpu == 2
    assert found(alone().replace('"a/b:1"', '"{{ image }}"')) == [("PBT902", "error", 5)]
    plain = head + alone().replace('"a/b:1"', "{{ image }}").replace('"x"', "{{gpus}}, {{flag}}")
    plain = plain.replace("gpus: 2", "gpus: 2\n  flag: x")
    document, said = validate(plain.encode())
    assert (said, document.workflow.tasks[0].command) == ([], ("2", "x"))
    assert found(alone().replace('"a/b:1"', "{{ image }}")) == [("PBT902", "error", 5)]
    assert [code for code, *_ in found("{% if x %}\n" + alone())] == ["PBT902"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", [("PBT901", "error", None)]),
        ("[]", [("PBT901", "error", None)]),
        ("a", [("PBT901", "error", None)]),
        ('{"workflow": {}}', [("PBT901", "error", 1)]),
        ("version: 2\n", [("PBT901", "error", 1)]),
        ("workflow:\n  name: a\n", [("PBT901", "error", 1)]),
        ("\ufeffworkflow: {}\n", [("PBT901", "error", 1)]),
        (alone("    lead: maybe\n"), [("PBT901", "error", 7)]),
        (alone('    exitActions: {"RESCHEDULE": "75"}\n'), [("PBT929", "warning", 7)]),
        (alone('    exitActions: {"reschedule": "3004"}\n'),
         [("PBT929", "warning", 7), ("PBT930", "warning", 7)]),
        (alone().replace(":1", ""), [("PBT931", "warning", 5)]),
        (alone().replace(":1", ":latest"), [("PBT931", "warning", 5)]),
        (alone().replace(":1", "@sha256:ab"), []),
        (alone(head="  timeout: {exec_timeout: 61d}\n"), [("PBT935", "warning", 3)]),
        (alone(head="  timeout: {exec_timeout: 90m}\n"), [("PBT935", "warning", 3)]),
        (alone(head="  timeout: {exec_timeout: PT1H30M}\n"), [("PBT935", "warning", 3)]),
        (alone(head="  timeout: {exec_timeout: 12h}\n"), []),
        (alone("    args: [--device, 'cuda:0']\n", "  resources: {default: {gpu: 0}}\n"),
         [("PBT916", "error", 8)]),
        (alone("    environment: {NVIDIA_VISIBLE_DEVICES: '0'}\n",
               "  resources: {default: {cpu: 1}}\n"), [("PBT920", "error", 8)]),
        (alone("    args: ['--api_key=0123456789abcdef0123456789abcdef']\n"),
         [("PBT921", "error", 7)]),
        (alone("    args: [a, tokenizer=bert-base-uncased]\n"), [("PBT941", "warning", 7)]),
        (alone("    environment: {WANDB_KEY_NAME: experiment-7}\n"), [("PBT941", "warning", 7)]),
        (alone("    args: [key=short, monkey=/a/long/path, --token_count, '12345678901']\n"), []),
        (alone("    environment: {A: b}\n    args: ['$(A) $(B) $$(A)']\n"),
         [("PBT938", "error", 8)]),
        (alone(f"    files: [{{path: /x, contents: '{'x' * 1_000_001}'}}]\n"),
         [("PBT928", "error", 7)]),
    ],
)  # fmt: skip
def test_files_of_other_people(text: str, said: list[tuple[str, str, int | None]]) -> None:
    assert found(text) == said


def test_a_population_and_other_jobs_in_one_file_are_warned_of() -> None:
    other = '  - name: "other"\n    tasks:\n  ' + TASK.replace("\n", "\n  ").rstrip() + "\n"
    _, said = validate(SOURCES["gang"] + other.encode())
    assert ("PBT936", "/workflow/groups/1") in [(d.code, d.where.pointer) for d in said]
    assert [d for d in said if d.level == "error" and d.code != "PBT926"] == []


# -- whole runs ------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_what_is_right() -> None:
    assert codes(sweep()) == []
    assert codes(population()) == [("PBT932", "note")]
    assert codes(population(), lead="task") == []
    assert codes(population(19), lead="task") == []
    assert codes(sweep(*(job(i) for i in range(50)))) == []


@pytest.mark.parametrize(
    ("what", "more", "said"),
    [
        (sweep(container=None), {}, [("PBT925", "error")]),
        (sweep(container=box(image="A/b")), {}, [("PBT925", "error")]),
        (sweep(container=box(image="a/b")), {}, [("PBT931", "warning")]),
        (sweep(train_dir="./t"), {}, [("PBT919", "warning")]),
        (sweep(train_dir="./t"), {"workdir": "/mnt/team/x"}, []),
        (sweep(train_dir="/pvc/t"), {"shared": ("/pvc",)}, []),
        (sweep(), {"shared": ("pvc",)}, [("PBT917", "error")]),
        (sweep(), {"mount": ("/mnt/team", "/x:/y:ro")}, [("PBT918", "error")]),
        (sweep(), {"reschedule": "75-70"}, [("PBT922", "error")]),
        (sweep(), {"reschedule": "75"}, [("PBT929", "warning")]),
        (sweep(), {"timeout": 0.0}, [("PBT923", "error")]),
        (sweep(), {"timeout": 5400.0}, [("PBT935", "warning")]),
        (sweep(), {"queue_timeout": 61 * 86400.0}, [("PBT935", "warning")]),
        (sweep(container=box(image="a/b:1", env_from=("A",))), {}, [("PBT940", "error")]),
        (sweep(container=box(image="a/b:1", user="1:1")), {}, [("PBT937", "warning")]),
        (sweep(job(argv=("t", "dev=cuda"), resources=Resources(gpus=0))), {},
         [("PBT916", "error")]),
        (sweep(job(fill=("port",))), {}, [("PBT328", "error")]),
        (population(21), {}, [("PBT912", "error")]),
        (population(20), {"lead": "task"}, [("PBT912", "error")]),
        (population(21), {"max_tasks": 30, "lead": "task"}, []),
        (population(), {"lead": "task", "priority": "LOW"}, [("PBT933", "warning")]),
        (population(), {"lead": "task", "guarantee": 2}, [("PBT934", "warning")]),
        (population(), {"lead": "task", "guarantee": 3}, []),
        (population(train_dir="/mnt/x"), {"lead": "task"}, [("PBT919", "error")]),
        (population(train_dir="/mnt/teamwork"), {"lead": "task"}, [("PBT919", "error")]),
        (population(train_dir="/mnt/team/{{x}}"), {"lead": "task"}, [("PBT902", "error")] * 2),
    ],
)  # fmt: skip
def test_rules_of_a_run(what: Any, more: dict[str, Any], said: list[tuple[str, str]]) -> None:
    assert codes(what, **more) == said


def test_what_is_wrong_with_all_jobs_is_said_once_with_one_of_them() -> None:
    from pbt_tui.backends.osmo import run_rules
    from tests.osmo.osmo_runs import settings_of

    jobs = tuple(job(i, env={"1A": "x"}) for i in range(30))
    [d] = run_rules.check(sweep(*jobs), settings_of())
    assert (d.code, d.where.job, d.where.pointer) == ("PBT920", "00_ant", None)


def test_secrets_come_by_name() -> None:
    from pbt_tui.backends.osmo.osmo_index import CredentialUse

    what = sweep(container=box(image="a/b:1", env_from=("WANDB_API_KEY", "HF_TOKEN")))
    uses = (
        CredentialUse("all"), CredentialUse("wandb", "key", "WANDB_API_KEY"),
        CredentialUse("ssh", folder="/keys"),
    )  # fmt: skip
    assert codes(what, credential=uses) == []
    document = yaml.safe_load(only(what, credential=uses))
    assert document["workflow"]["tasks"][0]["credentials"] == {
        "wandb": {"WANDB_API_KEY": "key"}, "all": {"HF_TOKEN": "HF_TOKEN"}, "ssh": "/keys",
    }  # fmt: skip
    assert codes(what, credential=uses[1:]) == [("PBT940", "error")]
    both = (*uses, CredentialUse("other", "HF_TOKEN"), CredentialUse("ssh", "x", "Y"))
    assert codes(what, credential=both)[0] == ("PBT940", "error")
