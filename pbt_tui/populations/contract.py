"""The type of a population style: everything in which trainers differ, as data and predicates.

Every package may import it: the compiler checks commands with it, `observe` interprets generations.
Must not import code that reads files: a style names its reader as `module:class`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pbt_tui.populations.member import IndexKey, Member, StyleFinding


class ExchangeSettings(NamedTuple):
    """The numbers that decide when members exchange weights; None: unknown."""

    initial_delay: float | None = None
    """Frames before the first exchange."""
    worst: float = 0.125
    """Fraction of the members that can be replaced (IsaacGymEnvs)."""
    top: float = 0.3
    """Fraction of the members that can be copied (IsaacGymEnvs)."""
    std: float = 0.5
    """Threshold in standard deviations of the objectives."""
    absolute: float = 0.05
    """Threshold as a fraction of the objective (Isaac Lab: in units of the objective)."""


class CallStyle(NamedTuple):
    """How a trainer is called: the arguments of a `RunDescription` for it.

    Example:
        >>> CallStyle(prefix="", dir_arg="agent.pbt.directory").arguments()
        'param_prefix="", experiment_arg_name=None, experiment_dir_arg_name="agent.pbt.directory"'
    """

    prefix: str = "--"
    """Text before the name of each parameter."""
    name_arg: str | None = None
    """The argument that passes the name of a job; None: the trainer has none."""
    dir_arg: str | None = None
    """The argument that passes the directory of a job; None: the trainer has none."""
    argument_style: str | None = None
    """Name of the argument style that writes its parameters; None: as upstream writes them."""

    def arguments(self) -> str:
        """The keyword arguments as text, as a run module contains them."""
        given = (
            ("param_prefix", self.prefix),
            ("experiment_arg_name", self.name_arg),
            ("experiment_dir_arg_name", self.dir_arg),
        )
        return ", ".join(
            f"{name}=" + ("None" if value is None else f'"{value}"') for name, value in given
        )


class Saved(NamedTuple):
    """A whole generation on disk, from which a member can continue."""

    checkpoint: str
    """Absolute path of its weights."""
    experiment_name: str
    """The trainer's name of the run that wrote it; empty if its metadata lacks it."""
    params: Mapping[str, Any]
    """Its parameters, complete and with the types that the metadata has."""


class Continued(NamedTuple):
    """How the command of a member changes for an attempt that continues, or begins from scratch."""

    args: tuple[str, ...] = ()
    """Arguments of the attempt; `spec.merged` puts them into the job's command."""
    env: Mapping[str, str] = {}
    """Variables of the attempt; those of the job override them."""
    refused: str | None = None
    """Why there is no such command; then `args` and `env` are empty."""


