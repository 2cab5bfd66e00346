"""The entries of the page on faults that need an engine: the message is what `pbt-run` prints."""

from __future__ import annotations

from pbt_tui.journal import events as ev
from tests.docker.docked import GATE, Docked
from tests.executor.running import job
from tests.walkthroughs import faults_page, provoked


def test_a_container_was_removed_before_its_exit_code_was_read(docked: Docked) -> None:
    executor = docked.start(docked.spec(job("a", GATE)))
    (started,) = docked.wait_for(ev.AttemptStarted)
    executor.kill()
    executor.communicate()
    docked.api.remove_container(started.handle, force=True)
    said = docked.pbt(str(docked.rundir.path))
    assert said.code == 4
    told = faults_page.message("A container was removed before its exit code was read")
    assert faults_page.printed(provoked.line_of(said.out, "✗ lost"), docked) == told
