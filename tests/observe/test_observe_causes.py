"""Logs as programs really end them, and the cause that a person would name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pbt_tui.observe.causes import diagnose
from pbt_tui.observe.log_reader import clean, tail

FRAME = '  File "/x/train.py", line 3, in main\n    step()\n'
HEAD = "Traceback (most recent call last):\n"


def log_of(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "job.1.log"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def real(tmp_path: Path, source: str, *, code: int = 1) -> Path:
    """The log of a real interpreter that ran `source`."""
    script = tmp_path / "script.py"
    script.write_text(source)
    path = tmp_path / "real.log"
    with path.open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-u", str(script)], stdout=out, stderr=out, check=False
        )
    assert done.returncode == code
    return path


def test_real_traceback_names_exception_and_line(tmp_path: Path) -> None:
    log = real(tmp_path, "print('hello')\nraise ValueError('bad value 7')\n")
    found = diagnose(log, 1, None)
    assert (found.cause, found.detail) == ("traceback", "ValueError: bad value 7")
    assert found.line is not None
    assert log.read_text().splitlines()[found.line - 1] == "ValueError: bad value 7"


WRAPPER = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', {!r}], check=True)\n"
"""A program that runs the trainer as a child, as `isaaclab train` does."""


def test_the_trainer_of_a_program_that_waits_for_it_was_killed(tmp_path: Path) -> None:
    log = real(tmp_path, WRAPPER.format("import os; os.kill(os.getpid(), 9)"))
    found = diagnose(log, 1, None)
    assert (found.cause, found.detail) == ("signal", "killed by SIGKILL")


def test_the_trainer_of_a_program_that_waits_for_it_failed(tmp_path: Path) -> None:
    log = real(tmp_path, WRAPPER.format("raise ValueError('bad value 7')"))
    found = diagnose(log, 1, None)
    assert (found.cause, found.detail) == ("traceback", "ValueError: bad value 7")
    log = real(tmp_path, WRAPPER.format("raise SystemExit(3)"))
    found = diagnose(log, 1, None)
    assert (found.cause, found.detail and found.detail[:29]) == (
        "traceback",
        "subprocess.CalledProcessError",
    )


def test_real_chain_gives_the_last(tmp_path: Path) -> None:
    log = real(
        tmp_path,
        "try:\n    {}['a']\nexcept KeyError as e:\n    raise RuntimeError('no a') from e\n",
    )
    assert diagnose(log, 1, None).detail == "RuntimeError: no a"


def test_real_group_shows_its_first_leaf(tmp_path: Path) -> None:
    log = real(
        tmp_path,
        "def f():\n    raise ValueError('leaf one')\n"
        "try:\n    f()\nexcept ValueError as e:\n"
        "    raise ExceptionGroup('many', [e, TypeError('two')])\n",
    )
    found = diagnose(log, 1, None)
    assert found.detail == "ExceptionGroup: many (2 sub-exceptions): ValueError: leaf one"
    log = real(tmp_path, "raise ExceptionGroup('many', [TypeError('two')])\n")
    assert diagnose(log, 1, None).detail == "ExceptionGroup: many (1 sub-exception): TypeError: two"


def test_real_syntax_error_and_exit_message(tmp_path: Path) -> None:
    log = real(tmp_path, "x = = 3\n")
    assert diagnose(log, 1, None)[:2] == ("traceback", "SyntaxError: invalid syntax")
    log = real(tmp_path, "import sys\nprint('step 4')\nsys.exit('the disk is full')\n")
    assert diagnose(log, 1, None) == ("exit", "the disk is full", 2, None)


def test_real_noise_after_the_exception_is_passed_over(tmp_path: Path) -> None:
    log = real(
        tmp_path,
        "class Late:\n    def __del__(self):\n        raise OSError('late')\n"
        "late = Late()\nraise ValueError('the real one')\n",
    )
    assert "Exception ignored" in log.read_text()
    assert diagnose(log, 1, None).detail == "ValueError: the real one"


def test_the_aftermath_in_other_processes_is_not_the_cause(tmp_path: Path) -> None:
    text = (
        f"[rank1]: {HEAD}[rank1]:{FRAME.splitlines()[0]}\n[rank1]: RuntimeError: boom 1\n"
        f"{HEAD}{FRAME}EOFError\n"
        f"{HEAD}{FRAME}torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
        "============\ntrain.py FAILED\n"
    )
    assert diagnose(log_of(tmp_path, text), 1, None).detail == "RuntimeError: boom 1"
    only = f"{HEAD}{FRAME}KeyboardInterrupt\n"
    assert diagnose(log_of(tmp_path, only), 1, None).detail == "KeyboardInterrupt"


@pytest.mark.parametrize(
    "prefix", ["[rank0]: ", "0: ", "(pid=77) ", "[1,0]<stderr>:", "2026-01-02 03:04:05 ERROR | "]
)
def test_prefixed_tracebacks(tmp_path: Path, prefix: str) -> None:
    body = f"{HEAD}{FRAME}pkg.mod.OddError: no 5"
    text = "".join(f"{prefix}{line}\n" for line in body.splitlines())
    assert diagnose(log_of(tmp_path, text), 1, None).detail == "pkg.mod.OddError: no 5"


def test_a_progress_bar_before_the_header(tmp_path: Path) -> None:
    text = f"\r 1%|#   |\r 45%|###   | 45/100{HEAD}{FRAME}ValueError: x\n"
    assert diagnose(log_of(tmp_path, text), 1, None).detail == "ValueError: x"


def test_a_message_on_the_next_line_is_fetched(tmp_path: Path) -> None:
    text = f"{HEAD}{FRAME}hydra.errors.ConfigCompositionException: \nkey `x` is not there\n"
    found = diagnose(log_of(tmp_path, text), 1, None)
    assert found.detail == "hydra.errors.ConfigCompositionException: key `x` is not there"


OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
CASES = [
    ("cuda_oom", f"{HEAD}{FRAME}{OOM}\n", 1),
    ("cuda_oom", "RuntimeError: CUDA error: out of memory\n", 1),
    ("oom", f"{HEAD}{FRAME}MemoryError\n", 1),
    ("oom", "slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch\n", 137),
    ("oom", "kernel: Memory cgroup out of memory: Killed process 9 (python)\n", 137),
    ("signal", "bash: line 1: 99 Killed   python train.py\n", 137),
    ("signal", "epoch 3\n", 143),
    ("signal", f"{HEAD}{FRAME}KeyError: 'handled long ago'\n" + "fine\n" * 3, 137),
    ("signal", "Fatal Python error: Segmentation fault\n", 139),
    ("shm", "epoch 3\n", 135),
    ("shm", f"{HEAD}{FRAME}RuntimeError: DataLoader worker is killed by signal: Bus error.\n", 1),
    ("shm", "ERROR: Unexpected bus error. insufficient shared memory (shm).\n", 1),
    ("gpu_lost", f"{HEAD}{FRAME}RuntimeError: Failed to initialize NVML: Unknown Error\n", 1),
    ("gpu_lost", "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus\n", 1),
    ("traceback", f"{HEAD}{FRAME}RuntimeError: CUDA error: device-side assert triggered\n", 1),
    ("traceback", f"{HEAD}{FRAME}RuntimeError: No CUDA GPUs are available\n", 1),
    ("command_not_found", "train.sh: line 2: trian: command not found\n", 127),
    ("not_executable", "sh: 1: ./train.sh: Permission denied\n", 126),
    ("exit", "", 3),
    ("exit", "Traceback (most recent call last):\n", 3),
]


@pytest.mark.parametrize(("cause", "text", "code"), CASES)
def test_causes(tmp_path: Path, cause: str, text: str, code: int) -> None:
    assert diagnose(log_of(tmp_path, text), code, None).cause == cause


def test_signal_by_number_and_no_log(tmp_path: Path) -> None:
    assert diagnose(tmp_path / "none", None, 9) == ("signal", "killed by SIGKILL", None, None)
    assert diagnose(tmp_path / "none", None, 40).detail == "killed by signal 40"
    assert diagnose(tmp_path / "none", None, None).cause == "lost"
    assert diagnose(tmp_path, 1, None) == ("exit", None, None, None)


def test_defects_r1_and_r2_are_explained(tmp_path: Path) -> None:
    text = f"Mutating initial set of hyperparameters!\n{HEAD}{FRAME}ModuleNotFoundError: No module named 'x'\n"  # noqa: E501
    hint = diagnose(log_of(tmp_path, text), 1, None).hint
    assert hint
    assert "PATH" in hint
    text = f"{HEAD}{FRAME}_pickle.UnpicklingError: Weights only load failed\n"
    hint = diagnose(log_of(tmp_path, text), 1, None).hint
    assert hint
    assert "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD" in hint


def test_hostile_logs_are_read_without_harm(tmp_path: Path) -> None:
    mess = b"\x00\xff\xfe\x1b[31mred\x1b[0m\x1b]0;title\x07\r50%\r51%\n" * 3
    text = (
        mess + b"x" * 5_000_000 + b"\n" + f"{HEAD}{FRAME}".encode() + b"V\x1b[1mError: a\xff\x00b\n"
    )
    found = diagnose(log_of(tmp_path, text), 1, None)
    assert found.detail == "VError: a\ufffdb"
    assert found.line == 3 + 1 + 3 + 1
    assert clean(mess.split(b"\n")[0]) == "51%"
    one_line = log_of(tmp_path, b"error " + b"y" * 5_000_000)
    detail = diagnose(one_line, 2, None).detail
    assert detail is not None
    assert len(detail) <= 2000


def test_a_log_of_nothing_but_headers_is_soon_done_with(tmp_path: Path) -> None:
    assert diagnose(log_of(tmp_path, HEAD * 20_000), 1, None).cause == "exit"


def test_line_numbers_stop_beyond_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pbt_tui.observe.log_reader.COUNTABLE", 1000)
    log = log_of(tmp_path, "line\n" * 1000 + "error: no\n")
    assert diagnose(log, 1, None) == ("exit", "error: no", None, None)


def test_a_sparse_log_of_gigabytes_is_read_from_its_end(tmp_path: Path) -> None:
    log = log_of(tmp_path, "")
    with log.open("r+b") as f:
        f.truncate(3_000_000_000)
        f.seek(0, os.SEEK_END)
        f.write(f"\n{HEAD}{FRAME}ValueError: far\n".encode())
    assert diagnose(log, 1, None) == ("traceback", "ValueError: far", None, None)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [HEAD.encode(), FRAME.encode(), b"ValueError: x", b"  + ", b"  | ", b"\n", b"\r",
                 b"Exception Group Traceback (most recent call last):\n", b"+---- 1 ----\n", b":"]
            ),
        ),
        max_size=30,
    ),
    st.integers(-1, 256) | st.none(),
)  # fmt: skip
def test_nothing_in_a_log_raises(tmp_path: Path, parts: list[bytes], code: int | None) -> None:
    log = log_of(tmp_path, b"".join(parts))
    found = diagnose(log, code, None)
    assert found.detail is None or found.detail.isprintable()
    if found.line is not None:
        assert 1 <= found.line <= len(log.read_bytes().split(b"\n"))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=300), st.integers(1, 400))
def test_a_tail_is_the_end_of_the_lines(tmp_path: Path, data: bytes, size: int) -> None:
    log = log_of(tmp_path, data)
    lines = tail(log, size)
    whole = data.split(b"\n")
    whole = whole[:-1] if whole[-1] == b"" else whole
    for line in lines:
        assert data[line.offset : line.offset + len(line.raw)] == line.raw
    if size >= len(data):
        assert [line.raw for line in lines] == (whole if data else [])
