"""Grouping of failures: which ones have the same signature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.observe.failure_grouping import Failure, fold, group, signature


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ValueError: bad value 7", "ValueError: bad value -3.5e-7"),
        ("KeyError: /tmp/a/b.yaml", "KeyError: /home/x/c-1.yaml"),
        ("at 0x7fff1234 in thread 3", "at 0x1 in thread 40"),
        ("2026-01-02 03:04:05,123 no", "2025-11-12T13:14:15Z no"),
        ("run 3f2a9c1d4e lost", "run 00ab12cd9f lost"),
        ("Tried to allocate 2.00 GiB", "Tried to allocate 512 MiB"),
    ],
)
def test_what_differs_between_jobs_is_folded(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_what_tells_failures_apart_stays() -> None:
    assert fold("ValueError: bad value 7") != fold("KeyError: bad value 7")
    assert fold("ValueError: bad value 7") == "ValueError: bad value <n>"
    assert signature("exit", None, 3, None) == "exit 3"
    assert signature("exit", "epoch 4 loss 0.3", 3, None) == "exit 3"
    assert signature("exit", "error: no disk 4", 3, None) == "exit 3: error: no disk <n>"
    assert signature("signal", "killed by SIGKILL", 137, None) == "killed by SIGKILL"
    assert signature("signal", None, 137, None) == "killed by SIGKILL"
    assert signature("signal", None, None, 11) == "killed by SIGSEGV"
    assert signature("cuda_oom", "whatever 3 GiB", 1, None) == "CUDA out of memory"
    assert signature("command_not_found", "`trian`", None, None) == "command not found: `trian`"
    words = "command not found: `trian`"
    assert signature("command_not_found", words, 127, None) == words, "not doubled"
    assert signature("oom", "oom-kill", None, 9) == "killed by the kernel for memory"
    assert signature("oom", "MemoryError", 1, None) == "out of memory"
    assert signature("lost", None, None, None) == "lost: it went away without an exit code"
    assert signature(None, None, None, None) == "failed"


def test_groups_are_ranked_by_count_then_first_seen() -> None:
    failures = [
        Failure("a", "exit", None, 3, at=5.0),
        Failure("b", "traceback", "E: 1", 1, at=4.0),
        Failure("c", "traceback", "E: 2", 1, at=9.0),
        Failure("d", "timeout", None, None, at=1.0),
    ]
    groups = group(failures)
    assert [(g.signature, g.count, g.jobs) for g in groups] == [
        ("E: <n>", 2, ("b", "c")),
        ("over the time limit", 1, ("d",)),
        ("exit 3", 1, ("a",)),
    ]
    assert (groups[0].detail, groups[0].first_at, groups[0].last_at) == ("E: 1", 4.0, 9.0)
    assert group([]) == []


@given(st.text(max_size=300))
def test_a_signature_is_one_short_line_and_stable(text: str) -> None:
    folded = fold(text)
    assert len(folded) <= 160
    assert "\n" not in folded
    assert fold(folded) == folded or len(folded) == 160


@given(st.lists(st.sampled_from("abcd"), max_size=30))
def test_every_failure_is_in_exactly_one_group(names: list[str]) -> None:
    failures = [Failure(str(i), "traceback", n) for i, n in enumerate(names)]
    groups = group(failures)
    assert sorted(j for g in groups for j in g.jobs) == sorted(f.job for f in failures)
    assert all(g.count == len(g.jobs) for g in groups)


def test_a_last_line_in_another_language_is_kept() -> None:
    assert signature("exit", "Datei nicht lesbar: größe", 3, None).endswith("größe")
    assert signature("exit", "step 3", 3, None) == "exit 3"
