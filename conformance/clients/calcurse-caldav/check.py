"""calcurse-caldav on two devices of one person, against the server's own view.

It asks with calendar-query without a component filter below VCALENDAR, and multiget without Depth; it
stores hrefs as the server spells them, and deletes with If-Match (RFC 4791, 9110).
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from plain_dav import PlainDav  # noqa: E402
from report import CheckFailed, Report, require, same  # noqa: E402

#: Seconds that one command may take.
TIMEOUT = 60

CONFIGURATION = """\
[General]
Binary = calcurse
Hostname = {host}:{port}
Path = {path}
AuthMethod = basic
HTTPS = No
DryRun = No
SyncFilter = {filter}
Verbose = Yes

[Auth]
Username = alice
Password = {password}
"""

EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//conformance//calcurse//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260101T000000Z
DTSTART:20261201T090000Z
DTEND:20261201T100000Z
SUMMARY:{summary}
{more}END:VEVENT
END:VCALENDAR
"""

TASK = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//conformance//calcurse//EN
BEGIN:VTODO
UID:{uid}
DTSTAMP:20260101T000000Z
SUMMARY:{summary}
PRIORITY:3
END:VTODO
END:VCALENDAR
"""


class Device:
    """One calcurse data folder bound to one collection of the server."""

    def __init__(self, home, path, kinds, password="alice-secret"):
        self.home = Path(home)
        for name in ("config", "data", "share"):
            (self.home / name).mkdir(parents=True)
        values = {"host": os.environ["CENACLE_HOST"], "port": os.environ["CENACLE_PORT"]}
        text = CONFIGURATION.format(path=path, filter=kinds, password=password, **values)
        (self.home / "caldav.conf").write_text(text)

    def command(self, *words, text=None, may_fail=False):
        """Run a command; its output, or CheckFailed when it fails."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "TZ": "Europe/Paris",
        }
        done = subprocess.run(
            words,
            input=text,
            env=environment,
            timeout=TIMEOUT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode != 0 and not may_fail:
            raise CheckFailed(f"{' '.join(words)}: exit {done.returncode}: {done.stdout[-600:]}")
        return done.stdout

    def calcurse(self, *words, text=None):
        """Run calcurse on this device's data."""
        return self.command(
            "calcurse", "-D", str(self.home / "data"), "-C", str(self.home / "config"), *words, text=text
        )

    def sync(self, *words, may_fail=False):
        """Run calcurse-caldav; its summary."""
        options = ["--config", str(self.home / "caldav.conf"), "--datadir", str(self.home / "data")]
        options += ["--syncdb", str(self.home / "sync.db"), "--lockfile", str(self.home / "lock")]
        return self.command("calcurse-caldav", *options, *words, may_fail=may_fail)

    def shows(self, needle, *words):
        """Whether an item's listing (all kinds, ten years) holds `needle`."""
        return needle in self.calcurse("-G", *words)


class World:
    """The server's view, and devices made at first use."""

    def __init__(self):
        self.work = Path(os.environ["CENACLE_WORK"])
        self.server = PlainDav(os.environ["CENACLE_URL"], "alice", "alice-secret")
        self.events = self.tasks = self.first = self.second = None

    def on_server(self, needle, path=None):
        """Path and body of the one member that holds `needle`."""
        found, body = self.server.find(path or self.events, needle)
        require(found, f"the server has no item with {needle!r}")
        return found, body


def keep_remote(world):
    """The first sync takes what the server has."""
    world.events = next(c.path for c in world.server.calendars() if "VEVENT" in c.components)
    world.tasks = next(c.path for c in world.server.calendars() if "VTODO" in c.components)
    world.server.put(
        world.events + "one.ics", EVENT.format(uid="one", summary="Server one", more=""), match="*"
    )
    name = world.events + "a%20name%20with%20spaces%20%26%20more.ics"
    series = "RRULE:FREQ=WEEKLY;COUNT=3\n"
    world.server.put(name, EVENT.format(uid="two", summary="Server series", more=series), match="*")
    world.first = Device(world.work / "first", world.events, "cal")
    world.second = Device(world.work / "second", world.events, "cal")
    # It keeps hrefs in a file of words separated by spaces: an href with an unescaped one breaks it.
    world.first.sync("--init=keep-remote")
    require(world.first.shows("Server one"), "event did not arrive")
    require(world.first.shows("Server series"), "series did not arrive")


def push_new(world):
    """An appointment made here arrives on the server and on the other device."""
    new = EVENT.format(uid="local-1", summary="Made in calcurse", more="LOCATION:Salle Cézanne\n")
    world.first.calcurse("-i", "-", text=new)
    summary = world.first.sync()
    require("1 items exported" in summary, f"summary: {summary!r}")
    world.on_server("SUMMARY:Made in calcurse")
    world.second.sync("--init=two-way")
    require(world.second.shows("Made in calcurse"), "not on the other device")


def nothing_to_do(world):
    """A sync with nothing changed moves nothing, in either direction."""
    for device in (world.first, world.second):
        device.sync()
        summary = device.sync()
        require("0 items imported, 0 items removed locally" in summary, f"summary: {summary!r}")
        require("0 items exported, 0 items removed from the server" in summary, f"summary: {summary!r}")


def change_down(world):
    """A change on the server replaces the local item."""
    path, body = world.on_server("Server one")
    world.server.put(path, body.replace("Server one", "Server one again"), match=world.server.get(path).etag)
    world.first.sync()
    require(world.first.shows("Server one again"), "change did not arrive")
    same(world.first.calcurse("-G").count("Server one"), 1, "copies of the item")


def delete_down(world):
    """An item deleted on the server goes away here."""
    path, _ = world.on_server("Server series")
    world.server.delete(path)
    world.first.sync()
    require(not world.first.shows("Server series"), "still here")


def delete_up(world):
    """An item deleted here goes away on the server and on the other device."""
    world.first.calcurse("-P", "--filter-pattern", "Made in calcurse")
    require(not world.first.shows("Made in calcurse"), "calcurse did not delete it")
    world.first.sync()
    same(world.server.find(world.events, "Made in calcurse"), (None, None), "on the server")
    world.second.sync()
    require(not world.second.shows("Made in calcurse"), "still on the other device")


def delete_is_conditional(world):
    """Deleted here, changed there: the server's newer text stays, and comes back."""
    world.first.sync()
    world.first.calcurse("-P", "--filter-pattern", "Server one again")
    path, body = world.on_server("Server one again")
    world.server.put(path, body.replace("Server one again", "Server one newer"))
    world.first.sync()
    world.on_server("Server one newer")
    world.first.sync()
    require(world.first.shows("Server one newer"), "the newer text did not come back")


def tasks(world):
    """Tasks go both ways."""
    device = Device(world.work / "tasks", world.tasks, "todo")
    world.server.put(world.tasks + "t1.ics", TASK.format(uid="t1", summary="Task of the server"), match="*")
    device.sync("--init=keep-remote")
    require(device.shows("Task of the server", "--filter-type", "todo"), "task did not arrive")
    device.calcurse("-i", "-", text=TASK.format(uid="t2", summary="Task of calcurse"))
    device.sync()
    _, body = world.on_server("SUMMARY:Task of calcurse", world.tasks)
    require("BEGIN:VTODO" in body, f"not a task: {body!r}")


def keep_local(world):
    """`--init=keep-local` empties the calendar and fills it from here."""
    device = Device(world.work / "third", world.events, "cal")
    for number in range(20):
        text = EVENT.format(uid=f"keep-{number}", summary=f"Kept {number}.", more="")
        device.calcurse("-i", "-", text=text)
    device.sync("--init=keep-local")
    same(len(world.server.members(world.events)), 20, "members on the server")
    world.on_server("Kept 7.")


def wrong_password(world):
    """A wrong password is told as such, and changes nothing."""
    device = Device(world.work / "wrong", world.events, "cal", password="not-the-secret")
    words = device.sync("--init=keep-local", may_fail=True)
    require("401" in words or "nauthorized" in words, f"no 401 told: {words[-300:]!r}")
    same(len(world.server.members(world.events)), 20, "members on the server")


def main():
    """Every check, in the order of a person's first days."""
    report, world = Report(), World()
    report.check("init-keep-remote", keep_remote, world)
    report.check("push-new", push_new, world, needs=("init-keep-remote",))
    report.check("nothing-to-do", nothing_to_do, world, needs=("push-new",))
    report.check("change-down", change_down, world, needs=("init-keep-remote",))
    report.check("delete-down", delete_down, world, needs=("init-keep-remote",))
    report.check("delete-up", delete_up, world, needs=("push-new",))
    report.check("delete-is-conditional", delete_is_conditional, world, needs=("change-down",))
    report.check("tasks", tasks, world, needs=("init-keep-remote",))
    report.check("init-keep-local", keep_local, world, needs=("init-keep-remote",))
    report.check("wrong-password", wrong_password, world, needs=("init-keep-local",))


if __name__ == "__main__":
    main()
