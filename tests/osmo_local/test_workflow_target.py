"""A workflow file as TARGET: what its process list says, and what is refused, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.cli import run_options, workflow_target
from pbt_tui.diagnostics import rule
from pbt_tui.errors import Findings, PbtError, UsageError
from pbt_tui.spec import Mount, Processes, decode, encode
from tests.compiler.rule_examples import furnish, said

TASK = "  - name: a\n    image: acme/x:1\n    command: [run]\n"
HEAD = "workflow:\n  name: w\n"
WORDS = ["a b", "it's", '"', "\\", "#", "{a}", "ü", "$", "$$(X)", "", "x\ty", "`id`", "%s", "&&"]


@pytest.fixture(autouse=True)
def large_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 64)


def read(
    folder: Path, text: str, *options: str, name: str = "w.yaml"
) -> tuple[Processes, list[str]]:
    path = folder / name
    path.write_text(text)
    args = run_options.parser(()).parse_args([str(path), *options])
    spec, found = workflow_target.read(path, args)
    return spec, [d.message for d in found]


def refused(folder: Path, text: str, *options: str) -> list[tuple[int | None, str]]:
    with pytest.raises(Findings) as caught:
        read(folder, text, *options)
    assert all(d.code for d in caught.value.diagnostics), "each has a page"
    return [(d.where.line, d.message) for d in caught.value.diagnostics if d.level == "error"]


def with_(more: str, head: str = "") -> str:
    return f"{HEAD}{head}  tasks:\n{TASK}    {more}\n"


def test_words_variables_and_files_arrive_as_they_are(tmp_path: Path) -> None:
    import json

    words, env = json.dumps(WORDS), json.dumps({f"V{i}": w for i, w in enumerate(WORDS)})
    files = json.dumps([{"path": "/etc/app/x", "contents": "\n".join(WORDS)}])
    text = with_(f"args: {words}\n    environment: {env}\n    files: {files}")
    spec, _ = read(tmp_path, text)
    (job,) = spec.jobs
    meant = [word.replace("$$", "$") for word in WORDS]
    assert list(job.argv) == ["run", *meant]
    assert list(job.env.values()) == meant
    assert job.container is not None
    assert job.container.files[0].contents == "\n".join(WORDS)
    assert decode(encode(spec)) == spec


def test_tokens_stand_for_the_run_its_output_and_the_tasks_of_the_group(tmp_path: Path) -> None:
    tasks = "".join(
        f"    - {{name: {name}, image: acme/x:1, lead: {lead}, command: [run], args: "
        '["{{workflow_id}} {{output}} {{host:b}}"]}\n'
        for name, lead in (("a", "true"), ("b", "false"))
    )
    spec, _ = read(tmp_path, f"{HEAD}  groups:\n  - name: g\n    tasks:\n{tasks}")
    assert [job.argv[1] for job in spec.jobs] == ["w-1 /osmo/data/output b"] * 2
    assert [(g.id, g.lead, g.fails_together) for g in spec.groups] == [("g", "a", False)]
    assert {job.group for job in spec.jobs} == {"g"}


SERIAL = (
    HEAD
    + """  resources: {default: {gpu: 1}}
  tasks:
  - {name: one, image: acme/x:1, command: [run]}
  - {name: two, image: acme/x:1, command: [run, "{{input:0}}"], inputs: [{task: one}]}
  - name: three
    image: acme/x:1
    command: [run, "{{input:0}} {{input:two}} {{output}}"]
    inputs: [{task: one}, {task: two}]
