"""A resumed run keeps interpreter and GPUs of the last executor, whatever shell resumes it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.executor.config import ExecutorConfig
from pbt_tui.executor.kept_shell import JobEnvironment, activated, job_environment
from pbt_tui.journal import events as ev
from pbt_tui.journal.events import ExecutorStarted, Gpu
from pbt_tui.runtimes import RUNTIMES
from pbt_tui.spec import Policy
from tests.executor.running import Place, Said, job
from tests.walkthroughs import shown

PREFIX = "import os, sys; print(sys.prefix, os.environ.get('VIRTUAL_ENV'))"
TELLS = (
    f'python3 -c "{PREFIX}"; echo "gpus ${{CUDA_VISIBLE_DEVICES-unset}}"; '
    'echo "${SECRET-unset}"; echo "path $PATH"; exit 3'
)

UNCLAIMED = "note: this run claims no GPUs (no slots): other runs may use them at the same time\n"


@pytest.fixture(scope="module")
def venvs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two real virtual environments."""
    at = tmp_path_factory.mktemp("envs")
    for name in ("one", "two"):
        command = [sys.executable, "-m", "venv", "--without-pip", str(at / name)]
        subprocess.run(command, check=True)
    return at / "one", at / "two"


def shell(place: Place, venv: Path | None = None, **more: str) -> dict[str, str]:
    """The environment of a shell, with an active virtual environment or without."""
    environ = {**place.environ, "PATH": "/usr/local/bin:/usr/bin:/bin", **more}
    if venv is not None:
        environ |= {"VIRTUAL_ENV": str(venv), "PATH": f"{venv}/bin:{environ['PATH']}"}
    return environ


def empty(place: Place) -> dict[str, str]:
    """What `env -i` leaves, and what these tests need to find pbt_tui and its processes."""
    mark = place.mark.partition("=")[0]
    return {name: place.environ[name] for name in ("PYTHONPATH", mark)}


def again(place: Place, environ: Mapping[str, str], *words: str) -> Said:
    return place.pbt(str(place.rundir.path), "--failed", *words, env=environ)


def last(place: Place) -> ExecutorStarted:
    found: ExecutorStarted = place.of(ExecutorStarted)[-1]
    return found


# -- the interpreter -------------------------------------------------------------------------------


def test_under_env_i_nothing_changes_but_the_secrets(
    place: Place, venvs: tuple[Path, Path]
) -> None:
    one, _ = venvs
    first = shell(place, one, CUDA_VISIBLE_DEVICES="2,3", SECRET="hush")
    assert place.pbt(place.spec(job("a", TELLS)), env=first).code == 4
    said = again(place, empty(place))
    assert said.code == 4, said.all
    before, after = place.log("a").splitlines(), place.log("a", 2).splitlines()
    assert before[:3] == [f"{one} {one}", "gpus 2,3", "hush"]
    assert after[:3] == [f"{one} {one}", "gpus 2,3", "unset"]
    assert after[3].startswith(f"path {one}/bin:")
    assert said.err == (
        f"note: jobs keep the interpreter of the last executor: `{one}/bin/python3`; this shell "
        f"would choose `{sys.executable}`; `--python PATH` changes it\n"
        "note: jobs keep the GPUs of the last executor: 2, 3; this shell would choose 0; "
        f"`--gpus LIST` changes it\n{UNCLAIMED}"
    )
    assert shown.missing("docs/guide/resume-and-requests.md", "note:", said.err) == []
    assert last(place).interpreter == f"{one}/bin/python3"
    assert "hush" not in place.rundir.journal.read_text()
    assert again(place, empty(place)).code == 4, "a third executor keeps it, too"
    assert place.log("a", 3) == place.log("a", 2)


