"""Settings: what may be set, and how it is written.

Must not know the command line or the spec that comes of it. One table serves the options of all
commands and the keys of the settings file; the order of precedence is flag, file, default.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec

from pbt_tui.backends.ngc.request import Ngc
from pbt_tui.backends.ngc.settings import ROWS as NGC
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.errors import Diagnostic, Findings, Where, printable
from pbt_tui.settings import parsers
from pbt_tui.spec.types import Container, Policy

Section = Literal["policy", "container", "compile", "slurm", "ngc"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that may be set; `name` is the field, the key, and the option if that is empty."""

    name: str
    section: Section
    read: Callable[[str], Any]
    metavar: str
    expects: str
    help: str
    many: bool = False
    """Given several times, the lists are joined."""
    option: str = ""

    @property
    def dest(self) -> str:
        """Its name among all settings: of a backend's own, the backend is a part."""
        own = self.section in _BACKENDS
        return f"{self.section}_{self.name}" if own else self.name

    @property
    def flag(self) -> str:
        return f"--{self.option or self.dest}"


def _policy(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "policy", *rest, **more)


def _container(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "container", *rest, **more)


_SECONDS = "a duration such as `90`, `30s`, `5m`, `2h` or `7d`"
_BYTES = "a size such as `512M` or `4G`"
_MEMORY = "a size from 64M"
_FROM_0, _FROM_1 = "an integer from 0", "an integer from 1"


def _slurm(name: str, *rest: Any, **more: Any) -> Setting:
    return Setting(name, "slurm", *rest, **more)


