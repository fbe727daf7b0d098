"""Compares a client's lines with its `expected.txt`, prints one line a check, counts.

It must know nothing of any client. `expected.txt` holds `PASS name`, `FAIL name  # reason` or
`SKIP name  # reason`; empty lines and lines that begin with `#` are free. Any difference is a
failure: a check that is missing, one that nobody expects, one that passes though it should fail,
a FAIL or SKIP without its reason, a name that was reported twice, a runner that broke off.
"""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

RESULT = re.compile(r"^(PASS|FAIL|SKIP) ([^\s:]\S*?)(?::(?:\s+(.*))?)?$")
EXPECTATION = re.compile(r"^(PASS|FAIL|SKIP) (\S+)(?:\s+#\s*(.*))?$")


@dataclass
class Line:
    """A check's outcome and what was said beside it."""

    outcome: str
    why: str


def read_expected(path):
    """Name → Line, and the faults of the file itself."""
    expected, faults = {}, []
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip() or raw.startswith("#"):
            continue
        match = EXPECTATION.match(raw.rstrip())
        if not match:
            faults.append((f"expected.txt:{number}", f"not understood: {raw}"))
            continue
        outcome, name, reason = match.groups()
        if name in expected:
            faults.append((name, f"stands twice in expected.txt, line {number}"))
        expected[name] = Line(outcome, reason or "")
    return expected, faults


def read_results(path):
    """Name → Line as the client printed them, and what was wrong with the lines."""
    results, faults = {}, []
    for raw in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = RESULT.match(raw.rstrip())
        if not match:
            faults.append(("output", f"not a result line: {raw[:200]}"))
            continue
        outcome, name, why = match.groups()
        if name in results:
            faults.append((name, "was reported twice"))
        results[name] = Line(outcome, why or "")
    return results, faults


def compare(expected, results):
    """Yield (passed, name, text) for every check of either side."""
    for name, seen in results.items():
        wanted = expected.get(name)
        if wanted is None:
            yield False, name, f"{seen.outcome}, but not in expected.txt {seen.why}".rstrip()
        elif wanted.outcome != seen.outcome:
            yield False, name, f"{seen.outcome} where {wanted.outcome} was expected {seen.why}".rstrip()
        elif seen.outcome == "PASS":
            yield True, name, ""
        elif not wanted.why:
            yield False, name, f"expected to {seen.outcome} without a reason given {seen.why}".rstrip()
        else:
            yield True, name, f"(as expected: {seen.outcome}, {wanted.why})"
    for name in expected.keys() - results.keys():
        yield False, name, "was not reported"


def record(path, expected, results):
    """Write what was seen as the new expectation; reasons already given are kept."""
    head = []
    if path.exists():
        for raw in path.read_text(encoding="utf-8").splitlines():
            if raw and not raw.startswith("#"):
                break
            head.append(raw)
    lines = []
    for name, seen in sorted(results.items()):
        known = expected.get(name)
        reason = known.why if known and known.outcome == seen.outcome else ""
        lines.append(
            f"PASS {name}" if seen.outcome == "PASS" else f"{seen.outcome} {name}  # {reason}".rstrip()
        )
    path.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


def main():
    """Read the command line, print, write the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--label", required=True)
    parser.add_argument("--status", type=int, required=True)
    parser.add_argument("--counts", type=Path, required=True)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("expected", type=Path)
    parser.add_argument("results", type=Path)
    options = parser.parse_args()

    expected, faults = read_expected(options.expected)
    results, more = read_results(options.results)
    if options.record:
        record(options.expected, expected, results)
        expected, faults = read_expected(options.expected)
    faults += more
    if options.status == 124:
        faults.append(("runner", "was ended after its time"))
    elif options.status != 0:
        faults.append(("runner", f"exit status {options.status}"))
    if not results:
        faults.append(("runner", "reported no check"))

    passed = failed = 0
    for good, name, text in compare(expected, results):
        passed, failed = passed + good, failed + (not good)
        print(
            f"PASS {options.label}/{name} {text}".rstrip() if good else f"FAIL {options.label}/{name}: {text}"
        )
    for name, text in faults:
        failed += 1
        print(f"FAIL {options.label}/{name}: {text}")
    options.counts.write_text(f"{passed} {failed}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