def test_the_same_shell_is_not_worth_a_word(place: Place, venvs: tuple[Path, Path]) -> None:
    masked = shell(place, venvs[0], CUDA_VISIBLE_DEVICES="1")
    for environ, told in ((masked, UNCLAIMED), (shell(place), "")):
        shutil.rmtree(place.path / "train_dir", ignore_errors=True)
        assert place.pbt(place.spec(job("a", TELLS)), env=environ).code == 4
        assert again(place, environ).err == told
        assert place.log("a", 2) == place.log("a")


@pytest.mark.parametrize("target", ["run", "spec"])
def test_another_environment_is_active(place: Place, venvs: tuple[Path, Path], target: str) -> None:
    one, two = venvs
    jobs = (job("a", TELLS), job("b", "python", "-c", f"{PREFIX}; raise SystemExit(3)"))
    spec = place.spec(*jobs)
    assert place.pbt(spec, env=shell(place, one)).code == 4
    words = [spec] if target == "spec" else [str(place.rundir.path)]
    said = place.pbt(*words, "--failed", env=shell(place, two))
    assert f"`{one}/bin/python3`; this shell would choose `{two}/bin/python3`; " in said.err
    assert place.log("a", 2) == place.log("a")
    assert place.log("b", 2) == place.log("b") == f"{one} {one}\n"
    assert str(two) not in place.log("a", 2), "no program of the other environment is on the path"


def test_the_option_names_another_one(place: Place, venvs: tuple[Path, Path]) -> None:
    one, two = venvs
    assert place.pbt(place.spec(job("a", TELLS)), env=shell(place, one)).code == 4
    python = two / "bin" / "python3"
    said = again(place, shell(place, one), f"--python={python}")
    assert (said.code, said.err) == (4, "")
    assert place.log("a", 2).splitlines()[0] == f"{two} {two}"
    assert last(place).interpreter == str(python)
    assert "would choose `" in again(place, shell(place, one)).err
    assert place.log("a", 3) == place.log("a", 2), "the named one is kept from then on"
    shown = again(place, shell(place, one), "--dry_run")
    assert f"PATH={two}/bin:" in shown.out


def test_an_environment_that_is_gone(place: Place, venvs: tuple[Path, Path]) -> None:
    one = place.path / "gone"
    shutil.copytree(venvs[0], one, symlinks=True)
    assert place.pbt(place.spec(job("a", TELLS)), env=shell(place, one)).code == 4
    shutil.rmtree(one)
    journal = place.rundir.journal.read_bytes()
    said = again(place, shell(place, venvs[1]))
    assert said.code == 5
    assert said.err.startswith(
        f"error: `{one}/bin/python3`: the interpreter of this run is gone: the last executor gave "
        "it to the jobs\nhint: pass another one with `--python PATH`\n"
    )
    assert place.rundir.journal.read_bytes() == journal
    assert again(place, shell(place), "--python", str(venvs[1] / "bin/python3")).code == 4
    assert place.log("a", 2).splitlines()[0] == f"{venvs[1]} {venvs[1]}"


def test_what_the_job_names_itself_wins(place: Place, venvs: tuple[Path, Path]) -> None:
    one, two = venvs
    own = {"VIRTUAL_ENV": str(two)}
    spec = place.spec(job("a", "python", "-c", f"{PREFIX}; raise SystemExit(3)", env=own))
    assert place.pbt(spec, env=shell(place, one)).code == 4
    assert again(place, empty(place)).code == 4
    assert place.log("a") == place.log("a", 2) == f"{two} {two}\n"


def test_with_detach_the_note_reaches_the_terminal(place: Place, venvs: tuple[Path, Path]) -> None:
    assert place.pbt(place.spec(job("a", TELLS)), env=shell(place, venvs[0])).code == 4
    said = again(place, empty(place), "--detach")
    assert said.code == 0
    assert said.err.startswith("note: jobs keep the interpreter of the last executor: `")
    place.wait_for(ev.RunClosed, 2)