_SLURM: tuple[Setting, ...] = (
    _slurm("gpus_per_job", parsers.integer, "N", _FROM_0, "GPUs on each node of a job (1)"),
    _slurm("cpus_per_gpu", parsers.integer, "N", _FROM_0, "CPUs for each GPU (16)"),
    _slurm("partition", parsers.plain, "NAME", "the name of a partition", "partition"),
    _slurm("account", parsers.plain, "NAME", "the name of an account", "account"),
    _slurm("qos", parsers.plain, "NAME", "the name of a QOS", "quality of service"),
    _slurm("time", parsers.duration, "SECONDS", _SECONDS, "time limit of one start"),
    _slurm("memory", parsers.size, "SIZE", _BYTES, "memory on each node"),
    _slurm("cpus", parsers.integer, "N", _FROM_0, "CPUs of a job, however many GPUs it has"),
    _slurm("gpu_type", parsers.plain, "TYPE", "a type of GPU", "type of GPU, such as a100"),
    _slurm(
        "constraint", parsers.plain, "TEXT", "features of nodes", "features that nodes must have"
    ),
    _slurm("exclude", parsers.plain, "NODES", "nodes such as `n[1-3],n7`", "nodes to leave out"),
    _slurm("nodes", parsers.integer, "N", _FROM_1, "nodes of a job (1)"),
    _slurm("throttle", parsers.integer, "N", _FROM_1, "tasks of an array that run at once"),
    _slurm(
        "requeue",
        parsers.boolean,
        "",
        "true or false",
        "preemption, a lost node and exit code 75 queue a task again",
    ),
    _slurm(
        "max_requeues", parsers.integer, "N", _FROM_0, "restarts, then 75 is an end as well (50)"
    ),
    _slurm(
        "signal",
        parsers.plain,
        "NAME@SECONDS",
        "a signal such as `USR1@120`",
        "send it so long before the time limit; the program writes a checkpoint and exits with 75",
    ),
    _slurm("mail_user", parsers.plain, "ADDRESS", "an address", "who gets mail"),
    _slurm("mail_type", parsers.plain, "TYPES", "events such as `END,FAIL`", "what mail is about"),
    _slurm("workdir", parsers.plain, "DIR", "a folder", "folder of what SLURM itself says"),
    _slurm(
        "sbatch_template", parsers.plain, "FILE", "a file", "a template of the original launcher"
    ),
    _slurm("timeout", parsers.plain, "TIME", "a text", "`$TIMEOUT` of that template (0)"),
    _slurm(
        "print_only", parsers.truth, "BOOL", "true or false", "`pbt-run` shows what it would submit"
    ),
    _slurm(
        "files",
        parsers.boolean,
        "",
        "true or false",
        "a script for each job, no arrays",
        option="files",
    ),
    _slurm("max_array", parsers.integer, "N", _FROM_1, "tasks of an array, at most (1000)"),
    _slurm(
        "container",
        parsers.plain,
        "HOW",
        "`plain`, `apptainer` or `pyxis`",
        "what runs the image: plain (nothing does), apptainer, pyxis",
    ),
    _slurm("image", parsers.plain, "NAME", "an image", "image, where it is not `--image`"),
    _slurm(
        "prologue",
        parsers.lines,
        "LINE",
        "lines of bash",
        "a line of bash before each command, such as `module load cuda`",
        many=True,
    ),
    _slurm("poll", parsers.duration, "SECONDS", _SECONDS, "between two looks at the queue (15s)"),
    _slurm("poll_pending", parsers.duration, "SECONDS", _SECONDS, "while all is pending (60s)"),
    _slurm("poll_floor", parsers.duration, "SECONDS", _SECONDS, "never more often than that (5s)"),
    _slurm("sbatch_timeout", parsers.duration, "SECONDS", _SECONDS, "time for one `sbatch` (30s)"),
)
SETTINGS: tuple[Setting, ...] = (
    _policy("num_gpus", parsers.integer, "N", _FROM_0, "GPUs to use"),
    _policy(
        "gpus", parsers.words, "LIST", "a list such as `0,2`", "GPUs to choose from", many=True
    ),
    _policy("gpus_per_job", parsers.integer, "N", _FROM_0, "GPUs that one job needs"),
    _policy(
        "experiments_per_gpu",
        parsers.integer,
        "N",
        "an integer from -1",
        "slots on each GPU; -1 leaves CUDA_VISIBLE_DEVICES alone",
    ),
    _policy("max_parallel", parsers.integer, "N", _FROM_1, "jobs at once"),
    _policy("pause_between", parsers.duration, "SECONDS", _SECONDS, "between two starts"),
    _policy(
        "patience",
        parsers.duration,
        "SECONDS",
        _SECONDS,
        "a job that was passed over for so long closes the line behind it",
    ),
    _policy("retries", parsers.integer, "N", _FROM_0, "tries after the first one"),
    _policy(
        "retry_on",
        parsers.words,
        "CAUSES",
        "causes such as `lost,oom`",
        "causes of failure that are tried again",
        many=True,
    ),
    _policy("retry_delay", parsers.duration, "SECONDS", _SECONDS, "before a retry, then doubled"),
    _policy("timeout", parsers.duration, "SECONDS", _SECONDS, "time limit of one attempt"),
    _policy("grace", parsers.duration, "SECONDS", _SECONDS, "between a stop and the kill"),
    _policy("max_failures", parsers.integer, "N", _FROM_1, "give up after so many failed jobs"),
    _policy(
        "fail_fast", parsers.boolean, "", "true or false", "give up after the first failed job"
    ),
    _container("image", parsers.plain, "NAME", "the name of an image", "run jobs in this image"),
    _container(
        "pull", parsers.plain, "WHEN", "`missing` or `never`", "fetch the image: missing, never"
    ),
    _container("entrypoint", parsers.command, "CMD", "a command", "instead of the image's own"),
    _container(
        "user",
        parsers.plain,
        "USER",
        "`caller`, `image` or `uid:gid`",
        "caller, image or uid:gid",
    ),
    _container(
        "mounts",
        parsers.mount,
        "SRC:DST[:ro]",
        "`SRC:DST` or `SRC:DST:ro`",
        "a folder to show inside",
        many=True,
        option="mount",
    ),
    _container(
        "env_from",
        parsers.name,
        "NAME",
        "the name of an environment variable",
        "take this variable from the launcher's environment; the way for secrets",
        many=True,
    ),
    _container("shm_size", parsers.size, "SIZE", _BYTES, "shared memory"),
    _container("memory", parsers.size, "SIZE", _BYTES, "memory limit"),
    _container("cpus", parsers.number, "N", "a number above 0", "CPU limit"),
    _container("network", parsers.plain, "NAME", "the name of a network", "network to join"),
    _container(
        "capabilities",
        parsers.words,
        "LIST",
        "a list such as `gpu,compute,utility`",
        "what the GPU driver opens inside",
        many=True,
    ),
    _container(
        "ulimits",
        parsers.ulimit,
        "NAME=SOFT[:HARD]",
        "`name=soft` or `name=soft:hard`",
        "a limit of the kernel",
        many=True,
        option="ulimit",
    ),
    *_SLURM,
    *(Setting(row[0], "ngc", *row[1:]) for row in NGC),
)
COMPILE: tuple[Setting, ...] = (
    Setting("out", "compile", parsers.plain, "DIR", "a folder", "where spec files go"),
    Setting("train_dir", "compile", parsers.plain, "DIR", "a folder", "root of what jobs write"),
    Setting(
        "load_timeout", "compile", parsers.duration, "SECONDS", _SECONDS, "to import the module"
    ),
    Setting("load_memory", "compile", parsers.size, "SIZE", _MEMORY, "for importing the module"),
    Setting(
        "seed", "compile", parsers.integer, "N", "an integer", "seed `random` before the import"
    ),
    Setting("ignore", "compile", parsers.words, "CODES", "codes such as `PBT420`", "", many=True),
    Setting("strict", "compile", parsers.boolean, "", "true or false", "warnings are errors"),
)
_BACKENDS: dict[str, Any] = {"slurm": Slurm, "ngc": Ngc}
"""Sections that are a backend's, and the struct of their settings."""
BACKEND_SECTIONS = tuple(_BACKENDS)
_TYPES: dict[str, dict[str, Any]] = {
    **{
        section: {f.name: f.type for f in msgspec.structs.fields(struct)}
        for section, struct in {"policy": Policy, "container": Container, **_BACKENDS}.items()
    },
    "compile": {
        "out": str,
        "train_dir": str,
        "load_timeout": Annotated[float, msgspec.Meta(gt=0)],
        "load_memory": Annotated[int, msgspec.Meta(ge=1 << 26)],
        "seed": int,
        "ignore": tuple[str, ...],
        "strict": bool,
    },
}
_NATIVE = (parsers.integer, parsers.number, parsers.boolean)
"""What TOML writes itself: there a text is a mistake."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was set, by section and field, and the file that said it."""

    policy: dict[str, Any] = field(default_factory=dict)
    container: dict[str, Any] = field(default_factory=dict)
    compile: dict[str, Any] = field(default_factory=dict)
    file: str | None = None
    slurm: dict[str, Any] = field(default_factory=dict)
    ngc: dict[str, Any] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)
    """What was found on the way that is no error."""

    def over(self, lower: Given) -> Given:
        """This, and from `lower` what is not said here."""
        return Given(
            {**lower.policy, **self.policy},
            {**lower.container, **self.container},
            {**lower.compile, **self.compile},
            self.file or lower.file,
            {**lower.slurm, **self.slurm},
            {**lower.ngc, **self.ngc},
            [*lower.found, *self.found],
        )


