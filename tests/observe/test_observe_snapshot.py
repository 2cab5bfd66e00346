"""The snapshot of a run that was folded from events, and of a plain workspace."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.errors import UsageError
from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.observe import nvml, pauses
from pbt_tui.observe.history import HistoryReader, HistoryWriter
from pbt_tui.observe.population_monitor import AttemptLog, PopulationMonitor
from pbt_tui.observe.snapshot import (
    Populations,
    Snapshot,
    encode,
    snapshot,
    workspace_snapshot,
)
from pbt_tui.observe.workspaces import reader
from pbt_tui.spec import Job, Policy, Population, Processes
from tests.observe.conftest import BEGIN, Recorded

KEYS = {
    "format", "run", "state", "counts", "jobs", "failures", "gpus", "populations", "queue", "eta",
}  # fmt: skip
JOB_KEYS = {
    "id", "name", "state", "attempt", "gpus", "exit_code", "signal", "cause", "detail", "log",
    "population", "member", "node", "reason", "restarts", "slurm_id", "starts_at", "paused_at",
    "progress", "series",
}  # fmt: skip
POPULATION_KEYS = {
    "id",
    "style",
    "size",
    "workspace",
    "original",
    "members",
    "events",
    "best",
    "alarms",
    "rounds",
}
MEMBER_KEYS = {
    "index", "state", "generation", "frame", "objective", "params", "lag", "generations",
    "paused_at",
}  # fmt: skip


class Story:
    """A run of six jobs, four of them a population, told by events."""

    def __init__(self, train_dir: Path, workspace: str = "ws", run: str = "ant") -> None:
        members = tuple(f"0{i}_ant" for i in range(4))
        jobs = [
            Job(
                id=name,
                experiment="ant",
                name=name,
                argv=("python", "train.py", "pbt.initial_delay=200"),
                env={},
                dir="ant/ant_",
                params={},
                population="ant",
                member=i,
            )
            for i, name in enumerate(members)
        ]
        jobs += [
            Job(id=n, experiment=n, name=n, argv=("x",), env={}, dir="d", params={}) for n in "xy"
        ]
        population = Population(
            id="ant", style="isaacgymenvs", size=4, workspace=workspace, members=members
        )
        self.spec = Processes(
            format="pbt-processes/1",
            run=run,
            module="m",
            train_dir=str(train_dir),
            policy=Policy(max_parallel=8),
            container=None,
            populations=(population,),
            jobs=tuple(jobs),
        )
        self.state = RunState(self.spec)
        self.rundir = RunDir.of(train_dir, run)
        self.rundir.logs.mkdir(parents=True)
        self.tell(
            ev.RunOpened(
                format=ev.FORMAT, run_id="00ab12cd", run=run, cwd="/", train_dir=str(train_dir),
                digest="",
            ),
            ev.ExecutorStarted(
                pid=1, host="h", boot_id="b", runtime="process", policy=self.spec.policy,
                gpus=(ev.Gpu(0, "GPU-a", "Some GPU", 80), ev.Gpu(1, "GPU-b", "Some GPU", 80)),
            ),
        )  # fmt: skip

    def tell(self, *events: ev.AnyEvent) -> None:
        for event in events:
            at, seq = self.state.at + 1, self.state.seq + 1
            apply(self.state, msgspec.structs.replace(event, at=at, seq=seq))

    def start(self, job: str, gpu: str = "GPU-a", attempt: int = 1) -> None:
        self.tell(
            ev.AttemptScheduled(job=job, attempt=attempt, gpus=(gpu,)),
            ev.AttemptStarted(job=job, attempt=attempt, handle="1.2"),
        )

    def end(self, job: str, code: int = 0, **more: Any) -> None:
        outcome: ev.Outcome = "failed" if code else "succeeded"
        at = self.state.at + 1
        self.tell(
            ev.AttemptEnded(
                job=job, attempt=1, outcome=outcome, exit_code=code, ended_at=at, **more
            )
        )


def document(story: Story, live: bool = True, **more: Any) -> dict[str, Any]:
    data = encode(snapshot(story.state, story.rundir, live, **more))
    assert data.endswith(b"}\n")
    msgspec.json.decode(data, type=Snapshot)
    found: dict[str, Any] = json.loads(data)
    return found


def test_every_key_is_there_from_the_first_moment_to_the_last(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.start("00_ant", "GPU-b")
    story.start("x")
    story.end("x", 3, cause="traceback", detail="E: 5", line=7)
    story.start("y")
    story.end("y", 1, cause="traceback", detail="E: 6")
    (tmp_path / "ant" / "_pbt" / "gpus.json").write_bytes(
        nvml.encode(nvml.Samples(1.0, (nvml.Sample(1, "GPU-b", "n", 80, 33, 50),)))
    )
    found = document(story)
    assert set(found) == KEYS
    assert (found["format"], found["run"], found["state"]) == ("pbt-snapshot/1", "ant", "live")
    assert found["counts"] == {
        "waiting": 3, "running": 1, "succeeded": 0, "failed": 2, "cancelled": 0, "skipped": 0,
    }  # fmt: skip
    jobs = {j["id"]: j for j in found["jobs"]}
    assert all(set(j) == JOB_KEYS for j in jobs.values())
    assert jobs["00_ant"]["state"] == "running"
    assert (jobs["00_ant"]["population"], jobs["00_ant"]["member"]) == ("ant", 0)
    assert (jobs["01_ant"]["attempt"], jobs["01_ant"]["log"]) == (None, None)
    assert jobs["x"]["log"] == str(tmp_path / "ant" / "_pbt" / "logs" / "x.1.log")
    assert [jobs["x"][k] for k in ("attempt", "exit_code", "cause", "detail")] == [
        1, 3, "traceback", "E: 5",
    ]  # fmt: skip
    assert found["failures"] == [
        {
            "signature": "E: <n>", "count": 2, "jobs": ["x", "y"], "first_at": 7.0,
            "last_at": 10.0, "where": None, "difference": None,
        }
    ]  # fmt: skip
    assert found["gpus"][1] == {
        "index": 1, "uuid": "GPU-b", "name": "Some GPU", "memory": 80, "memory_used": 33,
        "utilisation": 50, "drained": False, "drained_why": None, "others": None,
        "jobs": ["00_ant"], "held": None, "temperature": None, "history": [],
    }  # fmt: skip
    assert found["gpus"][0]["memory_used"] is None
    (population,) = found["populations"]
    assert set(population) == POPULATION_KEYS
    assert [m["state"] for m in population["members"]] == ["running", *["waiting"] * 3]
    assert all(set(m) == MEMBER_KEYS for m in population["members"])
    assert population["best"] is None
    assert [a["code"] for a in population["alarms"]] == ["before_start"]


def test_the_header_is_never_ambiguous(tmp_path: Path) -> None:
    story = Story(tmp_path)
    assert document(story)["state"] == "live"
    assert document(story, live=False)["state"] == "no_executor"
    story.tell(ev.RequestAccepted(id="1", action="hold"))
    assert document(story)["state"] == "held"
    assert document(story, live=False)["state"] == "no_executor"
    story.state.closed = "failures"
    assert document(story)["state"] == "closed"


def test_queued_counts_as_waiting_and_stopping_as_running(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.tell(ev.AttemptScheduled(job="x", attempt=1, gpus=()))
    found = document(story)
    assert (found["counts"]["running"], found["jobs"][4]["state"]) == (1, "starting")
    story.tell(ev.AttemptWaiting(job="x", attempt=1, reason="Priority"))
    found = document(story)
    assert (found["counts"]["waiting"], found["jobs"][4]["state"]) == (6, "queued")
    story.start("y")
    story.tell(ev.StopRequested(job="y", attempt=1, why="interrupt"))
    found = document(story)
    assert (found["counts"]["running"], found["jobs"][5]["state"]) == (1, "stopping")
    assert sum(found["counts"].values()) == 6


def test_a_drained_gpu_says_so(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.tell(ev.RequestAccepted(id="1", action="drain", gpus=("1",)))
    assert [g["drained"] for g in document(story)["gpus"]] == [False, True]


def test_a_population_with_its_logs_history_and_best(
    isaacgymenvs: Recorded, tmp_path: Path
) -> None:
    workspace = isaacgymenvs.all()
    story = Story(tmp_path / "t", str(workspace))
    for i in range(4):
        story.start(f"0{i}_ant")
        own = f"Policy {i}:"
        who, lines = -1, []
        for line in isaacgymenvs.stdout:
            if line.startswith("Policy "):
                who = int(line.split()[1].rstrip(":"))
            if who == i or line.startswith(own):
                lines.append(line)
        story.rundir.log(f"0{i}_ant", 1).write_text("\n".join(lines) + "\n")
    weights = workspace / "003" / "000014.pth"
    weights.write_bytes(b"weights")
    os.utime(weights, (BEGIN, BEGIN))
    now = max(p.stat().st_mtime for p in workspace.rglob("*.yaml")) + 0.1
    (population,) = document(story, now=now)["populations"]
    kinds = [e["kind"] for e in population["events"]]
    assert (kinds.count("exploit"), kinds.count("mutate")) == (8, 2)
    assert set(population["events"][0]) == {
        "kind", "member", "donor", "generation", "source", "confidence", "donor_generation",
        "applied",
    }  # fmt: skip
    assert population["events"][0] == {
        "kind": "exploit", "member": 0, "donor": 2, "generation": 4, "source": "log",
        "confidence": 1.0, "donor_generation": 3, "applied": True,
    }  # fmt: skip
    assert population["best"] == {
        "member": 3, "generation": 14, "objective": 71.68117051425895, "checkpoint": str(weights),
        "frame": 1400, "experiment_name": "03_ant_v1_pbt_03_18-09-22-23", "lost": None,
    }  # fmt: skip
    weights.unlink()
    assert document(story, now=now)["populations"][0]["best"]["checkpoint"] is None
    assert population["alarms"] == []
    assert [m["lag"] for m in population["members"]] == [0, 0, 0, 0]
    assert [g["generation"] for g in population["members"][2]["generations"]] == list(range(1, 15))
    assert set(population["members"][2]["generations"][0]) == {
        "generation", "frame", "objective", "params", "at",
    }  # fmt: skip


def test_what_upstream_deleted_is_still_shown(isaaclab: Recorded, tmp_path: Path) -> None:
    story = Story(tmp_path / "t", str(isaaclab.all()))
    HistoryWriter("ant", reader("isaaclab", isaaclab.path), story.rundir.populations).poll()
    shutil.rmtree(isaaclab.path)
    (population,) = document(story)["populations"]
    assert len(population["members"][1]["generations"]) == 14


def test_a_copied_run_directory_brings_its_workspace(
    isaacgymenvs: Recorded, tmp_path: Path
) -> None:
    story = Story(tmp_path / "t", "ant/ws")
    shutil.copytree(isaacgymenvs.all(), tmp_path / "t" / "ant" / "ws")
    (tmp_path / "t").rename(tmp_path / "elsewhere")
    story.rundir = RunDir.of(tmp_path / "elsewhere", "ant")
    (population,) = document(story, live=False)["populations"]
    assert population["workspace"] == str(tmp_path / "elsewhere" / "ant" / "ws")
    assert population["members"][3]["generation"] == 14


def test_watching_reads_only_what_is_new(isaacgymenvs: Recorded, tmp_path: Path) -> None:
    story = Story(tmp_path / "t", str(isaacgymenvs.path))
    kept = Populations(story.state, story.rundir)
    assert kept.poll() is False
    files = isaacgymenvs.replay()
    for _ in range(9):
        next(files)
    assert kept.poll() is True
    assert kept.poll() is False
    first = document(story, populations=kept, now=1.0)
    assert document(story, now=1.0) == first


def test_a_member_that_goes_on_after_a_pause_is_not_silent(
    isaacgymenvs: Recorded, tmp_path: Path
) -> None:
    story = Story(tmp_path / "t", str(isaacgymenvs.all()))
    story.tell(
        ev.ExecutorStarted(
            pid=1, host="h", boot_id="b", runtime="docker", gpus=(), policy=story.spec.policy
        )
    )
    for i in range(4):
        story.start(f"0{i}_ant")
    kept = Populations(story.state, story.rundir)
    kept.poll()
    now = (kept.monitors[0].newest() or 0.0) + 1000

    def silent() -> list[int]:
        (row,) = document(story, populations=kept, now=now)["populations"]
        return next((a["members"] for a in row["alarms"] if a["code"] == "stale_member"), [])

    assert silent() == [0, 1, 2, 3]
    paused = {"02_ant.1": pauses.Pause(now - 900)}
    story.rundir.paused.write_bytes(pauses.encode(paused, {"01_ant.1": now - 10}))
    assert silent() == [0, 3]


def test_sample_factory_policies_share_their_job(tmp_path: Path) -> None:
    story = Story(tmp_path)
    population = msgspec.structs.replace(
        story.spec.populations[0], style="sample_factory", members=("x",)
    )
    story.spec = msgspec.structs.replace(story.spec, populations=(population,))
    story.state.spec = story.spec
    story.start("x")
    (row,) = document(story)["populations"]
    assert [m["state"] for m in row["members"]] == ["running"] * 4


def test_a_plain_workspace(isaacgymenvs: Recorded, isaaclab: Recorded) -> None:
    for record, style in ((isaacgymenvs, "isaacgymenvs"), (isaaclab, "isaaclab")):
        record.all()
        for path in (record.path, record.root):
            found = json.loads(encode(workspace_snapshot(path)))
            assert set(found) == KEYS
            assert (found["run"], found["state"]) == (record.path.name, "no_executor")
            assert found["jobs"] == found["gpus"] == found["failures"] == []
            (population,) = found["populations"]
            assert (population["style"], population["size"]) == (style, 4)
            assert population["workspace"] == str(record.path)
            assert population["members"][0]["state"] == "unknown"
            assert population["best"]["member"] == 3


def test_no_workspace_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no population here") as caught:
        workspace_snapshot(tmp_path / "none")
    assert caught.value.exit_code == 2
    assert str(tmp_path / "none") in str(caught.value)


def test_nothing_is_written_anywhere(isaacgymenvs: Recorded, tmp_path: Path) -> None:
    story = Story(tmp_path / "t", str(isaacgymenvs.all()))

    def listing() -> list[tuple[str, float]]:
        return sorted(
            (str(Path(d, n)), Path(d, n).stat().st_mtime)
            for d, _, names in os.walk(tmp_path)
            for n in names
        )

    before = listing()
    document(story)
    workspace_snapshot(isaacgymenvs.path)
    assert listing() == before


def test_an_empty_watch_is_a_row(tmp_path: Path) -> None:
    row = PopulationMonitor("p", "isaaclab", tmp_path / "none", size=2).row({}, 5.0)
    assert [m.generation for m in row.members] == [None, None]
    assert row.events == ()


def test_a_history_that_lags_does_not_undo_what_was_seen(
    isaaclab: Recorded, tmp_path: Path
) -> None:
    name, at, text = isaaclab.files[0]
    isaaclab.write(name, at, text)
    history = tmp_path / "populations.jsonl"
    executor = HistoryWriter("lab", reader("isaaclab", isaaclab.path), tmp_path / "aside")
    executor.poll()
    watch = PopulationMonitor("lab", "isaaclab", isaaclab.path, history=HistoryReader(history))
    isaaclab.write(name, at + 9, text.replace("frame: 100", "frame: 101"))
    watch.poll()
    (tmp_path / "aside").rename(history)
    watch.poll()
    assert [g.frame for g in watch.generations[0]] == [100, 101]


def test_before_the_end_of_a_log_that_was_read_the_metadata_speaks(
    isaacgymenvs: Recorded, tmp_path: Path
) -> None:
    log = isaacgymenvs.log(tmp_path / "log")
    size = log.stat().st_size
    watch = PopulationMonitor("p", "isaacgymenvs", isaacgymenvs.all(), first=size // 2)
    watch.poll({0: [AttemptLog(log)]})  # its first member's, for the purpose
    sources = [e.source for e in watch.events if e.member == 0]
    assert sources[0] == "metadata"
    assert sources[-1] == "log"
    assert sources == sorted(sources, key=("metadata", "log").index)
