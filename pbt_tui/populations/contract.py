"""What a population style is: everything in which trainers differ, as data and predicates.

Everybody may read it: the compiler judges commands by it, `observe` judges generations by it.
Must not import what a style needs: whatever reads is named as `module:class`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pbt_tui.populations.member import IndexKey, Member, StyleFinding


class ExchangeSettings(NamedTuple):
    """The numbers that decide when a population exchanges; None where nothing tells."""

    initial_delay: float | None = None
    """Frames before the first exchange."""
    worst: float = 0.125
    """Share of the members that can be replaced (IsaacGymEnvs)."""
    top: float = 0.3
    """Share of the members that can be copied (IsaacGymEnvs)."""
    std: float = 0.5
    absolute: float = 0.05
    """Thresholds: standard deviations, and a share of the value (Lab: the value itself)."""


class CallStyle(NamedTuple):
    """How a trainer is called: what a `RunDescription` for it says.

    Example:
        >>> CallStyle(prefix="", dir_arg="agent.pbt.directory").arguments()
        'param_prefix="", experiment_arg_name=None, experiment_dir_arg_name="agent.pbt.directory"'
    """

    prefix: str = "--"
    """Before the name of each parameter."""
    name_arg: str | None = None
    """The argument that carries the name of a job; None where there is none."""
    dir_arg: str | None = None
    """The argument that carries the directory of a job; None where there is none."""
    argument_style: str | None = None
    """Name of the argument style that writes its parameters; None: as upstream writes them."""

    def arguments(self) -> str:
        """As a run module says it."""
        given = (
            ("param_prefix", self.prefix),
            ("experiment_arg_name", self.name_arg),
            ("experiment_dir_arg_name", self.dir_arg),
        )
        return ", ".join(
            f"{name}=" + ("None" if value is None else f'"{value}"') for name, value in given
        )


class FoundFolder(NamedTuple):
    """What was found in a folder on disk that may be a workspace."""

    name: str
    parent: str
    """The name of the folder that it lies in."""
    folders: Collection[str]
    files: Collection[str]
    """Names of what lies in it; links to folders count as folders."""
    has_generations: bool
    """A file of a generation was found, by the style's `generation_files`."""
    params: Callable[[], Collection[str]]
    """The names of parameters in one of the files found, where that is metadata in YAML."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)  # its code is made at each start
class Style:
    """One way of doing population-based training. `name` is what a spec holds.

    Members are jobs of their own where there are `index_keys`; else one job trains them all, and
    `policies` says how many. Names of settings are without their stem: `workspace` stands for
    `pbt.workspace`.
    """

    name: str
    title: str
    """As messages say it: `Isaac Lab`."""
    parameters: Callable[[int, str | None, str | None], list[dict[str, Any]]]
    """What `population()` makes of size, workspace and `index_arg`."""
    workspace: Callable[[Member], str]
    """The folder that members share, from `train_dir` or absolute; as deep as a command tells."""
    reader: str
    """`module:class`, an `observe.workspaces.Reader` that is made with the path of a workspace."""
    generation_files: tuple[str, str]
    """Regular expressions: the whole name of a member's folder in a workspace, and of a file in it
    that is there once the member has a generation."""

    # How a command says it
    call: CallStyle = field(default_factory=CallStyle)
    index_keys: tuple[IndexKey, ...] = ()
    policies: Callable[[Mapping[str, str]], int | None] | None = None
    """How many policies a job with these settings trains together; None for no population."""
    signs: tuple[str, ...] = ()
    """A command that holds none of these texts is not looked at; usually the index keys."""
    size_name: str = "num_policies"
    workspace_name: str = "workspace"
    default_workspace: str = "pbt_workspace"
    name_below: Callable[[Mapping[str, str]], str | None] = lambda settings: None
    """Where only the trainer's configuration names the folder between the recorded workspace and
    the true one: the name of the true one, which readers look up on disk as `*/<name>`."""
    folder_setting: str = ""
    """The setting that names that folder, where a command gives it after all."""
    workspace_in_job_dir: bool = False
    """The workspace lies in the directory of each job: members elsewhere are never seen."""

    # What the rules ask
    smallest: int = 2
    """Members without which nothing is ever exchanged."""
    switch_name: str | None = "enabled"
    """The setting that switches it on and off; None where there is none."""
    on_by_default: bool = True
    switch_off: tuple[str, str] | None = None
    """Another setting, and its value, that switches it off."""
    fraction_names: tuple[str, ...] = ()
    """Shares of the members that must not be 0."""
    interval_name: str | None = None
    """Steps between two exchanges, by which the trainer divides."""
    cuts_at_every_equals: bool = False
    """A member that restarts itself cuts its arguments at each `=`, so that a second one is
    fatal."""
    run_folder_by_second: bool = False
    """The folder of a start is named by the second: two members must not start in the same one."""
    forgotten_options: tuple[str, ...] = ()
    """Options that a member's restart of itself does not pass on."""
    kept_instead: str = "a setting of the configuration"
    """What to use in place of a forgotten option."""
    rules: Callable[[Sequence[Member]], Iterable[StyleFinding]] = lambda members: ()
    """Rules of its own, for the members of one population in the order of their numbers."""

    # What a workspace on disk shows
    is_workspace: Callable[[FoundFolder], bool] = lambda found: False
    """Whether a folder is a workspace of this style; by default only a run names one."""
    log_in_workspace: str | None = None
    """A log there that holds what all members say; else each job's own log does."""

    # When it exchanges
    settings: ExchangeSettings = field(default_factory=ExchangeSettings)
    """The trainer's defaults, without its `initial_delay`."""
    initial_delay: float | None = None
    """Frames before the first exchange, where the command does not say."""
    waits_for_frames: bool = False
    """Nothing is exchanged before so many frames."""
    setting_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields of `ExchangeSettings`: the keys of a command that set them."""
    quorum: Callable[[int], int] = lambda size: 0
    """Members with a generation that an exchange needs in a population of this size."""
    absent_are_worst: bool = False
    """Members without a generation hold the worst places, and dead ones keep theirs."""
    is_within: Callable[[Sequence[float], ExchangeSettings], bool] | None = None
    """Whether nobody would be replaced, by the newest objectives in rising order; None where that
    cannot be told."""

    # What a copy leaves behind
    copy_raises_step: int | None = None
    """Where a checkpoint's name holds a train step: what a copy of weights adds to it at least."""
    frames_follow_donor: bool = False
    """A copy goes on from the donor's frame, so that frames and generations may fall."""
    restart_is_copy: bool = False
    """A restart is nearly always a copy, even where parameters do not tell whose."""

    @property
    def members_are_jobs(self) -> bool:
        """Else they are policies of one job."""
        return self.policies is None