def value_of(setting: Setting, raw: Any) -> Any:
    """The typed value of a text, or of what TOML made of one; raises `ValueError`."""
    if setting.many and isinstance(raw, list | tuple):
        parts = [setting.read(sound(r)) if isinstance(r, str) else [r] for r in raw]
        raw = [item for part in parts for item in part]
        if setting.read is parsers.words:  # `gpus = [0, 1]`
            raw = [str(r) if isinstance(r, int) and not isinstance(r, bool) else r for r in raw]
    elif isinstance(raw, str):
        raw = setting.read(sound(raw))
    if not _held(raw):
        raise ValueError
    try:
        return msgspec.convert(raw, _TYPES[setting.section][setting.name])
    except msgspec.ValidationError as e:
        raise ValueError(str(e)) from None


def _held(value: Any) -> bool:
    """Whether a spec file can hold these numbers; TOML has `inf`, and integers of any size."""
    if isinstance(value, dict | list | tuple):
        return all(map(_held, value.values() if isinstance(value, dict) else value))
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return not isinstance(value, float) or math.isfinite(value)


def sound(text: str) -> str:
    """`text`, or `ValueError` where no file and no command could hold it."""
    text.encode()  # a byte of the command line that is not UTF-8 is a lone surrogate here
    if "\0" in text:
        raise ValueError
    return text


def gather(
    raw: Iterable[tuple[Setting, Any]], place: Callable[[Setting], str], file: str | None = None
) -> Given:
    """Reads all and raises `Findings` (2) with every value that is not what it should be."""
    given = Given(file=file)
    wrong = []
    for setting, value in raw:
        try:
            if file is not None and isinstance(value, str) and setting.read in _NATIVE:
                raise ValueError
            getattr(given, setting.section)[setting.name] = value_of(setting, value)
        except ValueError:
            said = f"expected {setting.expects}, got {_shown(value)}"
            where = Where(file=file, pointer=place(setting))
            wrong.append(Diagnostic("error", said, where=where))
    if wrong:
        raise Findings(wrong, 2)
    return given


def _shown(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= 60 else text[:59] + "…"
    return f"`{printable(text)}`" if text else "nothing"


def near(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest right word, if one is near."""
    close = difflib.get_close_matches(word.replace("-", "_"), list(known), n=1)
    return f"did you mean `{close[0]}`" if close else None
