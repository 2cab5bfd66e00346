#!/usr/bin/env python3
"""A stand-in for NVIDIA's client: the documented commands, on a folder in the place of the service.

Must be started as `ngc` is. `NGC_SERVICE` names the folder: `jobs/<id>.json` are its jobs, `calls`
a line for each call, and `faults` what goes wrong: `<command> <fault>`, a line a call.

    run   timeout          the job is made, and the client hangs
          late             the client fails, and the job is there once `release` is
          held             nothing is done until `release` is there
          made_and_failed  fail  garbage  partial  slow
    list  fail  garbage  partial  hang
"""

import argparse
import contextlib
import fcntl
import json
import os
import sys
import time
from pathlib import Path

SERVICE = Path(os.environ["NGC_SERVICE"])


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("service", choices=["base-command"])
    parser.add_argument("object", choices=["job"])
    commands = parser.add_subparsers(dest="command", required=True)
    lists, runs = commands.add_parser("list"), commands.add_parser("run")
    for each in (lists, runs):
        for word in ("org", "team", "ace", "format_type"):
            each.add_argument(f"--{word}", required=True)
    lists.add_argument("--label", required=True)
    lists.add_argument("--duration", required=True)
    runs.add_argument("--file", type=Path, required=True)
    args = parser.parse_args()
    assert args.format_type == "json"
    with (SERVICE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with (SERVICE / "calls").open("a") as calls:
            calls.write(f"{args.command} {getattr(args, 'label', None) or args.file.name}\n")
        fault = taken(args.command)
    if fault == "slow":
        time.sleep(0.3)
    (listed if args.command == "list" else run)(args, fault)


def taken(command: str) -> str:
    path = SERVICE / "faults"
    lines = path.read_text().splitlines() if path.exists() else []
    if lines and lines[0].split()[0] == command:
        path.write_text("".join(f"{line}\n" for line in lines[1:]))
        return lines[0].split()[1]
    return ""


def listed(args: argparse.Namespace, fault: str) -> None:
    jobs = [json.loads(path.read_text()) for path in sorted((SERVICE / "jobs").glob("*.json"))]
    found = [
        {"id": job["id"], "jobStatus": {"status": "QUEUED"}}
        for job in jobs
        if args.label in job["request"].get("userLabels", ())
        and (job["org"], job["team"], job["ace"]) == (args.org, args.team, args.ace)
    ]
    if fault == "hang":
        time.sleep(600)
    end(fault, json.dumps(found, indent=4))


def run(args: argparse.Namespace, fault: str) -> None:
    if fault == "fail":
        end("fail", "")
    request = json.loads(args.file.read_text())
    if fault == "late":
        if os.fork():
            end("fail", "")
        for fd in range(3, 64):  # what the service does, the client's lock does not know of
            with contextlib.suppress(OSError):
                os.close(fd)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.dup2(1, 2)
    if fault in ("late", "held"):
        until = time.monotonic() + 300  # whoever was to release it may have been killed
        while not (SERVICE / "release").exists() and time.monotonic() < until:
            time.sleep(0.01)
    ident = made(args, request)
    if fault == "timeout":
        time.sleep(600)
    answer = json.dumps({"job": {"id": ident, "jobStatus": {"status": "CREATED"}}}, indent=4)
    end("fail" if fault == "made_and_failed" else fault, answer)


def made(args: argparse.Namespace, request: object) -> int:
    with (SERVICE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = SERVICE / "jobs"
        folder.mkdir(exist_ok=True)
        ident = 1000 + len(list(folder.glob("*.json")))
        job = {"id": ident, "org": args.org, "team": args.team, "ace": args.ace, "request": request}
        aside = folder / "aside"
        aside.write_text(json.dumps(job))
        aside.rename(folder / f"{ident}.json")
    return ident


def end(fault: str, answer: str) -> None:
    if fault == "fail":
        sys.exit("\x1b[91mClient Error: 401 \x07Unauthorized\x1b[0m")
    if fault == "garbage":
        answer = "\x1b[2J<html>502\nBad Gateway</html>"
    if fault == "partial":
        answer = answer[: len(answer) // 2]
    sys.stdout.write(answer + "\n")
    sys.exit(0)


if __name__ == "__main__":
    main()
