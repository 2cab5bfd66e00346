"""Removes traces of the machine and of the date from a run directory.

Only `make_runs.py` uses it. All times move by the same amount, so durations stay.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
from pathlib import Path

from tests.shelf.stored import HOST

BEGIN = 1_760_000_000.0
"""The start time of all stored runs."""
_TIMES = re.compile(rb'"(at|ended_at|polled_at|next_at|starts_at)":(1[0-9]{9}(?:\.[0-9]+)?)')
_LINES = re.compile(rb"^(start \d+ \S+|exit \d+|requeue \d+) (1[0-9]{9})$", re.MULTILINE)
_HANDLE = re.compile(rb"\b(\d+\.\d{4,})(?= [0-9a-f]{8}-)")
_REQUEST = re.compile(rb"\b1\d{18}-\d+\b")
_CONTAINER = re.compile(rb'"handle":"([0-9a-f]{64})"')
NO_BOOT = b"00000000-0000-0000-0000-000000000000"
NO_REQUEST = re.compile(rb"\b1\d{18}-\d+\b")


def scrub(made: Path, target: Path) -> None:
    """Copies `made` to `target`, whose name is that of the run, in its final form."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(made, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    journal = next(target.glob("train_dir/*/_pbt*/journal.jsonl"))
    lines = journal.read_bytes().splitlines()
    first = json.loads(lines[0])["at"]
    move = first - BEGIN
    words = _words(journal.parent, lines)
    times = {}
    for path in sorted(p for p in target.rglob("*") if p.is_file()):
        relative = path.relative_to(target)
        if relative.parts[0] in ("train_dir", "logs"):
            times[str(relative)] = round(path.stat().st_mtime - move, 3)
        data = path.read_bytes()
        if any(part.startswith("_pbt") for part in relative.parts):
            data = _TIMES.sub(lambda m: b'"%b":%b' % (m[1], _moved(m[2], move)), data)
            data = _LINES.sub(lambda m: b"%b %d" % (m[1], float(m[2]) - move), data)
        data = _REQUEST.sub(b"1760000001000000000-4000", data)
        for old, new in words.items():
            data = data.replace(old, new)
        data = data.replace(str(made).encode(), f"/shelf/{target.name}".encode())
        data = data.replace(str(made.parent).encode(), b"/shelf")
        data = data.replace(socket.gethostname().encode(), HOST.encode())
        path.write_bytes(data if path != journal else unsealed(data))
    (target / "times.json").write_text(json.dumps(times, indent=0) + "\n")


def unsealed(journal: bytes) -> bytes:
    """A journal without its checksums: they would not fit once its words are replaced."""
    return re.sub(rb',"crc":"[0-9a-f]{8}"\}$', b"}", journal, flags=re.MULTILINE)


def _moved(text: bytes, move: float) -> bytes:
    return repr(round(float(text) - move, 3)).encode()


def _words(run: Path, lines: list[bytes]) -> dict[bytes, bytes]:
    """Replacements for names of this machine: processes, containers, boots, engines."""
    words: dict[bytes, bytes] = {}
    events = [json.loads(line) for line in lines if line.endswith(b"}")]
    claims = b"\n".join(path.read_bytes() for path in (run / "attempts").iterdir())
    handles = [e["handle"].encode() for e in events if "." in (e.get("handle") or "")]
    handles += _HANDLE.findall(claims)
    for number, handle in enumerate(dict.fromkeys(handles)):
        words[handle] = b"%d.%d" % (4001 + number, 100001 + number)
    for number, found in enumerate(dict.fromkeys(_CONTAINER.findall(b"\n".join(lines)))):
        words[found] = (b"%02x" % (number + 1)) * 32
    for event in events:
        if event["event"] == "executor_started":
            words[b'"pid":%d' % event["pid"]] = b'"pid":4000'
            words[event["boot_id"].encode()] = NO_BOOT
            if event.get("engine_id") and event["runtime"] == "docker":
                words[event["engine_id"].encode()] = b"shelf-engine"
    return words
