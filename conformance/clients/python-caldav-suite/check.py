"""Runs the tests of the caldav library's source archive that need a server, against this one.

The suite takes servers from `tests/caldav_test_servers.yaml`; the file below names this one. Its unit
tests and its tests against embedded and docker servers are left out: they say nothing of this server.
"""

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from pytest_lines import run_suite  # noqa: E402

# A mail address is a login too, and one of the tests needs it to be one.
SERVERS = """\
test-servers:
  cenacle:
    type: external
    enabled: true
    url: {url}/
    username: alice@example.org
    password: alice-secret
    features:
{features}
"""


def main():
    """Copy the suite, name the server, run."""
    (archive,) = Path(os.environ["CENACLE_SDISTS"]).glob("caldav-*/")
    folder = Path(os.environ["CENACLE_WORK"]) / "caldav"
    shutil.copytree(archive, folder)
    features = (Path(__file__).parent / "features.yaml").read_text(encoding="utf-8")
    indented = "".join(f"      {line}\n" for line in features.splitlines())
    servers = folder / "tests" / "caldav_test_servers.yaml"
    servers.write_text(SERVERS.format(url=os.environ["CENACLE_URL"], features=indented), encoding="utf-8")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": os.environ["CENACLE_WORK"],
        "TMPDIR": os.environ["CENACLE_WORK"],
        "LC_ALL": "C.UTF-8",
        "PYTHON_CALDAV_TEST_EMBEDDED": "0",
        "PYTHON_CALDAV_TEST_DOCKER": "0",
    }
    files = ["tests/test_caldav.py", "tests/test_async_integration.py"]
    # One test calls a function of the library that warns of itself; the suite makes warnings errors.
    options = ["-W", "ignore:principals:DeprecationWarning", "-k", "cenacle", "--timeout=120", "-o", "asyncio_default_fixture_loop_scope=function"]
    run_suite(folder, [*files, *options], environment, timeout=900)


if __name__ == "__main__":
    main()
