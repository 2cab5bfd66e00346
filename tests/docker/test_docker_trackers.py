"""In a container, too, an attempt goes on in the W&B run and the MLflow run of the one before."""

from __future__ import annotations

import pytest

from tests.docker.docked import Docked
from tests.executor.running import job

LEAVES = (
    'echo "$WANDB_RUN_ID $WANDB_RESUME ${MLFLOW_RUN_ID:-none}"; echo x >>n; '
    'echo feed01 >"$PBT_ATTEMPT_DIR/mlflow_run_id"; [ $(wc -l <n) -ge 2 ]'
)


@pytest.mark.parametrize("user", ["caller", "12345:12345"])
def test_the_variables_and_the_folder_reach_the_container(docked: Docked, user: str) -> None:
    (docked.path / "n").touch()
    (docked.path / "n").chmod(0o666)
    for folder in (docked.path, docked.path.parent, docked.path.parent.parent):
        folder.chmod(0o755)  # pytest makes them for its own user alone
    said = docked.pbt(
        docked.spec(job("j", LEAVES)), "--resume_trackers", "--retries=3", "--retry_on=exit",
        "--retry_delay=0", "--user", user,
    )  # fmt: skip
    assert said.code == 0, said.all
    printed = [docked.rundir.log("j", k).read_text().split() for k in (1, 2)]
    mine = f"{docked.state().run_id}-1-j"
    assert printed == [[mine, "allow", "none"], [mine, "allow", "feed01"]]
