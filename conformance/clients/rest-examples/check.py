"""Each of `examples/rest*` runs to its end, tells what it should, and leaves nothing behind.

It must know nothing of how an example is written: only how it is called, and what a reader would see.
"""

import base64
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "conformance" / "support"))

from report import Report, require, same  # noqa: E402

LOGIN, PASSWORD = "alice", "alice-secret"
URL = os.environ["CENACLE_URL"]
BINARY = Path(os.environ.get("CENACLE_BIN", ROOT / "target" / "release" / "cenacle"))
#: Seconds of one example.
PATIENCE = 120

#: Example → its command, and what it must print, in this order.
EXAMPLES = {
    "curl": (
        ["sh", "rest.sh"],
        ["Asia/Tokyo", r'"kind":"busy"', r'"created":true', "UID:autre-", r'"title":"Comité, salle 3"', r'"status":"COMPLETED"',
         r'"what":"changed".*"what":"created"', r'"title":"Comité"', r'"outcome":"returned"', r'"outcome":"returned"', r'"title":"Comité, salle 3"',
         "keptUntil", r'"samePlace":true', "removed"],
    ),
    "python": (
        ["python3", "rest.py"],
        ["I am alice", "10 lessons", "urn:cenacle:problem:precondition-failed it is as changed", r"2026-03-02T09:00:00 Leçon 2|2026-03-03T09:00:00 Leçon 3",
         "2026-03-08T09:00:00 Leçon 8", "calendar removed"],
    ),
    "javascript": (
        ["node", "rest.mjs"],
        ["not again: urn:cenacle:problem:precondition-failed", r"Zoé Martin \+33 1 23 45 67 89", "FN:Zoé Martin", "logged out"],
    ),
    "rust": (
        [str(BINARY.parent / "examples" / "rest_client")],
        ["list ", 'entity tag "', "STATUS:COMPLETED", "progress completed", "due on that day: 1", "precondition-failed", "removed"],
    ),
}  # fmt: skip
#: What those print that follow changes, at any time.
FOLLOWED = {"python": [r"changed \S+", r"removed \S+"], "javascript": [r"removed zoe\.vcf"]}


def state():
    """How many of everything the account has."""
    proof = base64.b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()

    def items(path):
        request = urllib.request.Request(f"{URL}/api/v1{path}", headers={"Authorization": f"Basic {proof}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["items"]

    counts = {"sessions": len(items("/sessions"))}
    for homes, lists in [("/calendars", ["events", "tasks"]), ("/address-books", ["contacts"])]:
        for one in items(homes):
            counts[f"{homes} {one['name']}"] = [len(items(f"{homes}/{one['id']}/{name}")) for name in lists]
    return counts


def run(name):
    """One example."""
    command, wanted = EXAMPLES[name]
    before = state()
    program = [*command[:-1], str(ROOT / "examples" / command[-1])]
    require(Path(program[-1]).exists(), f"{program[-1]} is not there: cargo build --release --bins --examples")
    done = subprocess.run(
        [*program, URL, LOGIN, PASSWORD], capture_output=True, text=True, timeout=PATIENCE, check=False
    )  # fmt: skip
    print(f"--- {name}\n{done.stdout}\n{done.stderr}", file=sys.stderr)
    same(done.returncode, 0, f"exit status; {done.stderr[-200:]}")
    at = 0
    for text in wanted:
        found = re.compile(text).search(done.stdout, at)
        require(found, f"{text!r} is not printed, or not in its place")
        at = found.end()
    for text in FOLLOWED.get(name, []):
        require(re.search(text, done.stdout), f"{text!r} is not printed")
    same(state(), before, "what the account has after it")


def main():
    """All of them."""
    report = Report()
    for name in EXAMPLES:
        report.check(name, run, name)


if __name__ == "__main__":
    main()
