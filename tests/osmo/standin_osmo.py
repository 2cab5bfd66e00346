"""A stand-in for NVIDIA's client: words, output and exit codes. The service is in `OSMO_DOUBLE`.

It writes each call into the file `OSMO_CALLS`, if that is set.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def call(path: str, body: Any = None) -> bytes:
    request = urllib.request.Request(
        os.environ["OSMO_DOUBLE"] + path, data=None if body is None else json.dumps(body).encode()
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            data: bytes = answer.read()
            return data
    except urllib.error.HTTPError as error:
        found = json.loads(error.read())
        code = 75 if error.code == 429 else 10 if error.code >= 500 else 1
        print(json.dumps({"message": found["message"], "code": found.get("error_code", "HTTP")}))
        sys.exit(code)
    except OSError as error:
        print(json.dumps({"message": f"connection: {error}", "code": "CONNECTION"}))
        sys.exit(10)


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
        print(call(f"/api/workflow?name={args.name}&limit={args.count}").decode())
    elif args.verb == "logs":
        print(call(f"/api/workflow/{args.id}/logs?last_n_lines={args.n}").decode(), end="")
        sys.stdout.flush()
        while json.loads(call(f"/api/workflow/{args.id}"))["status"] in ("PENDING", "RUNNING"):
            time.sleep(0.5)  # a live stream ends with its workflow
    else:
        try:
            call(f"/api/workflow/{args.id}/cancel", {})
            print(f"Cancel job for workflow {args.id} is submitted!")
        except SystemExit:
            pass
        sys.exit(0)


main()
