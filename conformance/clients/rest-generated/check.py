"""A client that is generated from the published description, and lists events with it.

The generator's own warnings are printed; an operation that it leaves out is a failure. It must know no address of the API: functions are
called by the names that the description gives to operations.
"""

import datetime
import importlib
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from plain_rest import PlainRest  # noqa: E402
from report import Report, require, same  # noqa: E402

URL, LOGIN, PASSWORD = os.environ["CENACLE_URL"], "alice", "alice-secret"
WORK = Path(os.environ["CENACLE_WORK"])
PACKAGE = "generated_cenacle"
#: The generator knows no other bodies: what takes none of these it leaves out, and says so.
KNOWN_BODIES = ("application/json", "+json", "application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream")
UTC = datetime.timezone.utc


def generate():
    """Make the client of the description that is served; the names of its operations that a generator can know."""
    with urllib.request.urlopen(f"{URL}/api/v1/openapi.json", timeout=30) as answer:
        description = answer.read()
    (WORK / "openapi.json").write_bytes(description)
    programs = Path(os.environ["CENACLE_VENV"]) / "bin"
    command = [
        str(programs / "openapi-python-client"), "generate", "--path", "openapi.json", "--output-path", PACKAGE, "--meta", "none",
    ]  # fmt: skip
    # Where it finds what it tidies its code with.
    given = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=WORK, env=given, capture_output=True, text=True, timeout=120, check=False)
    print(done.stdout, done.stderr, file=sys.stderr)
    same(done.returncode, 0, "exit status of the generator")
    sys.path.insert(0, str(WORK))
    paths = json.loads(description)["paths"].values()
    return {operation["operationId"] for item in paths for operation in item.values() if is_known(operation)}


def is_known(operation):
    """Whether there is no body, or one of a type that the generator knows."""
    bodies = operation.get("requestBody", {}).get("content")
    return not bodies or any(media.endswith(KNOWN_BODIES) for media in bodies)


def function(name):
    """The module of an operation, wherever it was put."""
    found = list((WORK / PACKAGE / "api").glob(f"*/{name}.py"))
    require(len(found) == 1, f"{name}: {len(found)} functions")
    return importlib.import_module(f"{PACKAGE}.api.{found[0].parent.name}.{name}")


def complete(operations):
    """Each operation has become a function."""
    missing = {name for name in operations if not list((WORK / PACKAGE / "api").glob(f"*/{name}.py"))}
    same(missing, set(), "operations that were left out")


class Session:
    """The generated client with a token, and a calendar of seven events that were made by hand."""

    def __init__(self):
        plain = PlainRest(URL, LOGIN, PASSWORD)
        self.calendar = plain.ask("POST", "/calendars", {"name": "Généré"})["id"]
        for day in range(1, 8):
            event = {"@type": "Event", "title": f"Jour {day}", "start": f"2026-03-0{day}T09:00:00", "timeZone": "Europe/Paris"}
            plain.ask("POST", f"/calendars/{self.calendar}/events", event)
        tokens = plain.ask("POST", "/auth/token", {"grant_type": "password", "username": LOGIN, "password": PASSWORD})
        client = importlib.import_module(f"{PACKAGE}.client")
        self.client = client.AuthenticatedClient(base_url=URL, token=tokens["access_token"])


def says_who(session):
    """`me`."""
    me = function("get_me").sync(client=session.client)
    same((me.handle, me.time_zone), (LOGIN, "Europe/Paris"), "the caller")


def lists_events(session):
    """All events, page by page."""
    listing, found, cursor = function("get_calendars_id_events"), [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = listing.sync(session.calendar, client=session.client, limit=3, **more)
        found += page.items
        cursor = page.next_
        if not cursor:
            break
    same(len(found), 7, "events")
    same({one.component for one in found}, {"VEVENT"}, "components")


def lists_instances(session):
    """Two days of them, typed."""
    day = datetime.datetime(2026, 3, 3, tzinfo=UTC)
    page = function("get_calendars_id_events").sync(
        session.calendar, client=session.client, expand=True, from_=day, to=day + datetime.timedelta(days=2)
    )
    told = [one.to_dict() for one in page.items]
    same([(one["title"], one["start"]) for one in told], [("Jour 3", "2026-03-03T09:00:00"), ("Jour 4", "2026-03-04T09:00:00")], "instances")


def reads_problems(session):
    """A refusal is a typed problem."""
    answer = function("get_calendars_id_events").sync_detailed("0000000000001", client=session.client)
    same(int(answer.status_code), 404, "status")
    require(b"urn:cenacle:problem:not-found" in answer.content, f"{answer.content!r}")


def main():
    """Generate, then use it."""
    report = Report()
    operations = report.check("generates", generate)
    report.check("every-operation", complete, operations, needs=["generates"])
    session = report.check("logs-in", Session, needs=["generates"])
    for name, check in [
        ("says-who", says_who), ("lists-events", lists_events), ("lists-instances", lists_instances), ("reads-problems", reads_problems),
    ]:  # fmt: skip
        report.check(name, check, session, needs=["logs-in"])


if __name__ == "__main__":
    main()
