"""Output of tasks, slurmstepd and `squeue`, recorded on real clusters, and its meaning."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.backends.slurm import environment
from pbt_tui.backends.slurm.error_hints import cure
from pbt_tui.backends.slurm.index import Index, Slurm, decode, encode
from pbt_tui.runtimes.slurm import client, queue_limits, squeue, task_files
from pbt_tui.runtimes.slurm.exit_status import ended, heard
from pbt_tui.runtimes.slurm.squeue import SqueueRow
from pbt_tui.runtimes.slurm.submissions import printed_id

AT = "2026-11-26T04:28:18"
WHO = "slurmstepd-n0: error: *** JOB 13 ON n0 CANCELLED AT"
LIMIT = f"{WHO} {AT} DUE TO TIME LIMIT ***\n"
PREEMPTED = f"{WHO} {AT} DUE TO PREEMPTION ***\n"
CANCEL = f"{WHO} {AT} ***\n"
EATS = "slurmstepd-n0: error: StepId=10.batch exceeded memory limit (332 > 104), being killed\n"
KERNEL = (
    "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=1.batch. Some of your processes "
    "may have been killed by the cgroup out-of-memory handler.\n"
)


def test_the_narrower_of_two_words_is_the_advice() -> None:
    """What is too much of is named where SLURM names it, and not only that no node has it all."""
    general = "Requested node configuration is not available"
    advice = cure(f"Memory specification can not be satisfied; {general}")
    assert advice is not None
    assert "`--slurm_memory`" in advice
    assert "sinfo" in (cure(general) or "")


@pytest.mark.parametrize(
    ("text", "restart", "how"),
    [
        ("", 0, None),
        ("module load: nothing to say\n", 0, None),
        (CANCEL, 0, "cancelled"),
        (LIMIT, 0, "timeout"),
        (EATS + CANCEL + EATS, 0, "oom"),
        (KERNEL, 0, "oom"),
        (PREEMPTED, 0, "requeued"),
        (PREEMPTED, 1, None),
        (PREEMPTED + LIMIT, 1, "timeout"),
        (PREEMPTED * 2, 1, None),  # said by two nodes of one job
        (PREEMPTED + PREEMPTED.replace("04:28", "05:28"), 1, "requeued"),
        (f"{WHO} {AT} DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***\n", 0, "requeued"),
        (CANCEL, 3, "cancelled"),  # the lives before it ended with their nodes, without a word
    ],
)
def test_what_slurmstepd_says_of_a_life(text: str, restart: int, how: str | None) -> None:
    assert heard(text, restart) == how


def test_lives_in_one_file() -> None:
    text = "slurm 7_0\nstart 0 n0 100\nexit 143 200\nstart 1 n1 300\n"
    file = task_files.parse(text, 300.0)
    assert (file.holder, file.restart, file.node, file.over) == ("7_0", 1, "n1", False)
    assert task_files.parse(text + "exit 3 40", 300.0).over is False, "not written to its end"
    assert task_files.parse(text + "exit 3 400\n", 300.0).code == 3
    assert task_files.parse(text + "requeue 2 400\n", 300.0).asked
    assert task_files.parse("given up\n", 1.0).given_up
    refused = task_files.parse("slurm 7_0\nstart 0 n0 1\nrefused 127\nexit 127 2\n", 1.0)
    assert refused.claim.refused == "127"


@given(st.text(alphabet="slurmtaexiqo0123456789_- \nn", max_size=80))
def test_no_file_is_too_strange_to_be_read(text: str) -> None:
    file = task_files.parse(text, 1.0)
    assert file.code is None or file.code >= 0


ROW = {
    "JobArrayID": "12_3",
    "State": "PENDING",
    "exit_code": "0",
    "RestartCnt": "1",
    "Reason": "ReqNodeNotAvail, UnavailableNodes:n0",
    "NodeList": "",
    "StartTime": "2026-11-26T04:27:37",
}


def _row(**other: str) -> str:
    values = {**ROW, **other}
    return "".join(values[name][:width].ljust(width) for name, width in squeue.FIELDS) + "\n"


def test_a_line_of_the_queue() -> None:
    lines = squeue.parse(_row() + _row(JobArrayID="12_4", State="RUNNING", NodeList="n1"))
    assert lines["12_3"].reason == "ReqNodeNotAvail, UnavailableNodes:n0"
    assert lines["12_3"].waits
    assert lines["12_3"].starts_at is not None
    assert (lines["12_4"].node, lines["12_4"].starts_at) == ("n1", None)
    assert squeue.parse("\n \n") == {}


def test_what_is_left_of_an_array_that_was_cancelled_in_the_queue() -> None:
    lines = squeue.parse(_row(JobArrayID="12", State="CANCELLED"))
    found = squeue.line_of("12_7", lines)
    assert found is not None
    assert found.over
    assert squeue.line_of("13_7", lines) is None


def test_what_accounting_remembers() -> None:
    text = (
        "5_0|CANCELLED by 0|0:0|n0\n5_1|RUNNING|0:0|n0\n5_[2-4]|PENDING|0:0|\n5_5|FAILED|3:0|n1\n"
    )
    found = squeue.past(text)
    assert set(found) == {"5_0", "5_5"}, "what it believes to live may have died long ago"
    assert found["5_5"].status == 3 << 8


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 40)), max_size=40))
def test_tasks_in_few_words_are_the_same_tasks(tasks: list[tuple[int, int]]) -> None:
    spelled = set()
    for word in squeue.together(f"{a}_{i}" for a, i in tasks):
        array, _, inner = word.partition("_")
        for part in inner.strip("[]").split(","):
            first, _, last = part.partition("-")
            spelled |= {(int(array), i) for i in range(int(first), int(last or first) + 1)}
    assert spelled == set(tasks)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("123\n", ("123", None)),
        ("123;cluster\n", ("123", "cluster")),
        ("", None),
        ("Submitted batch job 5\n", None),
        ("12\n13\n", ("13", None)),
        ("Welcome\n2026\n67;east\nBye 2026\n", ("67", "east")),
        ("\u0662\u0663\n", None),  # digits of another script
    ],
)
def test_the_id_that_sbatch_printed(text: str, what: object) -> None:
    assert printed_id(text) == what


@pytest.mark.parametrize(
    ("file", "said", "line", "outcome"),
    [
        ("exit 0 2\n", "", None, (0, False, False, None, None)),
        ("exit 0 2\n", LIMIT, None, (0, False, False, "timeout", None)),
        ("exit 0 2\n", KERNEL, None, (0, False, False, None, None)),
        ("exit 1 2\n", KERNEL, None, (1, False, False, None, "oom")),
        ("exit 143 2\n", CANCEL, None, (143, False, False, "cancel", None)),
        ("exit 143 2\n", PREEMPTED, SqueueRow("PREEMPTED", 15), (None, False, True, None, "lost")),
        ("exit 143 2\n", PREEMPTED, None, (None, False, True, None, "lost")),
        ("", "", SqueueRow("TIMEOUT"), (None, False, False, "timeout", None)),
        ("", "", SqueueRow("OUT_OF_MEMORY", 125), (137, False, False, None, "oom")),
        ("", "", SqueueRow("NODE_FAIL", node="n1"), (None, False, True, None, "lost")),
        ("", "", SqueueRow("COMPLETED"), (None, False, True, None, "lost")),
        ("", "", SqueueRow("FAILED", 9), (None, False, True, None, "lost")),
        ("", "", SqueueRow("FAILED", 3 << 8), (3, False, False, None, None)),
        ("", "", None, (None, False, True, None, "lost")),
    ],
)
def test_ends(file: str, said: str, line: SqueueRow | None, outcome: tuple[object, ...]) -> None:
    found = task_files.parse("slurm 7_0\nstart 0 n0 1\n" + file, 2.0)
    end = ended(("j", 1), "7_0", 9.0, file=found, said=said, line=line)
    assert (end.exit_code, end.refused, end.lost, end.stopped, end.cause) == outcome


def test_a_folder_that_is_missing_on_the_node_is_named() -> None:
    line = SqueueRow("FAILED", 4021, node="n0")
    end = ended(("j", 1), "7_0", 9.0, file=None, line=line, output="/away/slurm")
    assert end.refused
    assert end.detail == "SLURM could not begin it on `n0`: is `/away/slurm` there, and writable?"


@pytest.mark.parametrize(
    ("message", "whose"),
    [
        ("AssocMaxSubmitJobLimit; Job violates accounting/QOS policy", "user"),
        ("QOSMaxSubmitJobPerUserLimit", "user"),
        ("AssocGrpSubmitJobsLimit", "several"),
        ("QOSGrpSubmitJobsLimit", "several"),
        ("QOSMaxSubmitJobPerAccountLimit", "several"),
        ("QOSMaxWallDurationPerJobLimit; Job violates accounting/QOS policy", None),
        ("Slurm temporarily unable to accept job, sleeping and retrying", None),
    ],
)
def test_whose_limit_it_is(message: str, whose: str | None) -> None:
    assert queue_limits.whose(message) == whose
    if whose is not None:
        assert "`--slurm_max_array`" in (cure(message) or "")


def test_hidden_jobs_may_count_towards_a_limit_of_several() -> None:
    limits = queue_limits.QueueLimits({"PATH": ""})
    limits.private = True
    assert limits.may_pass("several")


def test_the_environment_of_a_call() -> None:
    environ = {
        "SBATCH_PARTITION": "x",
        "SQUEUE_FORMAT": "%i",
        "LANG": "de_DE",
        "SLURM_CONF": "c",
        "SLURM_JOB_ID": "7",
        "SLURMD_NODENAME": "n0",
    }
    assert environment.for_jobs(environ) == {
        "SQUEUE_FORMAT": "%i",
        "LANG": "de_DE",
        "SLURM_CONF": "c",
    }
    assert client.for_us(environ)["LC_ALL"] == "C"
    assert "SQUEUE_FORMAT" not in client.for_us(environ)
    assert "SLURM_JOB_ID" not in client.for_us(environ)
    assert environment.dropped(environ) == ["SBATCH_PARTITION", "SLURMD_NODENAME", "SLURM_JOB_ID"]


def test_a_dropped_variable_is_named_unless_a_setting_replaces_it() -> None:
    environ = {"SBATCH_RESERVATION": "mine", "SBATCH_QOS": "", "SBATCH_WAIT": "1"}
    [line] = environment.messages(environ, Slurm())
    assert line.startswith("jobs without `SBATCH_RESERVATION` of this shell")
    assert "`--slurm_reservation`" in line
    assert list(environment.messages(environ, Slurm(reservation="other"))) == []


def test_a_setting_that_came_later_is_left_out_while_it_is_null() -> None:
    """Files that an earlier version compiled are the same bytes today."""
    index = Index("pbt-slurm-index/1", "r", "", Slurm(), ())
    assert b"reservation" not in encode(index)
    asked = msgspec.structs.replace(index, settings=Slurm(reservation="mine"))
    assert decode(encode(index)) == index
    assert decode(encode(asked)) == asked
