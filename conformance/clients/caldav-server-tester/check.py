"""Runs caldav-server-tester and turns each server feature that it measured into one line.

A feature passes when the program found full support. What it only observes of a server, without
calling it better or worse (types other than server-feature), is told on standard error.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

from caldav.compatibility_hints import FeatureSet

#: Who is measured; with an "@", for what URLs make of it is measured too. `logins.txt` has it made.
LOGIN = (Path(__file__).parent / "logins.txt").read_text(encoding="utf-8").strip()
#: Seconds that the program may take.
TIMEOUT = 600

CONFIGURATION = """\
second:
  caldav_url: {url}
  caldav_username: bob
  caldav_password: bob-secret
third:
  caldav_url: {url}
  caldav_username: carol
  caldav_password: carol-secret
"""


def run_tester():
    """Its findings: feature → {"support": …, "behaviour": …}."""
    work = Path(os.environ["CENACLE_WORK"])
    # The program leaves out what it calls not applicable to "localhost" and "127.0.0.1"; this
    # spelling of the same address is neither.
    url = f"http://127.1:{os.environ['CENACLE_PORT']}/"
    configuration = work / "caldav.yaml"
    configuration.write_text(CONFIGURATION.format(url=url), encoding="utf-8")
    done = subprocess.run(
        [
            Path(os.environ["CENACLE_VENV"]) / "bin" / "caldav-server-tester",
            *("--caldav-url", url, "--caldav-user", LOGIN, "--caldav-pass", f"{LOGIN}-secret"),
            *("--config-section", "second", "--config-section", "third"),
            *("--format", "hints"),
        ],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(work),
            "LC_ALL": "C.UTF-8",
            "CALDAV_CONFIG_FILE": str(configuration),
        },
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    return ast.literal_eval(done.stdout[done.stdout.index("{") :])


def main():
    """Print a line for each feature."""
    for feature, found in sorted(run_tester().items()):
        support = found.get("support", "unknown")
        told = "; ".join(f"{key}={value}" for key, value in found.items() if key != "support")
        if FeatureSet.find_feature(feature).get("type", "server-feature") != "server-feature":
            print(f"{feature}: {found}", file=sys.stderr)
        elif support == "full":
            print(f"PASS {feature}")
        else:
            print(f"FAIL {feature}: {' '.join(f'{support}; {told}'.split())}")


if __name__ == "__main__":
    main()
