"""Runs `tests/storage/dav` of vdirsyncer's source archive, with this server beside those it knows.

The suite picks a server by the name in DAV_SERVER from a package `tests.storage.servers`; the file
below is the one that is added. Nothing else of it is changed.
"""

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from pytest_lines import run_suite  # noqa: E402

SERVER = """\
import pytest


class ServerMixin:
    @pytest.fixture
    def get_storage_args(self, slow_create_collection, aio_connector):
        async def inner(collection="test"):
            args = {{
                "url": "{url}/",
                "username": "alice",
                "password": "alice-secret",
                "connector": aio_connector,
            }}
            if collection is not None:
                args = await slow_create_collection(self.storage_class, args, collection)
            return args

        return inner
"""


def main():
    """Copy the suite, add the server, run."""
    (archive,) = Path(os.environ["CENACLE_SDISTS"]).glob("vdirsyncer-*/")
    folder = Path(os.environ["CENACLE_WORK"]) / "vdirsyncer"
    shutil.copytree(archive, folder)
    server = folder / "tests" / "storage" / "servers" / "cenacle"
    server.mkdir()
    (server / "__init__.py").write_text(SERVER.format(url=os.environ["CENACLE_URL"]), encoding="utf-8")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": os.environ["CENACLE_WORK"],
        "LC_ALL": "C.UTF-8",
        "DAV_SERVER": "cenacle",
        "DETERMINISTIC_TESTS": "true",
    }
    run_suite(folder, ["tests/storage/dav", "-o", "addopts="], environment, timeout=600)


if __name__ == "__main__":
    main()
