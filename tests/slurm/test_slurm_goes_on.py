"""What a requeued task goes on from: the lines of bash and the functions of Python agree."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.backends.requeue import FUNCTIONS, Again, again
from pbt_tui.backends.slurm import render as backend
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.quoting import words
from pbt_tui.journal.events import Source
from pbt_tui.observe.continuing import Continuation, Question, answer
from pbt_tui.observe.continuing.question import PATIENCE
from pbt_tui.runtimes.going_on import of_attempt
from pbt_tui.runtimes.slurm.task_files import parse
from pbt_tui.spec import Job, Placeholder, Policy, Processes, merged
from tests.observe.member_files import Member, archive, failed, put, when
from tests.observe.recorded_members import NAMES, Replay
from tests.observe.test_continuing_policies import Policies

SHOW = r"""
printf '%s\0' "$code" "$_pbt_source" "$_pbt_why" "${_pbt_env[*]}" "${_pbt_args[@]}"
"""


class Told(NamedTuple):
    """What the functions of bash set."""

    code: int
    source: str
    why: str
    env: str
    args: tuple[str, ...]


def bash(text: str, again: Again, command: Sequence[str] = (), **variables: str) -> str:
    lines = [
        FUNCTIONS,
        f"_pbt_again=({words(again.words())})",
        f"_pbt_command=({words(command)})",
        "_pbt_env=() _pbt_attempt=1 _pbt_restarts=1",
        *(f"{name}={words([value])}" for name, value in variables.items()),
        text,
    ]
    done = subprocess.run(
        ["bash"], input="\n".join(lines).encode(), capture_output=True, check=False
    )
    assert done.stderr == b"", done.stderr.decode()
    return done.stdout.decode()


def by_bash(question: Question, **known: Any) -> Told:
    known = {"member": question.member} | known
    told = again(question.style, str(question.recorded), question.job.argv, **known)
    look = "_pbt_policies" if question.style == "sample_factory" else "_pbt_newest"
    text = bash(f"{look}; code=$?\n{SHOW}", told, question.job.argv)
    code, source, why, env, *args = text.split("\0")[:-1]
    return Told(int(code), source, why, env, tuple(args))


def agree(question: Question) -> Continuation:
    """The answer, if both give the same."""
    python = answer(question._replace(waited=PATIENCE + 1))
    found = by_bash(question)
    if python.source is None:
        assert found.code == (1 if python.refused is None else 2), (python, found)
        assert found.args == ()
        return python
    assert found.code == 0, (python, found)
    noted = parse(f"start 1 n0 1\nsource {found.source}\n", 0.0).source
    assert noted == python.source
    assert dict.fromkeys(overrides(found.args)) == dict.fromkeys(overrides(python.args))
    assert found.env == " ".join(f"{k}={v}" for k, v in python.env.items())
    return python


def overrides(args: Sequence[str]) -> list[tuple[str, str]]:
    """Arguments as the trainer reads them: `1.0e-05` is `1e-05`."""
    parser = OverridesParser.create()
    return [
        ("", word)
        if word.startswith("--")
        else (word.partition("=")[0], repr(parser.parse_override(word).value()))
        for word in args
    ]


@pytest.mark.parametrize("name", NAMES)
def test_folders_of_real_trainings(name: str, tmp_path: Path) -> None:
    replay = Replay(name, tmp_path)
    draw = random.Random(name)
    compared = 0
    for member in replay.run():
        if draw.random() < 0.15:  # each costs a process
            found = agree(replay.question(member))
            assert (found.source.generation if found.source else None) == replay.newest(member)
            compared += 1
    for index in range(4):
        assert agree(replay.question(f"{index:03d}")).source is not None
    assert compared > 12


CHANGES: list[dict[str, Any]] = [
    {},
    {"weights": b""},
    {"weights": archive()[:-1]},
    {"weights": b"PK"},
    {"weights": bytes(50)},
    {"weights": b"\x80\x02pickled"},
    {"weights_at": 9.5},
    {"weights_at": 9.0},
    {"iteration": 8},
    {"frame": 4000},
    {"frame": "many"},
    {"params": {}},
    {"params": {"agent.lr": None, "agent.b": True, "agent.c": "adaptive", "agent.d": 1e-05}},
    {"params": {"agent.lr": float("inf"), "agent.e": "1e-4", "agent.f": "null", "agent.g": -3}},
    {"pbt_checkpoint": "/w/logs/ws/005/000009.yaml"},
    {"pbt_checkpoint": "/w/logs/other/003/000009.yaml"},
    {"pbt_checkpoint": "/w/logs/ws/003/000002.yaml"},
    {"checkpoint": "/w/" + "a long name " * 12 + "/ws/003/000009.pth"},
    {"checkpoint": "/w/" + "a long name " * 12 + "/ws/004/000009.pth"},
    {"checkpoint": "000009.pth"},
    {"name": "null"},
]


@pytest.mark.parametrize("style", ["isaacgymenvs", "rl_games"])
@pytest.mark.parametrize("change", CHANGES)
def test_each_way_in_which_a_generation_is_not_whole(
    tmp_path: Path, style: str, change: dict[str, Any]
) -> None:
    member = Member(tmp_path, style=style)
    interval = f"{member.stem}interval_steps=4000"
    member.write(9, **change)
    agree(member.question(interval))
    member.write(8)
    agree(member.question(interval))


@pytest.mark.parametrize("size", [0, 1, 60, 150, 230, 256, 270, 290])
def test_metadata_that_is_cut(tmp_path: Path, size: int) -> None:
    member = Member(tmp_path)
    path = member.write(9)
    put(path, path.read_bytes()[:size], 9)
    agree(member.question())
    path = member.write(10)
    put(path, path.read_bytes()[:size], 10)
    agree(member.question())
    member.write(7)
    agree(member.question())


def test_what_is_not_in_the_folder(tmp_path: Path) -> None:
    member = Member(tmp_path)
    agree(member.question())
    member.folder.mkdir(parents=True)
    agree(member.question())
    path = member.write(3)
    (member.folder / "000008.yaml").symlink_to(path)
    (member.folder / "000009.yaml").mkdir()
    (member.folder / "best 1.yaml").write_bytes(path.read_bytes())
    assert agree(member.question()).source is not None
    (member.recorded / "other/ws/003").mkdir(parents=True)
    agree(member.question())
    (member.recorded / "007").mkdir()
    agree(member.question())


def test_paths_with_other_characters(tmp_path: Path) -> None:
    for name in ("a b", "a,b", "a(b)[c]{d}#e", "it's", "é", 'q"q', "a=b", "a$b", "${b}"):
        for style in ("isaacgymenvs", "rl_games"):
            member = Member(tmp_path / name, style=style)
            member.write(3)
            agree(member.question())


def test_a_value_that_bash_cannot_read_is_refused(tmp_path: Path) -> None:
    member = Member(tmp_path)
    member.write(3)
    for value in ([1, 2], "a b", {"a": 1}, "it's", "é"):
        member.write(4, params={"agent.layers": value, "agent.lr": 1})
        found = by_bash(member.question())
        assert found.code == 2
        assert found.why.startswith("a task cannot read the value of agent.layers: ")
    member.write(5)
    assert by_bash(member.question()).code == 0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(range(8))), max_size=6), st.data())
def test_any_folder(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, int]], data: st.DataObject
) -> None:
    member = Member(tmp_path_factory.mktemp("any"))
    for number, at in writes:
        path = member.write(number, at=at, **data.draw(st.sampled_from(CHANGES)))
        if data.draw(st.integers(0, 4)) == 0:
            cut = path.read_bytes()
            put(path, cut[: data.draw(st.integers(0, len(cut)))], at)
    agree(member.question("agent.pbt.interval_steps=4000"))


def test_what_the_executor_chose_holds_until_something_is_written(tmp_path: Path) -> None:
    """It may have chosen an older one, by the history or because the newest may be corrupt."""
    member = Member(tmp_path)
    member.write(3)
    source = answer(member.question()).source
    assert source is not None
    path = member.write(4)
    newest = answer(member.question()).source
    assert newest is not None
    assert newest.stamp is not None
    question = member.question(tried=[failed(newest)] * 2)
    chosen = answer(question)
    assert chosen.source == source
    told = of_attempt(question.job, "rl_games", "", source=source, seen=chosen.seen)
    assert told is not None
    assert told.floor == newest.stamp.written
    known = {name: getattr(told, name) for name in ("generation", "metadata", "stamp", "floor")}
    assert by_bash(member.question(), **known).source.split()[1] == "3"
    assert by_bash(member.question()).source.split()[1] == "4"
    member.write(2, at=50)
    assert by_bash(member.question(), **known).source.split()[1] == "2"
    put(member.folder / "000002.pth", archive(), 60)
    assert by_bash(member.question(), **known).source.split()[1] == "3"
    put(member.folder / "000003.pth", archive(), 70)  # it was being written again
    assert by_bash(member.question(), **known).source.split()[1] == "4"
    pinned = tmp_path / "ant.003.000003.1-1.1-1.yaml"
    os.link(member.folder / "000003.yaml", pinned)
    when(member.folder / "000003.pth", 2.99)
    os.link(member.folder / "000003.pth", pinned.with_suffix(".pth"))
    known["metadata"] = str(pinned)
    found = by_bash(member.question(), **known)
    assert found.source.endswith(str(pinned.with_suffix(".pth")))
    assert path.exists()


WORDS = st.one_of(
    st.builds(
        "{}{}={}".format,
        st.sampled_from(["", "+", "++", "~", "--"]),
        st.sampled_from(["a", "b", "c.d", "x"]),
        st.sampled_from(["", "1", "a b", "--x", "$y", "'"]),
    ),
    st.sampled_from(
        ["--a", "--b", "-a", "v", "--", "-", "a", "=", "+=", "--=1", "/p=1", "*", "@=1"]
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=6), st.lists(WORDS, max_size=4))
def test_commands_are_merged_as_in_python(argv: list[str], args: list[str]) -> None:
    command = ["python", *argv]
    text = bash(
        f"_pbt_merge {words(args)}\n" + 'printf "%s\\0" "${_pbt_command[@]}"',
        Again("", ""),
        command,
    )
    assert tuple(text.split("\0")[:-1]) == merged(command, args)


def test_a_job_of_sample_factory(tmp_path: Path) -> None:
    job = Policies(tmp_path)
    agree(job.question())
    path = job.write(0, 10, 1)
    job.write(0, 20, 3)
    job.write(1, 15, 2)
    found = agree(job.question("--restart_behavior=restart"))
    assert found.args == ("--restart_behavior=resume",)
    temporary = path.with_name("checkpoint_temp")
    temporary.write_bytes(archive())
    agree(job.question())
    assert temporary.exists()
    temporary.write_bytes(archive()[:-3])
    agree(job.question())
    assert sorted(path.parent.glob("checkpoint_*")) == sorted(path.parent.glob("checkpoint_0*"))
    settings = {"config.json": b"", "policy_01_cfg.json": b'{"a": 1', "policy_00_cfg.json": b"{}"}
    for name, data in (settings | {"policy_00_reward_shaping.json": b"null\n"}).items():
        (job.path / name).write_bytes(data)
    agree(job.question())
    left = sorted(path.name for path in job.path.glob("*.json"))
    assert left == [
        *("before-1.1.config.json", "before-1.1.policy_01_cfg.json"),
        *("policy_00_cfg.json", "policy_00_reward_shaping.json"),
    ]
    job.write(1, 30, 4, archive()[:-3])
    agree(job.question())


def life(question: Question, claim: Path, **known: Any) -> tuple[str, list[str]]:
    """What a life of a task tells, and its command."""
    told = again(question.style, str(question.recorded), question.job.argv, **known)
    show = 'printf "%s\\0" "$_pbt_told" "${_pbt_command[@]}"'
    patience = "sleep() { :; }\n"
    text = bash(f"{patience}_pbt_go_on\n{show}", told, question.job.argv, _pbt_claim=str(claim))
    first, *command = text.split("\0")[:-1]
    return first, command


def test_the_lives_of_a_task(tmp_path: Path) -> None:
    member = Member(tmp_path)
    claim = tmp_path / "03.2"
    claim.write_text("slurm 7_0\n")
    question = member.question()
    known: dict[str, Any] = {"member": 3, "args": ("--checkpoint=/old.pth", "agent.lr=1")}
    assert life(question, claim, **known) == (
        "",
        [*question.job.argv, "--checkpoint=/old.pth", "agent.lr=1"],
    )
    claim.write_text("slurm 7_0\nstart 0 n0 1 5\n")
    assert life(question, claim, **known) == ("", list(question.job.argv))
    refused = "refused cannot be continued: "
    assert life(question, claim, **known, known=True)[0].startswith(refused)
    member.write(4)
    told, command = life(question, claim, **known)
    expected = answer(question)
    assert told.startswith("source 3 4 16000 ")
    assert tuple(command) == merged(question.job.argv, expected.args)
    claim.write_text(f"slurm 7_0\nstart 1 n0 1 5\n{told}\n")
    assert parse(claim.read_text(), 0.0).source == expected.source
    for path in member.folder.iterdir():
        path.unlink()
    assert life(question, claim, **known)[0].startswith(refused)


@pytest.mark.parametrize("fill", [(), ("port",)])
def test_the_script_of_an_array(tmp_path: Path, fill: tuple[Placeholder, ...]) -> None:
    """The whole program of a task, twice: as it starts first, and after a requeue."""
    member = Member(tmp_path)
    given = member.argv()
    shown = ("sh", "-c", 'printf "%s\\n" "$0" "$@"', *given, *(f"x={{{name}}}" for name in fill))
    job = Job(
        id="03", experiment="e", name="03", argv=shown, env={"A": "a b"}, dir="d", params={},
        fill=fill,
    )  # fmt: skip
    of = Processes(
        format="pbt-processes/1", run="run", module="m", train_dir=str(tmp_path / "train"),
        policy=Policy(), container=None, populations=(), jobs=(job,),
    )  # fmt: skip
    how = Slurm(gpus_per_job=0)
    known = again("rl_games", str(member.recorded), job.argv, member=3, args=("lr=1",))
    (shape,) = backend.shapes(of, how)
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "m.txt").write_bytes(backend.manifest([(job, 2)], {"03": known}))
    script = folder / "array.sbatch"
    script.write_bytes(
        backend.script(of, how, shape, manifest="m.txt", offset=0, count=1, goes_on=True)
    )
    run = tmp_path / "run"

    def start(restart: int) -> list[str]:
        env = os.environ | {"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": str(restart)}
        where = ("bash", str(script), str(folder), str(run), str(tmp_path))
        done = subprocess.run(where, env=env, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr.decode()) == (0, b"", "")
        log = run / "logs/03.2.log"
        lines = [line for line in log.read_text().splitlines() if not line.startswith("x=")]
        log.unlink()
        return lines

    assert start(0) == [*given, "lr=1"]
    member.write(4)
    found = answer(member.question())
    assert start(1) == [*given, *found.args]
    noted = parse((run / "attempts/03.2").read_text(), 0.0)
    assert (noted.source, noted.restart, noted.code) == (found.source, 1, 0)
    assert all("again" not in word for word in start(2))


def test_what_the_manifest_says_of_other_attempts() -> None:
    job = Job(id="a", experiment="e", name="a", argv=("p",), env={}, dir="d", params={}, member=2)
    assert of_attempt(job, "toy", "/w") is None
    first = of_attempt(job, "isaacgymenvs", "/w", args=("a=1",))
    assert first == Again("isaacgymenvs", "/w", member=2, args=("a=1",))
    policies = of_attempt(job, "sample_factory", "/w", source=Source(1, 5))
    assert policies == Again("sample_factory", "/w", member=2, known=True)