def test_the_option_is_checked(place: Place, venvs: tuple[Path, Path]) -> None:
    spec = place.spec(job("a"))
    for text, hint in (
        ("nowhere", ""),
        (spec, ""),
        (str(venvs[0]), f"hint: pass `--python {venvs[0]}/bin/python3`\n"),
    ):
        said = place.pbt(spec, "--python", text)
        message = f"error: `--python`: no such interpreter: `{text}`\n{hint}"
        assert (said.code, said.err) == (2, message)
    for words, where in (
        (("--runtime", "docker", "--image", "busybox"), "docker"),
        (("--backend", "slurm"), "SLURM"),
    ):
        said = place.pbt(spec, "--python", sys.executable, *words)
        assert said.code == 2
        assert f"`--python` is for plain processes, and these jobs run in {where}" in said.err
    said = place.pbt(spec, "--python", sys.executable, "--backend", "ngc")
    assert said.code == 2
    assert not (place.path / "train_dir").exists()


def test_a_relative_path_keeps_its_links(place: Place, venvs: tuple[Path, Path]) -> None:
    (place.path / "env").symlink_to(venvs[0])
    said = place.pbt(place.spec(job("a", TELLS)), "--python", "env/bin/python3", env=shell(place))
    assert said.code == 4, said.all
    assert last(place).interpreter == f"{place.path}/env/bin/python3"
    assert place.log("a").splitlines()[0].startswith(f"{place.path}/env ")


def test_activated(tmp_path: Path) -> None:
    conda, venv, other = (tmp_path / name for name in ("conda", "venv", "other"))
    (conda / "conda-meta").mkdir(parents=True)
    venv.mkdir()
    (venv / "pyvenv.cfg").touch()
    around = {"A": "1", "VIRTUAL_ENV": str(other), "PATH": f"{other}/bin:/usr/bin:{other}/bin"}
    clean = {"A": "1", "PATH": "/usr/bin"}
    assert activated(around, f"{venv}/bin/python3") == {**clean, "VIRTUAL_ENV": str(venv)}
    assert activated(around, f"{conda}/bin/python") == {**clean, "CONDA_PREFIX": str(conda)}
    assert activated(around, "/usr/bin/python3") == clean
    assert activated(around, f"{other}/bin/python3") == around
    assert activated({}, "/usr/bin/python3") == {}


# -- the GPUs --------------------------------------------------------------------------------------


def test_slots_stay_on_their_gpus(place: Place) -> None:
    spec = place.spec(job("a", TELLS, gpus=2), num_gpus=2, experiments_per_gpu=1)
    assert place.pbt(spec, env=shell(place, CUDA_VISIBLE_DEVICES="4,5")).code == 4
    today = shell(place, CUDA_VISIBLE_DEVICES="0,1")
    said = again(place, today)
    assert said.err == (
        "note: jobs keep the GPUs of the last executor: 4, 5; this shell would choose 0, 1; "
        "`--gpus LIST` changes it\n"
    )
    assert "gpus 4,5\n" in place.log("a", 2)
    assert again(place, today, "--gpus", "0,1").err == ""
    assert "gpus 0,1\n" in place.log("a", 3)
    assert again(place, shell(place)).err == "", "the run keeps the option that it got"
    assert "gpus 0,1\n" in place.log("a", 4)


def test_another_number_of_gpus_is_chosen_anew(place: Place) -> None:
    spec = place.spec(job("a", TELLS), num_gpus=2, experiments_per_gpu=1)
    assert place.pbt(spec, env=shell(place, CUDA_VISIBLE_DEVICES="4,5")).code == 4
    said = again(place, shell(place, CUDA_VISIBLE_DEVICES="0,1,2"), "--num_gpus", "3")
    assert (said.code, said.err) == (4, "")
    assert [gpu.index for gpu in last(place).gpus] == [0, 1, 2]


