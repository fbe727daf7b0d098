"""Requests made from the published description: no 5xx, and no answer but what the description says.

schemathesis makes them in four phases: the examples, values at the edges of each member and parameter, random ones, and chains that
use what earlier answers told. Its own seed and `hooks.py` choose alike in every run; the ids that the server makes do not.

The account's password is one that no operation changes, so that nothing the run does shuts it out, and no operation is left out.
"""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from prepare import prepare  # noqa: E402
from report import Report, require  # noqa: E402

#: Requests of one run on one database at least.
LEAST = 5_000
#: Random requests of all operations together, about: each gets its part, so that a run takes as long when there are more.
RANDOM_REQUESTS = 3_000
#: Share of the operations that must have been answered with success.
REACHED = 0.85
PHASES = ["examples", "coverage", "fuzzing", "stateful"]
#: Never a 5xx; status, media type, headers and body as described; methods that are not described refused with an `Allow` that is right;
#: what was deleted is gone, what was made is there.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
]
#: Seconds of a run at most.
PATIENCE = 900
#: Characters of its account of the failures that go into the details.
MOST_TOLD = 4_000


class Run:
    """One run of schemathesis, with what it wrote."""

    def __init__(self):
        work, artefacts = Path(os.environ["CENACLE_WORK"]), Path(os.environ["CENACLE_ARTEFACTS"])
        description = os.environ["CENACLE_URL"] + "/api/v1/openapi.json"
        with urllib.request.urlopen(description, timeout=30) as answer:
            paths = json.load(answer)["paths"]
        self.operations = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
        # What the run itself begins with.
        self.operations.discard("GET /api/v1/openapi.json")
        counts, report = work / "counts.json", artefacts / "schemathesis.ndjson"
        known = work / "known.json"
        known.write_text(json.dumps(prepare(os.environ["CENACLE_URL"])), encoding="utf-8")
        command = [
            os.environ["CENACLE_VENV"] + "-schemathesis/bin/schemathesis", "run", description, "--auth", "alice:alice-secret",
            "--phases", ",".join(PHASES), "--checks", ",".join(CHECKS), "--seed", "1", "--generation-deterministic", "--max-examples",
            str(max(40, RANDOM_REQUESTS // len(self.operations))), "--no-shrink", "--continue-on-failure", "--suppress-health-check", "all", "--request-timeout", "30",
            "--workers", "1", "--no-color", "--report", "ndjson", "--report-ndjson-path", str(report),
        ]  # fmt: skip
        here = Path(__file__).resolve().parent
        given = {
            "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(here), "PYTHONDONTWRITEBYTECODE": "1",
            "CENACLE_COUNTS": str(counts), "CENACLE_KNOWN": str(known),
        }  # fmt: skip
        done = subprocess.run(
            command, cwd=work, env={**os.environ, **given}, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        self.told = done.stdout + done.stderr
        (artefacts / "schemathesis.txt").write_text(self.told, encoding="utf-8")
        self.status = done.returncode
        self.counts = json.loads(counts.read_text(encoding="utf-8"))

    def requests(self):
        """How many there were."""
        return sum(sum(statuses.values()) for statuses in self.counts.values())

    def phase(self, name):
        """Whether all of a phase was as described."""
        found = re.search(rf"^\s*(\S+) {name.title()}$", self.told.split("Test Phases:")[-1], re.MULTILINE)
        require(found, "the phase is not in the summary")
        require(found[1] == "✅", f"ended with {found[1]}: see schemathesis.txt")

    def nothing_at_fault(self):
        """Its own verdict."""
        if self.status == 0:
            return
        kinds = Counter(re.findall(r"^- (.*)$", self.told, re.MULTILINE))
        told = re.sub(r"[=_]{3,}", "", self.told.partition(" FAILURES ")[2])
        print(told[:MOST_TOLD], file=sys.stderr)
        # A machine that keeps no artefacts is to say what was at fault too.
        require(False, f"exit status {self.status}: {kinds.most_common(6)} {told}")

    def no_server_error(self):
        """As counted here."""
        broken = [
            f"{operation}: {status}" for operation, all_of in self.counts.items() for status in all_of if int(status) >= 500
        ]
        require(not broken, "; ".join(broken))

    def enough(self):
        """So many that it says something."""
        require(self.requests() >= LEAST, f"only {self.requests()} requests")

    def all_asked(self):
        """Nothing was left out."""
        missing = sorted(self.operations - self.counts.keys())
        require(not missing, f"never asked: {missing}")

    def reached(self):
        """Most operations did what they are for, not only refuse."""
        never = sorted(
            operation for operation in self.operations
            if not any(int(status) < 300 for status in self.counts.get(operation, {}))
        )  # fmt: skip
        for operation in never:
            print(f"never answered with success: {operation}: {dict(self.counts.get(operation, {}))}", file=sys.stderr)
        share = 1 - len(never) / len(self.operations)
        require(share >= REACHED, f"only {share:.0%} of the operations; never: {never}")


def main():
    """One run, several questions."""
    report = Report()
    run = report.check("ran", Run)
    if run is None:
        return 1
    report.note(f"{run.requests()} requests to {len(run.counts)} operations")
    statuses = Counter()
    for all_of in run.counts.values():
        statuses.update(all_of)
    report.note(f"by status: {dict(sorted(statuses.items()))}")
    for phase in PHASES:
        report.check(phase, run.phase, phase)
    report.check("no-server-error", run.no_server_error)
    report.check("nothing-at-fault", run.nothing_at_fault)
    report.check("requests-enough", run.enough)
    report.check("operations-all-asked", run.all_asked)
    report.check("operations-reached", run.reached)
    return 0


if __name__ == "__main__":
    sys.exit(main())
