"""A stand-in for NVIDIA's client: words, output and exit codes. The service is in `OSMO_DOUBLE`.

It writes each call into the file `OSMO_CALLS`, if that is set.
"""

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def opened(path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        os.environ["OSMO_DOUBLE"] + path, data=None if body is None else json.dumps(body).encode()
    )
    try:
        return urllib.request.urlopen(request, timeout=None if "/logs" in path else 30)
    except urllib.error.HTTPError as error:
        found = json.loads(error.read())
        code = 1 if found.get("error_code") in ("USAGE", "RESOURCE", "CREDENTIAL") else 2
        code = 75 if error.code == 429 and code == 2 else 10 if error.code >= 500 else code
        told = {"message": found["message"], "code": error.code}
        if code == 1:
            told = {"message": f"Workflow  submit failed:\n{found['message']}", "code": 1}
        print(json.dumps(told, indent=2))
        sys.exit(code)
    except OSError as error:
        print(json.dumps({"message": f"\nCannot connect to OSMO service: {error}", "code": 1}))
        sys.exit(10)


def call(path: str, body: Any = None) -> bytes:
    with opened(path, body) as answer:
        data: bytes = answer.read()
        return data


def main() -> None:
    if path := os.environ.get("OSMO_CALLS"):
        with Path(path).open("a") as file:
            file.write(" ".join(sys.argv[1:]) + "\n")
    parser = argparse.ArgumentParser(prog="osmo")
    verbs = (
        parser.add_subparsers(required=True)
        .add_parser("workflow")
        .add_subparsers(dest="verb", required=True)
    )
    submit = verbs.add_parser("submit")
    submit.add_argument("file")
    submit.add_argument("--pool", required=True)
    submit.add_argument("--priority", choices=["HIGH", "NORMAL", "LOW"])
    submit.add_argument("-t", default="text")
    query = verbs.add_parser("query")
    query.add_argument("id")
    query.add_argument("-t", default="text")
    listing = verbs.add_parser("list")
    listing.add_argument("--name", default="")
    listing.add_argument("--count", type=int, default=20)
    listing.add_argument("-t", default="text")
    logs = verbs.add_parser("logs")
    logs.add_argument("id")
    logs.add_argument("-n", type=int, default=1000)
    logs.add_argument("-t", help="task")
    cancel = verbs.add_parser("cancel")
    cancel.add_argument("id")
    cancel.add_argument("-f", action="store_true")
    args = parser.parse_args()
    if args.verb == "submit":
        body = {"file": Path(args.file).read_text()}
        print(call(f"/api/pool/{args.pool}/workflow", body).decode())
    elif args.verb == "query":
        print(call(f"/api/workflow/{args.id}").decode())
    elif args.verb == "list":
        words = f"name={args.name}&limit={args.count}&all_pools=True&order=DESC&offset=0"
        found = json.loads(call(f"/api/workflow?{words}"))["workflows"]
        print(json.dumps({"workflows": found[::-1]}, indent=2))
    elif args.verb == "logs":
        print(f"Workflow {args.id} has logs:")
        for line in opened(f"/api/workflow/{args.id}/logs?last_n_lines={args.n}"):
            print(line.decode().rstrip("\n"))  # into a pipe, this is a buffer of 8 KiB
    else:
        try:
            call(f"/api/workflow/{args.id}/cancel", {})
            print(f"Cancel job for workflow {args.id} is submitted!")
        except SystemExit:
            pass
        sys.exit(0)


try:
    main()
except KeyboardInterrupt:
    sys.exit(3)