def test_without_a_mask_there_stays_none(place: Place) -> None:
    assert place.pbt(place.spec(job("a", TELLS)), env=shell(place)).code == 4
    said = again(place, shell(place, CUDA_VISIBLE_DEVICES="0"))
    assert said.err == (
        "note: jobs keep seeing all GPUs, as with the last executor: `CUDA_VISIBLE_DEVICES=0` has "
        "no effect; `--gpus LIST` changes it\n"
    )
    assert "gpus unset\n" in place.log("a", 2)
    assert again(place, shell(place, CUDA_VISIBLE_DEVICES="0"), "--gpus", "0").err == UNCLAIMED
    assert "gpus 0\n" in place.log("a", 3)


@pytest.mark.parametrize("text", ["0", ""])
def test_a_mask_stays_also_if_it_says_what_would_be_assumed(place: Place, text: str) -> None:
    environ = shell(place, CUDA_VISIBLE_DEVICES=text)
    assert place.pbt(place.spec(job("a", TELLS)), env=environ).code == 4
    assert again(place, empty(place)).code == 4
    assert f"gpus {text}\n" in place.log("a", 2)


FOUR = [Gpu(i, f"GPU-{i}{i}{i}{i}-aaaa", "card", 80 << 30) for i in range(4)]


def kept(
    gpus: list[Gpu],
    nvml: list[Gpu] | None,
    environ: Mapping[str, str] | None = None,
    masked: Any = UNSET,
    **policy: Any,
) -> JobEnvironment:
    """What an executor gets after one that used `gpus`."""
    own = Policy(**policy)
    before = ExecutorStarted(
        pid=1,
        host="h",
        boot_id="b",
        runtime="process",
        gpus=tuple(gpus),
        policy=own,
        masked=masked,
    )
    config = ExecutorConfig(
        kind=RUNTIMES.get("process"),
        policy=own,
        cwd=Path("/"),
        train_dir=Path("/"),
        environ=environ or {},
        keeps_gpus=True,
    )
    return job_environment(config, before, nvml)


def test_devices_are_kept_by_their_uuid() -> None:
    """The driver may number the devices in another order after a boot."""
    moved = [Gpu(3 - i, gpu.uuid, gpu.name, gpu.memory) for i, gpu in enumerate(FOUR)]
    found = kept(FOUR[2:], moved, num_gpus=2, experiments_per_gpu=1)
    assert [gpu.uuid for gpu in found.gpus] == [gpu.uuid for gpu in FOUR[2:]]
    assert found.known


@pytest.mark.parametrize(
    ("before", "nvml", "gone"),
    [
        (FOUR[2:], FOUR[:3], "GPU-3333-aaaa"),
        (FOUR[2:], None, "GPU-2222-aaaa"),
        ([Gpu(0), Gpu(7)], FOUR, "7"),
        ([Gpu(None, "GPU-9"), Gpu(0)], FOUR, "GPU-9"),
    ],
)
def test_a_kept_gpu_that_is_gone(before: list[Gpu], nvml: list[Gpu] | None, gone: str) -> None:
    with pytest.raises(RuntimeUnavailable, match=f"is gone: {gone}$") as caught:
        kept(before, nvml, num_gpus=2, experiments_per_gpu=1)
    assert caught.value.exit_code == 5
    assert "pass `--gpus LIST`" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("before", "nvml", "mask"),
    [
        (FOUR, FOUR, None),
        (FOUR[1:3], FOUR, "GPU-1111-aaaa,GPU-2222-aaaa"),
        (FOUR, FOUR[:2], None),
        ([Gpu(0)], None, None),
        ([Gpu(3)], None, "3"),
        ([], None, ""),
    ],
)
def test_a_journal_that_does_not_tell_of_a_mask(
    before: list[Gpu], nvml: list[Gpu] | None, mask: str | None
) -> None:
    """Those of earlier versions: the list that they have shows whether there was one."""
    for environ in ({}, {"CUDA_VISIBLE_DEVICES": "0"}):
        assert kept(before, nvml, environ).environ.get("CUDA_VISIBLE_DEVICES") == mask
