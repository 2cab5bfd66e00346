"""What all containers of one run have in common: user, mounts and image. Makes create requests."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import structs

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.files import disk, folders
from pbt_tui.files.permissions import open_log
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.machine_slots import HeldSlots
from pbt_tui.runtimes.docker import image, own_parts, ownership
from pbt_tui.runtimes.docker import request as containers
from pbt_tui.runtimes.docker.engine import Engine, Found
from pbt_tui.runtimes.docker.keeper import Keeper
from pbt_tui.runtimes.docker.request import ContainerRequest, Identity, Image, User
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.scheduler.fit import need
from pbt_tui.spec import Container, Job, Mount, Policy


class RunConfig:
    """The common configuration of a run's containers.

    Until `prepare` or `peek` has inspected the image, it assumes a usual one, with a shell and
    without an entry point.

    Raises:
        RuntimeUnavailable: if `cwd` or `train_dir` must not be mounted.
    """

    def __init__(
        self,
        rundir: RunDir,
        container: Container,
        identity: Identity,
        *,
        cwd: Path,
        train_dir: Path,
        policy: Policy,
        known_gpus: tuple[Gpu, ...],
        environ: Mapping[str, str],
        known: ownership.Known,
    ) -> None:
        self.container = container
        self.identity = identity
        self.policy = policy
        self.environ = environ
        self.image = Image()
        self._dir = rundir
        self._known = known_gpus
        self._has = known
        home = Path(environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)
        self._mounts = containers.mounts(container, cwd, train_dir, rundir.path, home)
        own = tuple(m for m in self._mounts if m.target not in {str(cwd), str(train_dir)})
        self._isolated = (Mount(str(rundir.path), str(rundir.path)), *own)
        self._cwd = cwd
        self._images: dict[str, Image] = {}
        """What is known of the images that single jobs have, by name."""
        self._image_names: dict[str, str] = {}
        """Job id to the name of its image."""
        self._user = self._who(rootless=False)

    def request(self, launch: Launch) -> ContainerRequest:
        """The create request of an attempt."""
        own, group = launch.spec.container, launch.spec.group
        isolated = own is not None and own.isolated
        return containers.request(
            launch,
            self.container,
            self.identity,
            image=self.image_of(launch.spec),
            user=self._user,
            mounted=(
                *(self._isolated if isolated else self._mounts),
                *own_parts.mounts_of(launch.spec, self._dir, self._cwd),
            ),
            policy=self.policy,
            known_gpus=self._known,
            network=None if group is None else own_parts.network_name(self.identity.run_id, group),
        )

    def image_of(self, job: Job) -> Image:
        """What is known of the image of a job."""
        own = job.container.image if job.container is not None else None
        return self._images.get(own or "", self.image)

    def stop_signal(self, job: str) -> str:
        """The signal that stops the container of a job."""
        return self._images.get(self._image_names.get(job, ""), self.image).stop_signal

    def write_files(self, job: Job) -> None:
        """Writes the files that the container of a job finds. Raises `OSError`."""
        own_parts.write_files(job, self._dir)

    def labels(self, job: str, attempt: int) -> dict[str, str]:
        """The labels of an attempt's container."""
        return dict(containers.labels(self.identity, job, attempt))

    def check_owner(self, found: Found) -> None:
        """Refuses a container of another run directory. Raises `RuntimeUnavailable`."""
        ownership.check(found, self._dir.path)

    def leftover(self, listed: Found) -> str:
        """The id of a container that may be removed. Raises `RuntimeUnavailable`."""
        return ownership.leftover(listed, self._dir.path, self._has)

    def prepare(
        self, engine: Engine, info: Found, jobs: Sequence[Job], progress: Callable[[str], None]
    ) -> None:
        """Checks and fetches what all containers need. Raises `RuntimeUnavailable`."""
        missing = [name for name in self.container.env_from if name not in self.environ]
        if missing:
            raise RuntimeUnavailable(
                f"`--env_from` names a variable that is not set: `{missing[0]}`",
                hint="export it, or leave it out of `--env_from`",
            )
        self._user = self._who(rootless=_rootless(info))
        needs_gpus = any(need(job, self.policy) for job in jobs)
        devices = containers.names(self._known) if needs_gpus else ()
        capabilities = containers.capabilities(self.container)

        def facts(name: str) -> Image:
            one = structs.replace(self.container, image=name)
            found = image.ready(engine, one, progress)
            shell = image.probe(engine, name, self.identity, devices, capabilities)
            return image.facts(found, info, shell=shell)

        self.image = facts(self.container.image)
        for job in jobs:
            name = job.container.image if job.container is not None else None
            if name is None or name == self.container.image:
                continue
            self._image_names[job.id] = name
            if name not in self._images:
                self._images[name] = facts(name)
        if self.container.network is None:
            own_parts.make_networks(engine, self.identity, jobs)
        self._make_folders()

    def peek(self, engine: Engine) -> str | None:
        """Inspects the image without a pull or a container; returns what remains unknown."""
        info = engine.info()
        self._user = self._who(rootless=_rootless(info))
        found = engine.image(self.container.image)
        if found is None:
            return f"image `{self.container.image}` is not there: its entry point is not known"
        self.image = image.facts(found, info, shell=True)
        return None

    def make_file(self, path: Path) -> None:
        """Creates a log or an attempt file, writable for the job: else the engine's user owns it.

        Raises `OSError`, or `NotOurs` if it is a link.
        """
        fd = open_log(path)
        try:
            if self._foreign:
                disk.calls.fchmod(fd, 0o666)
        finally:
            disk.calls.close(fd)

    def keeper(self, slots: HeldSlots, claim: Path) -> Keeper:
        """Starts the process that holds the slots of a container. Raises `OSError`."""
        return Keeper.start(slots, claim, foreign=self._foreign)

    def close_file(self, path: Path) -> None:
        """Takes back what `make_file` allowed to other users, once the job has ended."""
        if self._foreign:
            with suppress(OSError):
                disk.calls.chmod(path, 0o644)

    @property
    def _foreign(self) -> bool:
        """Whether the job may run as another user than the executor."""
        return self.container.user != "caller"

    def _who(self, *, rootless: bool) -> User:
        uid = os.getuid()
        name = str(uid)
        with suppress(KeyError):
            name = pwd.getpwuid(uid).pw_name
        return containers.resolve_user(
            self.container.user,
            uid=uid,
            gid=os.getgid(),
            name=name,
            home=self._dir.path / "home",
            rootless=rootless,
        )

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders to create before a container is started."""
        home = self._user.home
        ours = (self._dir.attempts, self._dir.logs)
        return ours if home is None else (*ours, home)

    def _make_folders(self) -> None:
        for folder in self.folders:
            if folder == self._dir.attempts:
                continue  # the executor makes it, or knows that it has to come back
            try:
                if folder.parent == self._dir.path:
                    folders.make(folder)  # but not the run directory: it may have been moved away
                else:
                    folders.make_all(folder)
                if folder == self._user.home and self._foreign:
                    folders.open_to_all(folder)
            except OSError as error:
                raise RuntimeUnavailable(f"cannot make `{folder}`: {error.strerror}") from error


def _rootless(info: Found) -> bool:
    return any("name=rootless" in option for option in info.get("SecurityOptions") or ())
