"""The population style of Sample-Factory: a population is one job, its members are policies.

`observe.workspaces.sample_factory` reads its workspaces.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from pbt_tui.populations.contract import CallStyle, FoundFolder, Style
from pbt_tui.populations.member import Member
from pbt_tui.populations.sample_factory.recipe import recipe

_TRUE = ("true", "1", "yes")


def _parameters(size: int, workspace: str | None, index_arg: str | None) -> list[dict[str, Any]]:
    return [{"with_pbt": True, "num_policies": size}]


def _policies(settings: Mapping[str, str]) -> int | None:
    size = settings.get("num_policies", "1")
    if settings.get("with_pbt", "").lower() not in _TRUE or not size.isdigit():
        return None
    return max(int(size), 1)


def _workspace(member: Member) -> str:
    return posixpath.join(member.job.dir, member.job.name)


def _is_workspace(found: FoundFolder) -> bool:
    return "checkpoint_p0" in found.folders and (
        "config.json" in found.files or "sf_log.txt" in found.files
    )


STYLE = Style(
    name="sample_factory",
    title="Sample-Factory",
    parameters=_parameters,
    workspace=_workspace,
    reader="pbt_tui.observe.workspaces.sample_factory:SampleFactory",
    recipe=recipe,
    saved="pbt_tui.observe.continuing.policies:read",
    leftovers="pbt_tui.observe.continuing.policies:leftovers",
    write_again="pbt_tui.observe.continuing.policies:write_again",
    generation_files=(r"checkpoint_p.*", r"checkpoint_.*"),
    call=CallStyle(name_arg="--experiment", dir_arg="--train_dir"),
    policies=_policies,
    signs=("with_pbt",),
    switch_name=None,
    fraction_names=("pbt_replace_fraction",),
    is_workspace=_is_workspace,
    log_in_workspace="sf_log.txt",
    initial_delay=20_000_000.0,
    waits_for_frames=True,
    setting_names={
        "initial_delay": ("pbt_start_mutation",),
        "worst": ("pbt_replace_fraction",),
    },
    copy_raises_step=1001,  # `max_policy_lag` + 1
)
