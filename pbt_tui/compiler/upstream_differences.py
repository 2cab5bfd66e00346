"""Where the jobs of a run differ from those that the upstream launcher would start, and why.

Must not load, write or print: a description and its process list in, differences out. Each kind of
difference has one reason. Names and numbers are compared too, although they should never differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pbt_tui.compiler import upstream_launcher as upstream
from pbt_tui.compiler.command_checks import differing
from pbt_tui.compiler.formed_commands import form_for
from pbt_tui.diagnostics import REGISTER
from pbt_tui.errors import printable
from pbt_tui.settings import argv as words

if TYPE_CHECKING:
    from pbt_tui.compiler.loaded import Loaded, LoadedExperiment, Variation
    from pbt_tui.spec import Job, Processes

PYTHONS = ("python", "python3")
"""The first words that `executor.interpreter` replaces."""
_MODULES = "docs/guide/any-trainer.md"
_MIGRATION = "docs/guide/coming-from-the-originals.md"

_WITH_VALUES = "commands and names"


class Reason(NamedTuple):
    """A kind of difference: what differs, the number in the register or a page, and the reason."""

    about: str
    see: str
    why: str


KINDS: dict[str, Reason] = {
    "names": Reason(
        "names",
        _MIGRATION,
        "this is a bug of pbt_tui: names and directories have to be those of upstream",
    ),
    "order": Reason(
        "order and names",
        "D3",
        "upstream shuffles with NumPy, and pbt_tui with `random`: jobs with the same parameters "
        "stand in another place, and have another number in their names",
    ),
    "values": Reason(
        _WITH_VALUES,
        "D3",
        "upstream shuffles values through an array, which converts them to one type",
    ),
    "no_shuffle": Reason(
        "number",
        "D4",
        "upstream cannot shuffle a grid that mixes names and tuples of names",
    ),
    "import": Reason(
        _WITH_VALUES,
        "D12",
        "the module describes other values at each import; upstream starts the newest ones and "
        "keeps no record",
    ),
    "directory": Reason(
        "directories and commands",
        _MIGRATION,
        "the module sets `experiment_suffix`, and upstream's launcher replaces it by that of its "
        "command line",
    ),
    "quotes": Reason(
        "commands",
        "D15",
        "upstream cuts a command at each single blank and passes quotes and backslashes on; "
        "pbt_tui splits it as a POSIX shell does",
    ),
    "blanks": Reason(
        "commands",
        "D15",
        "upstream cuts a command at each single blank: a second blank makes an empty argument, "
        "and a line break cuts nothing",
    ),
    "shell": Reason(
        "commands",
        "D36",
        "upstream pastes the command into a shell script, where a shell acts on it; pbt_tui passes "
        "the arguments on as they stand",
    ),
    "style": Reason(
        "commands",
        _MODULES,
        "the module says how its trainer reads arguments; upstream's classes do not take that",
    ),
    "prefix": Reason(
        "commands",
        "docs/reference/pbt-compile.md",
        "`--command_prefix` puts words before each command; upstream has no such option",
    ),
    "interpreter": Reason(
        "commands",
        "D24",
        "upstream replaces any first word that begins with `python` by its own interpreter, and "
        "pbt_tui only `python` and `python3`",
    ),
    "environment": Reason("environment", "D37", "upstream drops `env_vars` with this backend"),
    "resources": Reason(
        "GPUs",
        "docs/guide/gpus-and-slots.md",
        "upstream gives each job the same, and one GPU where jobs have slots; its `Experiment` "
        "takes no `resources`",
    ),
    "together": Reason(
        "order",
        "P2",
        "while members are missing, the others replace nobody",
    ),
    "container": Reason(
        "executor", "D25", "an image is set, and upstream starts plain processes only"
    ),
    "template": Reason(
        "commands", "D27", "upstream's built-in template for sbatch contains no command"
    ),
    "no_gpu": Reason("GPUs", "D38", "upstream multiplies the CPUs of a job by its GPUs"),
    "file": Reason(
        "files", "D8", "upstream names a script after its job, and cuts its path at blanks"
    ),
}
_NGC_SHELL = "D44"


@dataclass(frozen=True, slots=True)
class Difference:
    """One kind of difference: how many jobs it touches, and the first of them as an example."""

    kind: str
    about: str
    upstream: str
    here: str
    why: str
    see: str
    """A page, from the root of the repository."""
    jobs: int
    job: str | None
    backend: str


def differences(
    loaded: Loaded,
    spec: Processes,
    backend: str,
    *,
    suffix: str = "",
    max_parallel: int | None = None,
    settings: Mapping[str, Any] | None = None,
    drawn: Sequence[Variation] = (),
) -> list[Difference]:
    """All differences between `spec` and what upstream starts, in the order of `KINDS`.

    `suffix` and `max_parallel` are those of the command line, `settings` those of the backend, and
    `drawn` is what another import describes otherwise.
    """
    found = _Found(backend, loaded)
    if backend == "processes":
        _together(found, spec, max_parallel or upstream.MAX_PARALLEL)
        if spec.container is not None:
            image = f"a container of `{spec.container.image}`"
            for job in spec.jobs:
                found.add("container", job, "a plain process", image)
    elif backend == "slurm":
        _requests(found, spec, settings or {})
    jobs = iter(spec.jobs)
    for experiment in loaded.experiments:
        own = [next(jobs) for _ in experiment.params or ({},)]
        theirs = upstream.jobs(loaded, experiment, spec.train_dir, suffix)
        _experiment(found, loaded, experiment, own, theirs, spec, drawn)
    return found.all()


class _Found:
    """Differences by kind; those of one kind are counted."""

    def __init__(self, backend: str, loaded: Loaded) -> None:
        self.backend = backend
        self.params = {name for e in loaded.experiments for row in e.params for name in row}
        """The names of all parameters of the run."""
        self._customized = loaded.customize_names
        """Whether the values of parameters are a part of the names of jobs."""
        self._kept: dict[str, Difference] = {}

    def add(self, kind: str, job: Job, theirs: str, ours: str) -> None:
        before = self._kept.get(kind)
        if before is not None:
            self._kept[kind] = replace(before, jobs=before.jobs + 1)
            return
        about, see, why = KINDS[kind]
        if (kind, self.backend) == ("shell", "ngc"):
            see = _NGC_SHELL
        if about == _WITH_VALUES and not self._customized:
            about = "commands"
        said = printable(theirs), printable(ours)
        self._kept[kind] = Difference(kind, about, *said, why, page(see), 1, job.id, self.backend)

    def all(self) -> list[Difference]:
        return [self._kept[kind] for kind in KINDS if kind in self._kept]


def page(see: str) -> str:
    """The page of a number in the register of upstream defects, or `see` if it is a page."""
    return see if "/" in see else f"{REGISTER}#{see.lower()}"


def _experiment(
    found: _Found,
    loaded: Loaded,
    experiment: LoadedExperiment,
    own: list[Job],
    theirs: Iterator[upstream.UpstreamJob],
    spec: Processes,
    drawn: Sequence[Variation],
) -> None:
    local = found.backend == "processes"
    form = form_for(loaded, experiment)
    if experiment.shuffled is not None:
        _shuffled(found, experiment, own)
    prefix = len(spec.command_prefix)
    for job, their in zip(own, theirs, strict=True):
        if job.name != their.name:
            found.add("names", job, f"`{their.name}`", f"`{job.name}`")
        if job.dir != their.directory:
            found.add("directory", job, f"`{their.directory}`", f"`{job.dir}`")
        _drawn(found, drawn, job, loaded)
        if prefix and local:
            ours = " ".join(spec.command_prefix)
            found.add("prefix", job, "nothing before it", f"`{ours}` before it")
        argv = list(job.argv[prefix:])
        if form is not None:
            mine, others = differing(argv, upstream.arguments(their.command))
            if job.fill:
                mine, others = "a port that is free", "`{port}` as it stands"
            if form.style is not None or mine != others:
                found.add("style", job, others, mine)
        elif local:
            _local_command(found, job, argv, their.command)
        else:
            _pasted_command(found, job, argv, their.command)
        first = upstream.arguments(their.command)[0]
        if local and upstream.replaced_by_its_interpreter(first) and first not in PYTHONS:
            found.add("interpreter", job, "the launcher's own interpreter", f"`{first}`")
        if job.resources is not None:
            _resources(found, job, spec)
        elif local and spec.policy.experiments_per_gpu >= 1 and spec.policy.gpus_per_job != 1:
            found.add("resources", job, "1 GPU", f"{spec.policy.gpus_per_job} GPUs")
        if not local and job.env:
            names = ", ".join(f"`{name}`" for name in job.env)
            found.add("environment", job, "none of its `env_vars`", f"{names:.100}")
        if found.backend == "slurm" and _bad_file_name(job.name):
            found.add("file", job, f"`sbatch_{job.name:.80}.sh`", f"`{job.id}`")


def _shuffled(found: _Found, experiment: LoadedExperiment, own: list[Job]) -> None:
    rows = experiment.params
    of_grid = experiment.shuffled == "grid"
    changed = upstream.converted(rows) if of_grid and not experiment.texts else {}
    for index, job in enumerate(own):
        lists = [n for n, v in job.params.items() if isinstance(v, (list, tuple))]
        if experiment.shuffled == "uneven grid":
            found.add("no_shuffle", job, "an error, and no job", f"`{job.name}`")
        elif len(rows) > 1:
            found.add("order", job, "NumPy's order", "that of `random`")
        if of_grid and lists:
            text = f"{lists[0]}={job.params[lists[0]]}"
            found.add("values", job, "an error, or the text of an array", f"`{text}`")
        elif index in changed:
            name, text = next(iter(changed[index].items()))
            found.add("values", job, f"`{name}={text}`", f"`{name}={rows[index][name]}`")


def _local_command(found: _Found, job: Job, argv: list[str], command: str) -> None:
    theirs = upstream.arguments(command)
    if argv == theirs:
        return
    mine, others = differing(argv, theirs)
    found.add("blanks" if argv == command.split() else "quotes", job, others, mine)


def _pasted_command(found: _Found, job: Job, argv: list[str], command: str) -> None:
    acted = upstream.acted_on_by_a_shell(command)
    if acted is not None:
        found.add("shell", job, f"a shell acts on `{acted:.60}`", "the same text")
        return
    theirs = words.split(command)
    if found.backend == "ngc" and words.quoting(command):
        found.add("shell", job, "its quotes end those of the template", "the same arguments")
    elif theirs != argv:
        mine, others = differing(argv, theirs)
        found.add("shell", job, others, mine)


def _drawn(found: _Found, drawn: Sequence[Variation], job: Job, loaded: Loaded) -> None:
    """What another import describes otherwise: a parameter of the job, or a part of the run."""
    kept = "the first import" if loaded.seed is None else f"`--seed {loaded.seed}`"
    for v in drawn:
        if v.what in job.params:
            value = f"`{v.what}={job.params[v.what]}`, that of {kept}"
            found.add("import", job, f"another `{v.what}` at each start", value)
            return
    for v in drawn:
        if v.what not in found.params:
            found.add("import", job, f"another `{v.what}` at each start", f"that of {kept}")
            return


def _resources(found: _Found, job: Job, spec: Processes) -> None:
    assert job.resources is not None
    given = {n: getattr(job.resources, n) for n in ("gpus", "cpus", "memory")}
    ours = ", ".join(f"{n}={v}" for n, v in given.items() if v is not None)
    found.add("resources", job, "as every other job", f"`{ours}`")


def _together(found: _Found, spec: Processes, limit: int) -> None:
    """Members of populations that upstream does not start at once, as the first jobs that fit."""
    policy = spec.policy
    if policy.experiments_per_gpu >= 1:
        limit = min(limit, policy.num_gpus * policy.experiments_per_gpu)
    at_once = {job.id for job in spec.jobs[:limit]}
    by_id = {job.id: job for job in spec.jobs}
    for population in spec.populations:
        members = population.members
        if len(members) < 2 or at_once.issuperset(members):
            continue
        ours = f"all {len(members)} members of a population start together"
        for member in members:
            theirs = f"{limit} jobs at a time, in their order"
            found.add("together", by_id[member], theirs, ours)


def _requests(found: _Found, spec: Processes, settings: Mapping[str, Any]) -> None:
    for job in spec.jobs:
        if settings.get("sbatch_template") is None:
            found.add("template", job, "a script that does nothing", "the command")
        if settings.get("gpus_per_job") == 0:
            found.add("no_gpu", job, "`-c 0 --gres=gpu:0`", "CPUs and no GPU")


def _bad_file_name(name: str) -> bool:
    return "/" in name or " " in name or len(f"sbatch_{name}.sh".encode()) > 255
