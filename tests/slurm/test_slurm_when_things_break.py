"""The entries of the page on faults that need a cluster: the message is what `pbt-run` prints."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.executor.running import job
from tests.slurm.queued import Queued
from tests.walkthroughs import faults_page


def test_the_controller_of_slurm_is_away(queued: Queued) -> None:
    """The cluster's own configuration, with a port on which nobody listens."""
    text = Path(os.environ["SLURM_CONF"]).read_text()
    text = re.sub(r"(?m)^SlurmctldPort=.*$", "SlurmctldPort=1", text)
    queued.environ["SLURM_CONF"] = str(queued.write("slurm.conf", f"{text}\nMessageTimeout=2\n"))
    said = queued.small(queued.spec(job("a")))
    assert said.code == 5
    assert not queued.rundir.path.exists(), "nothing is half begun"
    told = faults_page.message("The SLURM controller is down")
    assert faults_page.printed(said.err, queued) == told
