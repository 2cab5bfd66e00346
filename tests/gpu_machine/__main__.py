"""Checks on a machine with GPUs what no other test can: the driver, foreign programs, drains.

    python -m tests.gpu_machine                  with the GPUs of this machine; a few minutes
    python -m tests.gpu_machine --stand_in       with a stand-in of the driver, anywhere

It needs the driver and no other library, and uses 2 GiB on one GPU. It prints one line for each
check; exit code 1 if one failed. It changes no setting of a device.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pbt_tui import machine_slots
from pbt_tui.executor import gpus_in_use, sampler
from pbt_tui.journal import events as ev
from pbt_tui.observe import nvml
from pbt_tui.observe.nvml import Sample
from tests.executor.running import ROOT, Place, job, until

DRIVER = Path(__file__).with_name("driver")
SIZE = 2 << 30
"""Bytes that a foreign program holds: more than a driver needs itself."""
USES = (sys.executable, "-m", "tests.gpu_machine.use_gpu")
ONE_SAMPLE = 2 * sampler.INTERVAL + 1.0
"""Seconds within which a sampler has begun and finished a sample, whenever it is asked."""


class Skipped(Exception):
    """A check that this machine cannot show; the text says why."""


def _library() -> Any:
    """The library of the driver, open."""
    library = nvml._open()
    assert library is not None, "no driver"
    return library


class GpuMachine:
    """The checks, in their order.

    Args:
        folder: an empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.samples: list[Sample] = nvml.look() or []
        self.usable = [one for one in self.samples if not one.lost and one.uuid is not None]

    # -- what the driver says ----------------------------------------------------------------------

    def devices(self) -> str:
        """The driver lists devices, each with a name of its own."""
        assert self.usable, "the driver lists no device"
        keys = [machine_slots.gpu_key(one.uuid, one.index) for one in self.usable]
        assert len(set(keys)) == len(keys), f"two devices have one name: {keys}"
        lost = [one.index for one in self.samples if one.lost]
        names = ", ".join(f"{one.index} {one.name}" for one in self.usable)
        return f"{names}{f'; not to be opened: {lost}' if lost else ''}"

    def mig(self) -> str:
        """Parts of devices have names that fit into the name of a slot."""
        divided = nvml.divided()
        if not divided:
            raise Skipped("no device is in MIG mode")
        library, found = _library(), []
        for one in self.usable:
            if one.uuid in divided:
                handle = library.nvmlDeviceGetHandleByIndex(one.index)
                for i in range(library.nvmlDeviceGetMaxMigDeviceCount(handle)):
                    try:
                        part = library.nvmlDeviceGetMigDeviceHandleByIndex(handle, i)
                    except library.NVMLError:
                        continue
                    found.append(str(library.nvmlDeviceGetUUID(part)))
        keys = {machine_slots.gpu_key(one, None) for one in found}
        assert len(keys) == len(found), f"two parts have one name: {found}"
        assert all(one.startswith("MIG-") for one in found), found
        return f"{len(divided)} in MIG mode, {len(found)} parts: {', '.join(found)}"

    def energy(self) -> str:
        """The counters of energy do not go back."""
        library, said = _library(), []
        for one in self.usable:
            handle = library.nvmlDeviceGetHandleByIndex(one.index)
            try:
                before = library.nvmlDeviceGetTotalEnergyConsumption(handle)
            except Exception as error:
                raise Skipped(f"device {one.index}: {error}") from None
            time.sleep(1.0)
            spent = library.nvmlDeviceGetTotalEnergyConsumption(handle) - before
            assert spent > 0, f"device {one.index} used {spent} mJ in a second"
            said.append(f"{one.index}: {spent / 1000:.0f} W")
        return ", ".join(said)

    # -- runs --------------------------------------------------------------------------------------

    def pinned(self) -> str:
        """The process of a job is on the device that it was given, and counts as no foreign one."""
        with self._place("pinned") as place, self._run(place, self.usable[0]) as run:
            pid = until(lambda: self._pids(self.usable[0], place))
            others = until(lambda: nvml.read(place.rundir.gpus))
            assert all(one.others is None for one in others.gpus if one.uuid == run), others
        return f"pid {min(pid)} on device {self.usable[0].index}"

    def foreign_at_start(self) -> str:
        """A foreign program is named when a run starts."""
        with self._place("foreign") as place, self._foreign(place) as process:
            self._spec(place, self.usable[0], "true")
            said = place.pbt("specs")
            assert said.code == 0, said.all
            assert self._named(process.pid) in said.err, said.err
        return self._named(process.pid)

    def foreign_meanwhile(self) -> str:
        """A foreign program is in the samples of a run, within one sample."""
        first = self.usable[0]
        with self._place("meanwhile") as place, self._run(place, first):
            until(lambda: self._pids(first, place))
            with self._foreign(place) as process:
                began = time.monotonic()
                while not (found := self._others(place)):
                    assert time.monotonic() - began < ONE_SAMPLE, "not within one sample"
                    time.sleep(0.05)
                seconds = time.monotonic() - began
        if gpus_in_use._outermost():
            assert f"pid {process.pid}" in found, found
        return f"{found}, after {seconds:.1f} s"

    def drained(self) -> str:
        """A drained device gets no further job; a run that has no other says so and ends."""
        devices = self.usable[:2]
        with self._place("drained") as place:
            waits = "until [ -e go ]; do sleep 0.05; done"
            place.spec(
                *(job(f"j{i}", waits) for i in range(4)),
                num_gpus=len(devices), gpus=tuple(str(one.uuid) for one in devices),
                experiments_per_gpu=1,
            )  # fmt: skip
            run = place.start("specs")
            place.wait_for(ev.AttemptStarted, len(devices))
            said = place.pbt(str(place.rundir.path), "--drain", str(devices[0].uuid))
            assert said.code == 0, said.all
            place.write("go")
            said = place.end(run)
            assert said.code == (0 if len(devices) == 2 else 5), said.all
            later = [e.gpus for e in place.of(ev.AttemptScheduled)][len(devices) :]
        assert (str(devices[0].uuid),) not in later, later
        return f"{len(later)} jobs started later, on {len(set(later))} other device"

    def waits(self) -> str:
        """A second run waits for the first one, by the true names of the devices."""
        first = self.usable[0]
        with self._place("a") as a, self._place("b") as b, self._run(a, first):
            self._spec(b, first, "true")
            second = b.start("specs")
            until(b.rundir.holders.exists)
            assert b.of(ev.AttemptScheduled) == []
            a.write("go")
            said = b.end(second)
            assert said.code == 0, said.all
            line = next(one for one in said.out.splitlines() if "held by run" in one)
        return line.strip()

    # -- parts -------------------------------------------------------------------------------------

    @contextmanager
    def _place(self, name: str) -> Iterator[Place]:
        (self.folder / name).mkdir()
        place = Place(self.folder / name)
        driver = f":{DRIVER}" if "PBT_STAND_IN" in os.environ else ""
        place.environ["PYTHONPATH"] = f"{ROOT}{driver}"
        try:
            yield place
        finally:
            place.write("go")
            place.clean()

    def _spec(self, place: Place, device: Sample, *command: str) -> None:
        gpus = (str(device.uuid),)
        place.spec(job("x", *command), num_gpus=1, gpus=gpus, experiments_per_gpu=1)

    @contextmanager
    def _run(self, place: Place, device: Sample) -> Iterator[str]:
        """A run with one job, which uses the device."""
        self._spec(place, device, *USES, str(SIZE // 8), "go")
        run = place.start("specs")
        until(lambda: place.of(ev.AttemptStarted) and "uses" in place.log("x"))
        yield str(device.uuid)
        place.write("go")
        said = place.end(run)
        assert said.code == 0, said.all

    @contextmanager
    def _foreign(self, place: Place) -> Iterator[subprocess.Popen[str]]:
        """A program that no executor has started, on the first device."""
        environ = {**place.environ, "CUDA_VISIBLE_DEVICES": str(self.usable[0].uuid)}
        words = [*USES, str(SIZE), "foreign-go"]
        process = subprocess.Popen(
            words, cwd=place.path, env=environ, stdout=subprocess.PIPE, text=True
        )
        with process:
            try:
                assert process.stdout is not None
                assert "uses" in process.stdout.readline()
                yield process
            finally:
                place.write("foreign-go")

    def _named(self, pid: int) -> str:
        if gpus_in_use._outermost():
            return f"pid {pid} ("
        return "of its memory are held, by programs that cannot be named here"

    def _others(self, place: Place) -> str:
        read = nvml.read(place.rundir.gpus)
        found = [one.others for one in read.gpus if one.others] if read is not None else []
        return found[0] if found else ""

    def _pids(self, device: Sample, place: Place) -> set[int]:
        """Processes of the place that the driver lists for a device."""
        if not gpus_in_use._outermost():
            raise Skipped("the driver's process ids are of another pid namespace")
        found = next(one for one in nvml.look() or [] if one.uuid == device.uuid)
        return {one.pid for one in found.processes} & set(place.alive())


def checks(folder: Path) -> list[Callable[[], str]]:
    machine = GpuMachine(folder)
    return [
        *(machine.devices, machine.mig, machine.energy, machine.pinned),
        *(machine.foreign_at_start, machine.foreign_meanwhile, machine.drained, machine.waits),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu_machine")
    parser.add_argument("--stand_in", action="store_true")
    args = parser.parse_args()
    failed = 0
    os.environ[machine_slots.NAMESPACE] = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="pbt-gpus.") as name:
        folder = Path(name)
        if args.stand_in:
            (folder / "stand_in").mkdir()
            os.environ["PBT_STAND_IN"] = str(folder / "stand_in")
            sys.path.insert(0, str(DRIVER))
        for check in checks(folder):
            began = time.monotonic()
            try:
                said = f"ok       {check.__name__}: {check()}"
            except Skipped as why:
                said = f"skipped  {check.__name__}: {why}"
            except Exception as error:  # the other checks are worth their minutes
                failed += 1
                said = f"FAILED   {check.__name__}: {type(error).__name__}: {error}"
            print(f"{said} ({time.monotonic() - began:.1f} s)", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
