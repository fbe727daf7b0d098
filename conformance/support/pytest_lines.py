"""Runs a foreign pytest suite and prints one result line a test.

It must know nothing of any one suite. A test's line is named after its class, function and
parameters; blanks in parameters become `_`, since names hold none. Tests of two files that would
be named alike carry the file's name before them.
"""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path


def run_suite(folder, arguments, environment, timeout):
    """Run pytest in `folder` (seconds: `timeout`) and print its lines; SystemExit if it broke off."""
    report = Path(folder) / "junit.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={report}",
        *arguments,
    ]
    done = subprocess.run(command, cwd=folder, env=environment, timeout=timeout, stdout=sys.stderr)
    # 0: all passed, 1: some failed; everything else means that tests were not run.
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest ended with {done.returncode}")
    cases = list(ET.parse(report).iter("testcase"))
    counts = Counter(_short_name(case) for case in cases)
    for case in cases:
        name = _short_name(case)
        print(_line(case, _full_name(case) if counts[name] > 1 else name), flush=True)


def _full_name(case):
    return _clean(f"{case.get('classname')}.{case.get('name')}")


def _short_name(case):
    parts = case.get("classname").split(".")
    within = parts[-1] + "." if parts[-1][:1].isupper() else ""
    return _clean(within + case.get("name"))


def _clean(name):
    return "_".join(name.split()).replace(":", "_")


def _line(case, name):
    for kind, outcome in (("failure", "FAIL"), ("error", "FAIL"), ("skipped", "SKIP")):
        found = case.find(kind)
        if found is not None:
            why = found.get("message") or found.get("type") or ""
            return f"{outcome} {name}: {' '.join(why.split())[:300]}"
    return f"PASS {name}"