class FoundFolder(NamedTuple):
    """A folder on disk that may be a workspace, with the names of its contents."""

    name: str
    parent: str
    """Name of the parent folder."""
    folders: Collection[str]
    """Names of the folders in it; links to folders count as folders."""
    files: Collection[str]
    """Names of the files in it."""
    has_generations: bool
    """Whether it contains a file of a generation, by the `generation_files` of the style."""
    params: Callable[[], Collection[str]]
    """Returns the parameter names in one of these files, if that file is metadata in YAML."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)  # its code is made at each start
class Style:
    """How one trainer does population-based training.

    With `index_keys`, each member is a job. Without them, one job trains all members, and
    `policies` returns their number. Setting names omit the stem: `workspace` stands for
    `pbt.workspace`.
    """

    name: str
    """The name in a spec."""
    title: str
    """The name in messages: `Isaac Lab`."""
    parameters: Callable[[int, str | None, str | None], list[dict[str, Any]]]
    """Returns the parameters of each member, from the size, the workspace and `index_arg` that
    `population()` gets."""
    workspace: Callable[[Member], str]
    """The folder that members share, absolute or relative to `train_dir`. If the command does not
    determine the whole path, the deepest folder that it determines."""
    reader: str
    """`module:class` of an `observe.workspaces.Reader`; its argument is the path of a workspace."""
    generation_files: tuple[str, str]
    """Two regular expressions: one matches the whole name of a member's folder in a workspace, the
    other the name of a file in it that exists once the member has a generation."""

    # How the command of a member looks
    call: CallStyle = field(default_factory=CallStyle)
    index_keys: tuple[IndexKey, ...] = ()
    policies: Callable[[Mapping[str, str]], int | None] | None = None
    """Number of policies that a job with these settings trains; None: the job is no population."""
    signs: tuple[str, ...] = ()
    """Only without `index_keys`: the compiler skips a command that contains none of these texts."""
    size_name: str = "num_policies"
    workspace_name: str = "workspace"
    default_workspace: str = "pbt_workspace"
    name_below: Callable[[Mapping[str, str]], str | None] = lambda settings: None
    """Returns the name of the true workspace if only the trainer's configuration names the folder
    between it and the recorded workspace. Readers then look for `*/<name>` on disk."""
    folder_setting: str = ""
    """The setting that names that folder in between, if a command contains the setting."""
    workspace_in_job_dir: bool = False
    """The workspace is inside the directory of each job: a member in another directory never sees
    it."""

    # What the rules check
    smallest: int = 2
    """Smallest number of members that can exchange weights."""
    switch_name: str | None = "enabled"
    """The setting that switches population-based training on and off; None: there is none."""
    on_by_default: bool = True
    switch_off: tuple[str, str] | None = None
    """Another setting that switches it off, and the value that does so."""
    fraction_names: tuple[str, ...] = ()
    """Settings that are fractions of the members; the value 0 is an error."""
    interval_name: str | None = None
    """The setting with the steps between two exchanges; the trainer divides by it."""
    cuts_at_every_equals: bool = False
    """A member that restarts itself splits its arguments at each `=`, so a second `=` is fatal."""
    run_folder_by_second: bool = False
    """A member's output folder is named after the second of its start: two members must not start
    in the same second."""
    forgotten_options: tuple[str, ...] = ()
    """Options that a member does not pass on when it restarts itself."""
    kept_instead: str = "a setting of the configuration"
    """What to use in place of a forgotten option."""
    rules: Callable[[Sequence[Member]], Iterable[StyleFinding]] = lambda members: ()
    """Additional rules of the style. They get the members of one population in index order."""

    # How a member continues
    recipe: Callable[[Sequence[str], Saved | None], Continued] | None = None
    """Returns how the command of a job (its first argument) changes so that the trainer continues
    from a generation, or begins from scratch (None) beside what an earlier start left. None: jobs
    of this style always start with their own command."""
    saved: str = "pbt_tui.observe.continuing.checkpoints:read"
    """`module:function` that reads what a member can continue from (`continuing.candidate.Read`).
    The default takes each checkpoint that the reader of the style reports."""

    leftovers: str | None = None
    """`module:function` that returns the files in a workspace which a killed trainer was writing,
    and which the trainer would load. They are renamed before the next attempt. None: it loads
    none."""
    write_again: str | None = None
    """`module:function` that writes such a file again. It gets the path of a file that was renamed,
    and the generations that the history has of the population. None: the trainer begins without."""

    # What a workspace on disk shows
    is_workspace: Callable[[FoundFolder], bool] = lambda found: False
    """Whether a folder is a workspace of this style. By default `pbt-tui` recognises none on disk:
    only a run names its workspaces."""
    log_in_workspace: str | None = None
    """Name of a log in the workspace with the output of all members; None: each job has a log."""

    # When members exchange weights
    settings: ExchangeSettings = field(default_factory=ExchangeSettings)
    """The trainer's defaults, except `initial_delay`."""
    initial_delay: float | None = None
    """Default number of frames before the first exchange."""
    waits_for_frames: bool = False
    """Nothing is exchanged before `initial_delay` frames."""
    setting_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field of `ExchangeSettings` → the command's keys that set it."""
    quorum: Callable[[int], int] = lambda size: 0
    """For the size of a population, the number of members that need a generation before members
    exchange weights."""
    absent_are_worst: bool = False
    """Members without a generation rank worst, and dead members keep their rank."""
    is_within: Callable[[Sequence[float], ExchangeSettings], bool] | None = None
    """Whether no member would be replaced. It gets the newest objectives in ascending order. None:
    unknown."""

    # What a copy of weights changes
    copy_raises_step: int | None = None
    """If the name of a checkpoint contains a train step, the minimum that a copy adds to it."""
    frames_follow_donor: bool = False
    """A copy continues from the donor's frame, so frames and generations may decrease."""
    restart_is_copy: bool = False
    """A restart is nearly always a copy, even if the parameters do not identify the donor."""

    @property
    def members_are_jobs(self) -> bool:
        """Whether each member is a job. If not, the members are policies of one job."""
        return self.policies is None