"""
)


def test_the_output_of_a_task_is_an_input_of_a_later_one(tmp_path: Path) -> None:
    spec, said = read(tmp_path, SERIAL, "--train_dir", "t")
    assert said == []
    one, two, three = spec.jobs
    assert [job.after for job in (one, two, three)] == [(), ("one",), ("one", "two")]
    assert two.argv == ("run", "/osmo/data/input/0")
    assert three.argv[1] == "/osmo/data/input/0 /osmo/data/input/1 /osmo/data/output"
    assert three.container is not None
    assert three.container.mounts == (
        Mount("t/w/three", "/osmo/data/output"),
        Mount("t/w/one", "/osmo/data/input/0", read_only=True),
        Mount("t/w/two", "/osmo/data/input/1", read_only=True),
    )
    assert spec.policy.num_gpus == 1, "they do not run at the same time"
    assert refused(tmp_path, SERIAL.replace("{task: one}]", "{task: one, regex: x}]")) == [
        (6, "all files of the output of `one` are there")
    ]


def test_a_group_needs_what_any_of_its_tasks_needs(tmp_path: Path) -> None:
    task = "{{name: {}, image: acme/x:1, command: [run], lead: {}{}}}"
    groups = "".join(
        f"  - name: {name}\n    tasks:\n    - {first}\n    - {second}\n"
        for name, first, second in (
            ("g", task.format("a", "true", ""), task.format("b", "false", "")),
            ("h", task.format("c", "true", ""), task.format("d", "false", ", inputs: [{task: b}]")),
        )
    )
    spec, _ = read(tmp_path, f"{HEAD}  groups:\n{groups}")
    assert [job.after for job in spec.jobs] == [(), (), ("b",), ("b",)]


def test_resources_limits_and_exit_codes(tmp_path: Path) -> None:
    head = (
        "  timeout: {exec_timeout: 2h}\n  resources:\n    default: {gpu: 2, cpu: 3, memory: 1Gi}\n"
    )
    spec, said = read(
        tmp_path, with_('exitActions: {COMPLETE: "3,10-20", RESCHEDULE: "75,3001"}', head)
    )
    (job,) = spec.jobs
    assert job.resources is not None
    assert (job.resources.gpus, job.resources.cpus, job.resources.memory) == (2, 3, 1 << 30)
    assert (spec.policy.timeout, spec.policy.num_gpus, spec.policy.retry_on) == (7200, 2, ("lost",))
    assert [(r.then, r.first, r.last) for r in job.on_exit] == [
        ("succeed", 3, 3),
        ("succeed", 10, 20),
        ("retry", 75, 75),
    ]
    assert "not started again" in said[0]


def test_mounts_are_said_and_have_to_be_there(tmp_path: Path) -> None:
    spec, said = read(tmp_path, with_(f'volumeMounts: ["{tmp_path}:/data"]'))
    assert spec.jobs[0].container is not None
    assert spec.jobs[0].container.mounts[1:] == (Mount(str(tmp_path), "/data"),)
    assert f"`{tmp_path}`" in said[0]
    ((line, message),) = refused(tmp_path, with_('volumeMounts: ["/no/such:/data"]'))
    assert (line, message) == (7, "this machine has no folder `/no/such`")


TEMPLATE = with_('args: [{% for k in range(n) %}"{{ lr }}",{% endfor %}]') + (
    "default-values:\n  lr: 0.1\n  n: 2\n"
)


def test_templates_are_rendered_with_default_values_and_those_of_the_options(
    tmp_path: Path,
) -> None:
    spec, _ = read(tmp_path, TEMPLATE)
    assert spec.jobs[0].argv == ("run", "0.1", "0.1")
    spec, _ = read(tmp_path, TEMPLATE, "--set", "n=1", "--set_string", "lr=007")
    assert spec.jobs[0].argv == ("run", "007")
    with pytest.raises(UsageError):
        read(tmp_path, TEMPLATE, "--set", "nope=1")


@pytest.mark.parametrize(
    "code",
    ["{{ ().__class__.__base__ }}", "{{ missing + 1 }}", "{% if %}", "{{ 1 // 0 }}", "{{u}"],
)
def test_code_that_fails_or_leaves_the_sandbox_is_refused(tmp_path: Path, code: str) -> None:
    with pytest.raises(PbtError, match="template"):
        read(tmp_path, with_(f"args: ['{code}']"))


def test_without_jinja_code_is_refused_with_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PbtError) as caught:
        read(tmp_path, TEMPLATE)
    assert "pbt-tui[osmo]" in (caught.value.hint or "")
    spec, _ = read(tmp_path, with_('args: ["{{ lr }}"]') + "default-values: {lr: 3}\n")
    assert spec.jobs[0].argv == ("run", "3")


MUTATIONS = [
    ("credentials: {c: {A: b}}", "credentials"),
    ("inputs: [{task: b}]", "no task `b`"),
    ("inputs: [{task: a}]", "not in a group before"),
    ("inputs: [{task: 'other-3:a'}]", "another workflow"),
    ("inputs: [{url: 's3://x'}]", "downloaded"),
    ("inputs: [{dataset: {name: x}}]", "downloaded"),
    ("inputs: [{}]", ""),
    ("outputs: [{url: 's3://x'}]", "outputs"),
    ("checkpoint: [{path: /x, url: 's3://x', frequency: 1h}]", "checkpoint"),
    ("kpis: [{index: x, path: y}]", "kpis"),
    ("privileged: true", "privileged"),
    ("hostNetwork: true", "hostNetwork"),
    ("downloadType: x", "downloadType"),
    ("cacheSize: 1Gi", "cacheSize"),
    ("resource: big", "big"),
    ("unknown: 1", "no such key"),
    ("image: 'UPPER/x:1'", "image"),
    ("volumeMounts: ['/tmp:/x:ro']", "options"),
    ("volumeMounts: ['tmp']", "relative"),
    ("volumeMounts: ['/']", "`/`"),
    ("volumeMounts: ['/tmp/../etc:/x']", "path"),
    ("volumeMounts: ['/tmp:/osmo/x']", "/osmo"),
    ("files: [{path: x, contents: y}]", ""),
    ("files: [{path: /osmo/x, contents: y}]", "/osmo"),
    ("files: [{path: /x, contents: '*', base64: true}]", "base64"),
    ("files: [{path: /x, localpath: ../secret}]", "localpath"),
    ("files: [{path: /x, localpath: /etc/passwd}]", "localpath"),
    ("files: [{path: /x, localpath: none.txt}]", "none.txt"),
    ("files: [{path: /tmp/x, contents: y}]\n    volumeMounts: ['/tmp']", "mounted"),
    ("files: [{path: /x}]", ""),
    ("files: [{path: /a/../../etc/x, contents: y}]", "`..`"),
    ("files: [{path: //tmp/x, contents: y}]\n    volumeMounts: ['/tmp']", "mounted"),
    ("files: [{path: /tmp/./x, contents: y}]\n    volumeMounts: ['//tmp/']", "mounted"),
    ("files: [{path: /tmp, contents: y}]\n    volumeMounts: ['/tmp']", "is there"),
    ("files: [{path: /data, contents: y}]\n    volumeMounts: ['/tmp:/data/x']", "is there"),
    ("files: [{path: /osmo/data/output/../input/0/x, contents: y}]", "`..`"),
    ("files: [{path: //osmo/x, contents: y}, {path: /osmo//x, contents: z}]", "/osmo"),
    ("files: [{path: /x, contents: y}, {path: //x, contents: z}]", "is there"),
    ("files: [{path: /x, contents: y}, {path: /x/z, contents: z}]", "which is a file"),
    ("files: [{path: /x/z, contents: y}, {path: /x, contents: z}]", "is there"),
    (f"files: [{{path: /{'x' * 256}, contents: y}}]", "longer than a path"),
    (f"files: [{{path: '{'/x' * 2048}', contents: y}}]", "longer than a path"),
    ('files: [{path: "/x\\0y", contents: y}]', "absolute"),
    ("files: [{path: /proc/self/environ, contents: y}]", "kernel"),
    ("volumeMounts: ['/tmp://osmo/data']", "/osmo"),
    ('args: ["a\\0b"]', "NUL"),
    ("resource: {cpu: 1}", ""),
    ("environment: [A]", ""),
    ("args: {a: b}", ""),
    ("exitActions: {FAIL: '1-2-3'}", "1-2-3"),
    ("exitActions: {RESCHEDULE: '1', FAIL: '1'}", "1"),
    ("exitActions: {COMPLETE: '80-75'}", "reversed"),
    ("exitActions: {NOPE: '1'}", "NOPE"),
    ("exitActions: {FAIL: '999'}", "999"),
    ("environment: {A: }", ""),
    ("environment: {'A=B': c}", "A=B"),
    ("environment: {A: yes}", "yes"),
    ("args: [12:30]", "12:30"),
    ("args: ['{{host:nobody}}']", "nobody"),
    ("args: ['{{input:0}}']", "input"),
    ("args: ['{{ missing }}']", "missing"),
    ("command: []", ""),
    ("lead: perhaps", ""),
]


@pytest.mark.parametrize(("more", "word"), MUTATIONS)
def test_what_is_not_possible_here_is_refused_with_its_place(
    tmp_path: Path, more: str, word: str
) -> None:
    text = with_(more)
    if more.startswith(("image", "command")):
        text = "\n".join(
            line for line in text.split("\n") if not line.startswith(f"    {more[:5]}")
        )
        text += f"    {more}\n"
    found = refused(tmp_path, text)
    assert any(word in message for _, message in found), found
    assert all(line is not None for line, _ in found), found


@pytest.mark.parametrize(
    ("head", "word"),
    [
        ("  resources: {default: {topology: [{key: rack}]}}\n", "topology"),
        ("  resources: {default: {memory: 32G}}\n", "32G"),
        ("  resources: {default: {memory: 32}}\n", "32"),
        ("  resources: {default: {cpu: 0}}\n", "CPU"),
        ("  resources: {default: {cpu: 65}}\n", "`cpu: 65` is more than the 64 of this machine"),
        ("  resources: {default: {gpu: -1}}\n", ""),
        ("  resources: {default: {memory: 1Xi}}\n", "1Xi"),
        ("  timeout: {exec_timeout: -1h}\n", "-1h"),
        ("  timeout: {exec_timeout: 10h5m}\n", "10h5m"),
        ("  timeout: {exec_timeout: 0s}\n", "0s"),
        ("  name: other\n", "twice"),
        ("  groups: []\n  nope: 1\n", "no such key"),
    ],
)
def test_so_is_what_concerns_all_tasks(tmp_path: Path, head: str, word: str) -> None:
    found = refused(tmp_path, with_("args: []", head))
    assert any(word in message for _, message in found), found
    assert all(line is not None for line, _ in found), found


def test_what_changes_nothing_here_is_a_warning(tmp_path: Path) -> None:
    head = "  timeout: {queue_timeout: 1h}\n  resources: {default: {platform: a, storage: 1Gi}}\n"
    _, said = read(tmp_path, with_("args: []", head))
    assert [m.split("`")[1] for m in said] == ["queue_timeout", "platform", "storage"]


@pytest.mark.parametrize(
    "options",
    [("--backend", "osmo"), ("--runtime", "process"), ("--seed", "1"), ("--set", "novalue")],
)
def test_options_that_do_not_go_with_a_workflow(tmp_path: Path, options: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        read(tmp_path, with_("args: []"), *options)


def size(more: str) -> str:
    return with_("args: []", f"  resources: {{default: {{{more}}}}}\n")


@pytest.mark.parametrize(
    ("code", "level", "line", "text"),
    [
        ("PBT950", "error", 7, with_("privileged: true")),
        ("PBT951", "error", 7, with_("inputs: [{url: 's3://x'}]")),
        ("PBT952", "warning", 3, size("platform: a")),
        ("PBT953", "error", 7, with_("files: [{path: x, contents: y}]")),
        ("PBT954", "error", 7, with_("volumeMounts: ['/no/such:/data']")),
        ("PBT955", "error", 3, size("cpu: 65")),
        ("PBT956", "error", 4, with_('args: ["a\\0b"]')),
        ("PBT957", "note", 7, with_("volumeMounts: ['/tmp']")),
        ("PBT958", "note", None, with_("exitActions: {RESCHEDULE: '75'}")),
    ],
)
def test_each_finding_has_its_code_and_its_line(
    tmp_path: Path, code: str, level: str, line: int | None, text: str
) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(text)
    args = run_options.parser(()).parse_args([str(path)])
    try:
        _, found = workflow_target.read(path, args)
    except Findings as e:
        found = list(e.diagnostics)
    assert (code, level, line) in [(d.code, d.level, d.where.line) for d in found]


def test_a_workspace_at_another_path_is_a_warning(tmp_path: Path) -> None:
    """`PBT959`: by its example, which needs what `pbt-compile` writes."""
    with pytest.MonkeyPatch.context() as patch:
        furnish(tmp_path, "PBT959")
        patch.chdir(tmp_path)
        assert ("warning", "PBT959") in said(tmp_path, rule("PBT959").example)
