"""The population style of IsaacGymEnvs: index keys, thresholds and exchange conditions.

`observe.workspaces.isaacgymenvs` reads its workspaces.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Any

from pbt_tui.populations.contract import CallStyle, ExchangeSettings, FoundFolder, Style
from pbt_tui.populations.isaacgymenvs.recipe import recipe
from pbt_tui.populations.member import IndexKey, Member
from pbt_tui.populations.parameters import one_per_member
from pbt_tui.populations.yaml_signs import lab_wrote


def _parameters(size: int, workspace: str | None, index_arg: str | None) -> list[dict[str, Any]]:
    return one_per_member(size, index_arg or "pbt.policy_idx", workspace)


def _workspace(member: Member) -> str:
    name = member.setting(STYLE.workspace_name, STYLE.default_workspace)
    return posixpath.join(member.job.dir, "runs", name)


def _is_workspace(found: FoundFolder) -> bool:
    return found.has_generations and not lab_wrote(found)


def _quorum(size: int) -> int:
    return int(max(2, size / 2)) + 1


def _is_within(values: Sequence[float], settings: ExchangeSettings) -> bool:
    from statistics import pstdev  # late, because it is heavy and only `observe` calls this

    spread = pstdev(values[int(0.2 * len(values)) :])
    gap = values[-1] - values[0]
    return gap <= settings.std * spread or gap <= settings.absolute * abs(values[0])


STYLE = Style(
    name="isaacgymenvs",
    title="IsaacGymEnvs",
    parameters=_parameters,
    workspace=_workspace,
    reader="pbt_tui.observe.workspaces.isaacgymenvs:IsaacGymEnvs",
    recipe=recipe,
    saved="pbt_tui.observe.continuing.member_folder:read",
    generation_files=(r"[0-9]{3}", r"[0-9]{1,12}\.yaml"),
    call=CallStyle(
        prefix="", name_arg="experiment", dir_arg="hydra.run.dir", argument_style="hydra"
    ),
    index_keys=(
        IndexKey(key="pbt.policy_idx", stem="pbt.", default_size=8),
        IndexKey(key="pbt_policy_idx", stem="pbt_"),
    ),
    workspace_in_job_dir=True,
    smallest=3,
    switch_off=("pbt", "no_pbt"),
    fraction_names=("replace_fraction_worst", "replace_fraction_best"),
    interval_name="interval_steps",
    cuts_at_every_equals=True,
    is_workspace=_is_workspace,
    initial_delay=20_000_000.0,
    waits_for_frames=True,
    setting_names={
        "initial_delay": ("pbt.initial_delay", "pbt_start_mutation"),
        "worst": ("pbt.replace_fraction_worst", "pbt_replace_fraction"),
        "top": ("pbt.replace_fraction_best",),
        "std": ("pbt.replace_threshold_frac_std",),
        "absolute": ("pbt.replace_threshold_frac_absolute",),
    },
    quorum=_quorum,
    absent_are_worst=True,
    is_within=_is_within,
)
