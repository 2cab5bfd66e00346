"""What the exit codes and the words of NVIDIA's client mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.osmo.client import OsmoClient
from pbt_tui.runtimes.osmo.workflow_service import NotLoggedIn, ServiceBusy, WorkflowGone

SAYS = "#!/bin/sh\ncat <<'EOT'\n{}\nEOT\nexit {}\n"


def asked(folder: Path, message: str, code: int, status: int = 1) -> Exception:
    program = folder / "osmo"
    program.write_text(SAYS.format(json.dumps({"message": message, "code": status}), code))
    program.chmod(0o755)
    client = OsmoClient("a100", None, {"PATH": f"{folder}:/usr/bin:/bin"})
    (folder / "w.yaml").write_text("workflow: {}\n")
    with pytest.raises(Exception) as caught:  # noqa: PT011
        client.submit(folder / "w.yaml", "ant-1", folder / "w.lock")
    return caught.value


@pytest.mark.parametrize(
    ("message", "code", "kind", "told"),
    [
        ("Workflow  submit failed:\nno such platform", 1, EngineError, "no such platform"),
        ("Workflow ant-1-4 submit failed:\nno", 1, EngineError, "no"),
        ("Workflow  submit failed:\nregistry: 401 Unauthorized", 1, EngineError, "401"),
        ("Workflow  submit failed:\nResource x not found", 1, EngineError, "not found"),
        ('Must login first with "login" command', 2, NotLoggedIn, "login"),
        ("No token refresh url provided, please login again", 2, NotLoggedIn, "login again"),
        ("Token is expired, but no refresh token is present", 2, NotLoggedIn, "expired"),
        ("Unable to refresh login token (status code 400): x", 10, NotLoggedIn, "refresh"),
        ("Unable to refresh login token (status code 503): x", 10, EngineUnavailable, "503"),
        ("Status Code: 503\nBody: re-login with osmo login", 10, EngineUnavailable, "503"),
        ("local_rate_limited", 75, ServiceBusy, "rate"),
        ("Workflow ant-1-1 is not found.", 2, WorkflowGone, "not found"),
        ("Pool a100 does not exist", 2, WorkflowGone, "a100"),
        ("Traceback", 3, EngineUnavailable, "Traceback"),
    ],
)
def test_refusals(
    tmp_path: Path, message: str, code: int, kind: type[Exception], told: str
) -> None:
    found = asked(tmp_path, message, code)
    assert type(found) is kind
    assert told in str(found)
    assert "\n" not in str(found)
