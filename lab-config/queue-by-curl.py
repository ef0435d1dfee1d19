#!/usr/bin/env python3
"""An example of a program for `queue: {command: …}`: it takes each operation to a REST interface with curl.

    queue: {command: [python3, queue-by-curl.py, "http://127.0.0.1:8080/v1", rest-token]}

For the eIM of another maker, ROUTES and what is done with the answer are what changes. An operation that it does not have
is refused: the cases that need it are then not run, and say why.
"""

import json
import subprocess
import sys
from pathlib import Path

ROUTES = {
    "eim": ("GET", "/eim", None),
    "associate": ("PUT", "/devices/{eid}", "association"),
    "forget": ("DELETE", "/devices/{eid}", None),
    "device": ("GET", "/devices/{eid}", None),
    "queue": ("POST", "/devices/{eid}/operations", "order"),
    "waiting": ("GET", "/devices/{eid}/operations", None),
    "operation": ("GET", "/operations/{number}", None),
    "cancel": ("DELETE", "/operations/{number}", None),
    "events": ("GET", "/events?limit=1000&eid={eid}", None),
}


def main(url: str, token_file: str) -> None:
    document = json.load(sys.stdin)
    route = ROUTES.get(document["operation"])
    if route is None:
        print(json.dumps({"refused": "this eIM has no such operation"}))
        return
    method, path, body = route
    command = [
        "curl",
        "--silent",
        "--show-error",
        "--max-time",
        "15",
        "--request",
        method,
        "--write-out",
        "\n%{http_code}",
    ]
    command += [
        "--header",
        "@-",
        url + path.format(**document),
    ]  # the token goes in by standard input: ps shows no secret
    if body is not None:
        command += ["--header", "Content-Type: application/json", "--data", json.dumps(document[body])]
    token = Path(token_file).read_text().strip()
    done = subprocess.run(command, input=f"Authorization: Bearer {token}\n", stdout=subprocess.PIPE, text=True)
    answer, _, status = done.stdout.rpartition("\n")
    if status in ("404", "422"):
        print(json.dumps({"refused": json.loads(answer)["detail"]}))
    elif status.startswith("2"):
        print(answer or "{}")
    else:
        sys.exit(f"HTTP status {status}: {answer}")


main(*sys.argv[1:])
