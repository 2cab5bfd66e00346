"""The population style of Isaac Lab: index keys, thresholds, and what a copy does to frames.

`observe.workspaces.isaaclab` reads its workspaces.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from pbt_tui.populations.contract import ExchangeSettings, FoundFolder, Style
from pbt_tui.populations.isaaclab.recipe import recipe
from pbt_tui.populations.isaaclab.rules import CALL, check_lab
from pbt_tui.populations.member import IndexKey, Member, from_train_dir
from pbt_tui.populations.parameters import one_per_member
from pbt_tui.populations.yaml_signs import lab_wrote

_CONFIG = "agent.params.config.name"
"""The setting that names the folder above the workspace."""


def _parameters(size: int, workspace: str | None, index_arg: str | None) -> list[dict[str, Any]]:
    return one_per_member(size, index_arg or "agent.pbt.policy_idx", workspace, switch=True)


def _workspace(member: Member) -> str:
    """The deepest known folder: the agent's configuration names the folders below it."""
    name = member.setting(STYLE.workspace_name, STYLE.default_workspace)
    folder = member.set.get("agent.pbt.directory") or ""
    config = member.set.get(_CONFIG)
    path = posixpath.join(folder, "logs/rl_games", *((config, name) if config else ()))
    return path if path.startswith("/") else from_train_dir(path, member.job)


def _name_below(settings: Mapping[str, str]) -> str | None:
    """Name of the workspace, unless the command contains the name of the configuration.

    Usually only the trainer's YAML contains that name.
    """
    if settings.get(_CONFIG):
        return None
    return settings.get("agent.pbt.workspace") or STYLE.default_workspace


def _is_workspace(found: FoundFolder) -> bool:
    return found.has_generations and lab_wrote(found)


def _is_within(values: Sequence[float], settings: ExchangeSettings) -> bool:
    from statistics import fmean, pstdev  # late, because it is heavy and only `observe` calls this

    mean = fmean(values)
    return values[0] >= min(mean - settings.std * pstdev(values), mean - settings.absolute)


STYLE = Style(
    name="isaaclab",
    title="Isaac Lab",
    parameters=_parameters,
    workspace=_workspace,
    name_below=_name_below,
    folder_setting=_CONFIG,
    reader="pbt_tui.observe.workspaces.isaaclab:IsaacLab",
    recipe=recipe,
    saved="pbt_tui.observe.continuing.member_folder:read",
    generation_files=(r"[0-9]{3}", r"[0-9]{1,12}\.yaml"),
    call=CALL,
    index_keys=(IndexKey(key="agent.pbt.policy_idx", stem="agent.pbt.", default_size=8),),
    on_by_default=False,
    switch_off=("pbt", "no_pbt"),
    fraction_names=("replace_fraction_worst", "replace_fraction_best"),
    interval_name="interval_steps",
    run_folder_by_second=True,
    forgotten_options=("--device", "--max_iterations", "--sigma"),
    kept_instead="a setting of the configuration, such as `agent.params.config.…`",
    rules=check_lab,
    is_workspace=_is_workspace,
    settings=ExchangeSettings(std=0.10, absolute=0.05),
    setting_names={
        "std": ("agent.pbt.threshold_std", "pbt.threshold_std"),
        "absolute": ("agent.pbt.threshold_abs", "pbt.threshold_abs"),
    },
    is_within=_is_within,
    frames_follow_donor=True,
    restart_is_copy=True,
)
