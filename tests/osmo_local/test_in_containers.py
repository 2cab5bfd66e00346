"""Workflow files on a real engine: groups, files, output, GPUs, and a killed executor."""

from __future__ import annotations

import json
import signal

from pbt_tui.journal import events as ev
from pbt_tui.journal.run_dir import RunDir
from tests.docker.containers_driver import BUSYBOX
from tests.docker.docked import Docked, pinned

TALK = f"""
workflow:
  name: talk
  resources:
    default: {{gpu: 1}}
  groups:
  - name: pair
    tasks:
    - name: server
      image: "{BUSYBOX}"
      command: [sh, /etc/run/serve.sh]
      files:
      - path: /etc/run/serve.sh
        contents: |
          while true; do echo "hello {{{{workflow_id}}}}" | nc -l -p 5000; done
    - name: client
      lead: true
      image: "{BUSYBOX}"
      command: [sh, -c]
      args: ["until nc {{{{host:server}}}} 5000 </dev/null >{{{{output}}}}/got; do
        sleep 0.2; done; pwd"]
"""
WAITS = f"""
workflow:
  name: waits
  tasks:
  - name: a
    image: "{BUSYBOX}"
    command: [sh, -c, "until [ -e {{{{output}}}}/go ]; do sleep 0.1; done"]
"""
SERIAL = f"""
workflow:
  name: serial
  tasks:
  - name: first
    image: "{BUSYBOX}"
    command: [sh, -c, "echo one >{{{{output}}}}/said"]
  - name: second
    image: "{BUSYBOX}"
    command: [sh, -c, "cat {{{{input:0}}}}/said >{{{{output}}}}/said; touch {{{{input:0}}}}/mine"]
    inputs: [{{task: first}}]
  - name: third
    image: "{BUSYBOX}"
    command: ["true"]
    inputs: [{{task: second}}]
"""


def place(docked: Docked, name: str, text: str) -> str:
    (docked.path / f"{name}.yaml").write_text(text)
    docked.rundir = RunDir.of(docked.path / "train_dir", name, "")
    docked.label = f"pbt.rundir={docked.rundir.path}"
    return f"{name}.yaml"


def test_tasks_of_a_group_talk_and_end_with_their_lead(docked: Docked) -> None:
    process = docked.start(place(docked, "talk", TALK))
    docked.wait_for(ev.AttemptStarted, 2)
    found = docked.inspected()
    assert {device for one in found.values() for device in pinned(one)} <= {"0", "1"}
    said = docked.end(process)
    assert said.code == 0, said.all
    assert (docked.path / "train_dir/talk/client/got").read_text() == "hello talk-1\n"
    assert docked.rundir.log("client", 1).read_text().split()[-1] == "/"
    scheduled = docked.of(ev.AttemptScheduled)
    assert sorted(e.gpus for e in scheduled) == [("0",), ("1",)]
    assert [e.why for e in docked.of(ev.StopRequested)] == ["group_end"]
    assert not [n for n in docked.api.networks() if n["Name"].endswith("-pair")]
    written = {p.relative_to(docked.path).parts[0] for p in docked.path.rglob("*")}
    assert written == {"talk.yaml", "train_dir"}


def test_a_killed_executor_is_resumed_by_the_same_command(docked: Docked) -> None:
    target = place(docked, "waits", WAITS)
    process = docked.start(target)
    docked.wait_for(ev.AttemptStarted)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (docked.path / "train_dir/waits/a/go").write_text("")
    said = docked.end(docked.start(target))
    assert said.code == 0, said.all
    assert len(docked.of(ev.AttemptScheduled)) == 1


def test_a_task_reads_the_output_of_the_one_before_and_the_next_needs_its_success(
    docked: Docked,
) -> None:
    said = docked.end(docked.start(place(docked, "serial", SERIAL)))
    assert said.code == 4, said.all
    assert (docked.path / "train_dir/serial/second/said").read_text() == "one\n"
    assert docked.phases() == {"first": "succeeded", "second": "failed", "third": "skipped"}
    assert "Read-only file system" in docked.log("second")
    assert "upstream `second` has not succeeded" in said.all
    order = [(type(e), e.job) for e in docked.of(ev.AttemptEnded, ev.AttemptScheduled)]
    assert order.index((ev.AttemptEnded, "first")) < order.index((ev.AttemptScheduled, "second"))


def test_the_network_of_a_killed_run_goes_with_clean_or_with_its_next_end(docked: Docked) -> None:
    target = place(docked, "talk", TALK.replace("pwd", "sleep 999"))
    process = docked.start(target)
    docked.wait_for(ev.AttemptStarted, 2)

    def left() -> list[str]:
        own = {"label": docked.label}
        return [n["Name"] for n in docked.api.networks(filters=own)]

    docked.pbt("--clean")
    assert len(left()) == 1, "its executor lives"
    process.kill()
    process.communicate()
    said = docked.pbt("train_dir/talk", "--runtime", "process")
    assert said.code == 2, said.all
    process = docked.start(target, "--grace", "1")
    docked.wait_for(ev.ExecutorStarted, 2)
    process.send_signal(signal.SIGINT)
    assert docked.end(process).code == 130
    assert left() == []
    said = docked.pbt("train_dir/talk", "--runtime", "process")
    assert said.code == 2, said.all
    assert "runs in a container of its own" in said.err

    process = docked.start(target)
    docked.wait_for(ev.AttemptStarted, 4)
    process.kill()
    process.communicate()
    docked.sweep()
    assert len(left()) == 1
    said = docked.pbt("--clean")
    assert left() == [], said.all
    assert "removed 1 network" in said.out


ODD = ('/a b,c="d":ro', "/x\ty\nz", "/ü/'$(id)'", "/etc/hosts", "/osmo/data/output/link/x")
"""Paths of files that a task may have."""


def test_files_at_odd_paths_are_there_and_nothing_is_made_outside_the_run(docked: Docked) -> None:
    files = [{"path": path, "contents": f"file {k}\n"} for k, path in enumerate(ODD)]
    task = {"name": "a", "image": BUSYBOX, "command": ["cat", *ODD], "files": files}
    text = f"workflow:\n  name: odd\n  tasks: {json.dumps([task], ensure_ascii=False)}\n"
    target = place(docked, "odd", text)
    outside = docked.path / "outside"
    outside.mkdir()
    output = docked.path / "train_dir/odd/a"
    output.mkdir(parents=True)
    (output / "link").symlink_to(outside)
    said = docked.end(docked.start(target))
    assert said.code == 0, said.all
    assert docked.log("a") == "".join(f"file {k}\n" for k in range(len(ODD)))
    assert list(outside.iterdir()) == []
    written = {p.relative_to(docked.path).parts[0] for p in docked.path.rglob("*")}
    assert written == {"odd.yaml", "outside", "train_dir"}
    assert {p.name for p in (docked.path / "train_dir/odd").iterdir()} == {"_pbt", "a"}
