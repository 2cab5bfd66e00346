"""The list of GPUs from its four sources, and the mask for jobs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.executor.gpu_selection import choose, mask
from pbt_tui.journal.events import Gpu
from pbt_tui.observe.nvml import devices, sample
from pbt_tui.spec import Policy

FOUR = [Gpu(i, f"GPU-{i}{i}{i}{i}-aaaa", "card", 80 << 30) for i in range(4)]


def indices(
    policy: Policy, environ: dict[str, str] | None = None, nvml: list[Gpu] | None = None
) -> list[int | None]:
    return [gpu.index for gpu in choose(policy, environ or {}, nvml)[0]]


def pinned(**more: object) -> Policy:
    return Policy(**{"experiments_per_gpu": 1, **more})  # type: ignore[arg-type]


def test_on_trust_where_nobody_can_be_asked() -> None:
    assert choose(pinned(num_gpus=3), {}, None) == ((Gpu(0), Gpu(1), Gpu(2)), False)
    assert choose(Policy(num_gpus=2), {}, None) == ((Gpu(0), Gpu(1)), False)


def test_from_the_driver() -> None:
    assert choose(pinned(num_gpus=2), {}, FOUR) == (tuple(FOUR[:2]), True)
    assert choose(Policy(), {}, FOUR) == (tuple(FOUR), True)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("2,0", [2, 0]),
        ("GPU-3333-aaaa,1", [3, 1]),
        ("GPU-33", [3]),
        (" 1 , 2 ", [1, 2]),
        ("", []),
        ("-1", []),
        ("0,-1,2", [0]),
        ("0,7,2", [0]),
        ("1,1,3", [1, 3]),
        ("NoDevFiles", []),
        ("GPU-", []),
        ("MIG-11-22/1/0,MIG-11-22/2/0", [None, None]),
        ("\u0661", []),
    ],
)
def test_what_cuda_visible_devices_shows(text: str, seen: list[int | None]) -> None:
    """As CUDA reads it: what is not there ends the list."""
    assert indices(Policy(num_gpus=9), {"CUDA_VISIBLE_DEVICES": text}, FOUR) == seen


def test_cuda_visible_devices_without_a_driver_is_believed() -> None:
    found, known = choose(pinned(num_gpus=3), {"CUDA_VISIBLE_DEVICES": "5,GPU-ab,MIG-7"}, None)
    assert found == (Gpu(5), Gpu(None, "GPU-ab"), Gpu(None, "MIG-7"))
    assert known


def test_the_option_beats_the_hosts_variable() -> None:
    environ = {"CUDA_VISIBLE_DEVICES": "3"}
    assert indices(pinned(gpus=("1", "GPU-2222-aaaa")), environ, FOUR) == [1, 2]
    assert indices(pinned(gpus=("1,2",)), environ, FOUR) == [1, 2]
    assert indices(pinned(gpus=("9",)), environ, None) == [9]


@pytest.mark.parametrize("text", ["4", "x", "-1", "GPU-9", "GPU-", ""])
def test_the_option_must_name_what_is_there(text: str) -> None:
    with pytest.raises(RuntimeUnavailable, match="names a GPU that is not there") as caught:
        choose(Policy(gpus=(text,)), {}, FOUR)
    assert caught.value.exit_code == 5
    assert "0, 1, 2, 3" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("policy", "environ", "nvml"),
    [
        (pinned(num_gpus=5), {}, FOUR),
        (pinned(num_gpus=2), {"CUDA_VISIBLE_DEVICES": "1"}, FOUR),
        (pinned(num_gpus=3, gpus=("0", "1")), {}, FOUR),
        (pinned(), {"CUDA_VISIBLE_DEVICES": ""}, FOUR),
        (pinned(), {"CUDA_VISIBLE_DEVICES": "-1"}, None),
        (pinned(), {}, []),
        (pinned(gpus=()), {}, FOUR),
        (pinned(num_gpus=0), {}, None),
        (pinned(num_gpus=0, experiments_per_gpu=3), {}, []),
    ],
)
def test_more_than_there_is(
    policy: Policy, environ: dict[str, str], nvml: list[Gpu] | None
) -> None:
    with pytest.raises(RuntimeUnavailable) as caught:
        choose(policy, environ, nvml)
    assert caught.value.exit_code == 5
    assert caught.value.hint


@pytest.mark.parametrize("nvml", [None, [], FOUR])
@pytest.mark.parametrize("environ", [{}, {"CUDA_VISIBLE_DEVICES": ""}])
def test_without_slots_nothing_is_asked(environ: dict[str, str], nvml: list[Gpu] | None) -> None:
    choose(Policy(num_gpus=64), environ, nvml)


@given(st.text(st.sampled_from("0123456789,-GPUMI /xa"), max_size=30), st.booleans())
def test_no_text_breaks_it(text: str, driver: bool) -> None:
    found, known = choose(Policy(), {"CUDA_VISIBLE_DEVICES": text}, FOUR if driver else None)
    assert known
    assert len(set(found)) == len(found)
    assert all(gpu.index is not None or gpu.uuid for gpu in found)


def test_mask() -> None:
    assert mask(["GPU-a", "3"], True) == {
        "CUDA_VISIBLE_DEVICES": "GPU-a,3",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }
    assert mask([], True)["CUDA_VISIBLE_DEVICES"] == ""
    assert mask(["0"], False) == {}


def test_the_pin_wins_over_the_jobs_own_variable() -> None:
    """Defect D26: laid over the job's environment, as the docstring demands."""
    own = {"CUDA_VISIBLE_DEVICES": "0,1,2,3", "CUDA_DEVICE_ORDER": "FASTEST_FIRST", "A": "1"}
    env = {**own, **mask(["2"], True)}
    assert env == {"CUDA_VISIBLE_DEVICES": "2", "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "A": "1"}


_COUNT = """
import ctypes, sys
cuda = ctypes.CDLL("libcuda.so.1")
count = ctypes.c_int(0)
if cuda.cuInit(0) == 0:
    cuda.cuDeviceGetCount(ctypes.byref(count))
print(count.value)
"""


@pytest.mark.skipif(not Path("/dev/nvidiactl").exists(), reason="no GPU here")
@pytest.mark.parametrize(
    "text", ["", "-1", "0", "0,-1", "0,99", "99,0", "NoDevFiles", "x", "GPU-0x"]
)
def test_cuda_agrees(text: str) -> None:

    out = subprocess.run(
        [sys.executable, "-c", _COUNT],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": text},
        capture_output=True,
        text=True,
        check=True,
    )
    found, _ = choose(Policy(), {"CUDA_VISIBLE_DEVICES": text}, devices(sample()))
    assert len(found) == int(out.stdout)
