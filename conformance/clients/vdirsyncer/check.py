"""vdirsyncer, khal, todoman and khard on two devices of one person, against the server's own view.

RFC 4791, 6352, 5689 (vdirsyncer makes collections by extended MKCOL), 4918 (PROPPATCH, If-Match).
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from device import Device  # noqa: E402
from plain_dav import PlainDav  # noqa: E402
from report import Report, require, same  # noqa: E402

EVENT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//conformance//vdirsyncer//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260101T000000Z
DTSTART:20261201T090000Z
DTEND:20261201T100000Z
SUMMARY:{summary}
END:VEVENT
END:VCALENDAR
"""

TASK = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//conformance//vdirsyncer//EN
BEGIN:VTODO
UID:{uid}
DTSTAMP:20260101T000000Z
SUMMARY:{summary}
DUE:20270115T120000Z
END:VTODO
END:VCALENDAR
"""

CARD = """\
BEGIN:VCARD
VERSION:3.0
UID:{uid}
FN:{name}
N:{family};{given};;;
EMAIL;TYPE=INTERNET:{mail}
END:VCARD
"""


class World:
    """The server's view and two devices of alice."""

    def __init__(self):
        url, work = os.environ["CENACLE_URL"], Path(os.environ["CENACLE_WORK"])
        self.server = PlainDav(url, "alice", "alice-secret")
        self.laptop = Device(work / "laptop", url, "alice", "alice-secret")
        self.phone = Device(work / "phone", url, "alice", "alice-secret")
        self.bob = Device(work / "bob", url, "bob", "bob-secret")

    def calendar(self, component):
        """Path of the first calendar that takes a component."""
        return next(c.path for c in self.server.calendars() if component in c.components)

    def name_of(self, component):
        """The name under which vdirsyncer knows that calendar: the last part of its path."""
        return self.calendar(component).rstrip("/").rsplit("/", 1)[-1]

    def book(self):
        """Path of the first address book."""
        return self.server.address_books()[0].path

    def book_name(self):
        """The name under which vdirsyncer knows it."""
        return self.book().rstrip("/").rsplit("/", 1)[-1]

    def path_named(self, name):
        """Path of the calendar whose last part is `name`."""
        return next(
            (c.path for c in self.server.calendars() if c.path.rstrip("/").endswith("/" + name)), None
        )

    def on_server(self, path, needle):
        """Body of the one member that holds `needle`."""
        found, body = self.server.find(path, needle)
        if not found:
            seen = [self.server.get(member).body for member in self.server.members(path)]
            print(f"no {needle!r} in {path}: {seen}", file=sys.stderr)
        require(found, f"the server has no item with {needle!r}")
        return found, body


def discover(world):
    """Every collection of the server becomes a folder, with nothing but the server's root given."""
    words = world.laptop.discover()
    wanted = {c.path.rstrip("/").rsplit("/", 1)[-1] for c in world.server.calendars()}
    require(wanted, "the server shows no calendar")
    require(wanted <= world.laptop.collections("calendars"), f"calendars {wanted} not found: {words[-400:]}")
    books = {b.path.rstrip("/").rsplit("/", 1)[-1] for b in world.server.address_books()}
    require(books, "the server shows no address book")
    require(books <= world.laptop.collections("contacts"), f"books {books} not found: {words[-400:]}")


def first_sync_down(world):
    """What is on the server at the first sync arrives."""
    events, tasks, book = world.calendar("VEVENT"), world.calendar("VTODO"), world.book()
    world.server.put(events + "down-1.ics", EVENT.format(uid="down-1", summary="Down one"), match="*")
    world.server.put(tasks + "down-2.ics", TASK.format(uid="down-2", summary="Down two"), match="*")
    card = CARD.format(uid="down-3", name="Dora Down", family="Down", given="Dora", mail="dora@example.net")
    world.server.put(book + "down-3.vcf", card, "text/vcard; charset=utf-8", match="*")
    world.laptop.sync()
    require(world.laptop.items("calendars", world.name_of("VEVENT"), "Down one"), "event did not arrive")
    require(world.laptop.items("calendars", world.name_of("VTODO"), "Down two"), "task did not arrive")
    require(world.laptop.items("contacts", world.book_name(), "Dora Down"), "contact did not arrive")


def programs_show(world):
    """khal, todoman and khard show what came from the server."""
    shown = world.laptop.khal("list", "2026-12-01", "2d")
    require("10:00-11:00 Down one" in shown, f"khal: {shown!r}")
    shown = world.laptop.todoman("list")
    require("Down two" in shown, f"todoman: {shown!r}")
    shown = world.laptop.khard("list")
    require("Dora Down" in shown and "dora@example.net" in shown, f"khard: {shown!r}")


def khal_new(world):
    """An event made by khal reaches the server and the other device."""
    name = world.name_of("VEVENT")
    world.laptop.khal(
        "new", "-a", name, "2026-12-02", "14:00", "15:30", "Khal réunion", "::", "Ordre du jour"
    )
    world.laptop.sync()
    _, body = world.on_server(world.calendar("VEVENT"), "Khal réunion")
    require(
        "Europe/Paris" in body and ":20261202T140000" in body, f"the start is not 14:00 in Paris: {body!r}"
    )
    world.phone.discover()
    world.phone.sync()
    shown = world.phone.khal("list", "2026-12-02", "1d")
    require("14:00-15:30 Khal réunion" in shown, f"khal on the other device: {shown!r}")


def khal_new_series(world):
    """A weekly series made by khal is the same on the other device."""
    name = world.name_of("VEVENT")
    world.laptop.khal(
        "new", "-a", name, "-r", "weekly", "-u", "2027-01-30", "2027-01-04", "08:00", "08:30", "Point"
    )
    world.laptop.sync()
    world.phone.sync()
    shown = world.phone.khal("list", "2027-01-01", "40d")
    same(shown.count("08:00-08:30 Point"), 4, "instances of the series")


def todoman_new(world):
    """A task made by todoman reaches the server; done on the other device, it is done here."""
    world.laptop.todoman("new", "-l", world.name_of("VTODO"), "-d", "2027-02-01", "Acheter du pain")
    world.laptop.sync()
    world.on_server(world.calendar("VTODO"), "SUMMARY:Acheter du pain")
    world.phone.sync()
    line = next(line for line in world.phone.todoman("list").splitlines() if "Acheter du pain" in line)
    number = line.split("]", 1)[1].split()[0]
    world.phone.todoman("done", number)
    world.phone.sync()
    _, body = world.on_server(world.calendar("VTODO"), "SUMMARY:Acheter du pain")
    require("STATUS:COMPLETED" in body, "not completed on the server")
    world.laptop.sync()
    require("Acheter du pain" not in world.laptop.todoman("list"), "still open on the first device")


def khard_new(world):
    """A contact made by khard reaches the server and the other device."""
    template = "First name: Renée\nLast name: Müller\nEmail:\n    home: renee@example.net\nPhone:\n    cell: '+33 6 12 34 56 78'\n"
    source = world.laptop.home / "contact.yaml"
    source.write_text(template, encoding="utf-8")
    world.laptop.khard("new", "-a", world.book_name(), "-i", str(source))
    world.laptop.sync()
    world.on_server(world.book(), "Renée Müller")
    world.phone.sync()
    shown = world.phone.khard("list")
    require("Renée Müller" in shown, f"khard on the other device: {shown!r}")


def nothing_to_do(world):
    """A sync with nothing changed moves nothing."""
    world.laptop.sync()
    words = world.laptop.sync()
    require("opying" not in words and "eleting" not in words, f"something moved: {words[-400:]}")


def change_down(world):
    """A change on the server arrives."""
    path, body = world.on_server(world.calendar("VEVENT"), "Down one")
    answer = world.server.get(path)
    world.server.put(path, body.replace("Down one", "Down one changed"), match=answer.etag)
    world.laptop.sync()
    shown = world.laptop.khal("list", "2026-12-01", "1d")
    require("Down one changed" in shown, f"khal: {shown!r}")


def change_up(world):
    """A change in the folder reaches the server, as a change of the same item."""
    before = len(world.server.members(world.calendar("VEVENT")))
    file = world.laptop.items("calendars", world.name_of("VEVENT"), "Khal réunion")[0]
    file.write_text(file.read_text(encoding="utf-8").replace("Khal réunion", "Khal comité"), encoding="utf-8")
    world.laptop.sync()
    world.on_server(world.calendar("VEVENT"), "Khal comité")
    same(len(world.server.members(world.calendar("VEVENT"))), before, "members")


def delete_down(world):
    """An item deleted on the server goes away here."""
    path, _ = world.on_server(world.calendar("VTODO"), "Down two")
    world.server.delete(path)
    world.laptop.sync()
    same(world.laptop.items("calendars", world.name_of("VTODO"), "Down two"), [], "local items")


def delete_up(world):
    """An item deleted here goes away on the server."""
    file = world.laptop.items("contacts", world.book_name(), "Dora Down")[0]
    file.unlink()
    world.laptop.sync()
    same(world.server.find(world.book(), "Dora Down"), (None, None), "on the server")


def conflict_reported(world):
    """Both sides changed: without a rule vdirsyncer reports it and neither side is lost."""
    path, body = world.on_server(world.calendar("VEVENT"), "Down one")
    world.server.put(path, body.replace("Down one", "Server says"))
    file = world.laptop.items("calendars", world.name_of("VEVENT"), "Down one")[0]
    file.write_text(file.read_text(encoding="utf-8").replace("Down one", "Laptop says"), encoding="utf-8")
    words = world.laptop.sync(may_fail=True)
    require("conflict" in words.lower(), f"no conflict reported: {words[-400:]}")
    world.on_server(world.calendar("VEVENT"), "Server says")
    require(
        world.laptop.items("calendars", world.name_of("VEVENT"), "Laptop says"), "the local side was lost"
    )


def conflict_here_wins(world):
    """With "a wins" the local text replaces the server's."""
    world.laptop.on_conflict("a wins")
    world.laptop.sync()
    world.on_server(world.calendar("VEVENT"), "Laptop says")
    same(world.server.find(world.calendar("VEVENT"), "Server says"), (None, None), "the other text")


def conflict_there_wins(world):
    """With "b wins" the server's text replaces the local one."""
    world.laptop.on_conflict("b wins")
    path, body = world.on_server(world.calendar("VEVENT"), "Laptop says")
    world.server.put(path, body.replace("Laptop says", "Server insists"))
    file = world.laptop.items("calendars", world.name_of("VEVENT"), "Laptop says")[0]
    file.write_text(
        file.read_text(encoding="utf-8").replace("Laptop says", "Laptop insists"), encoding="utf-8"
    )
    world.laptop.sync()
    require(world.laptop.items("calendars", world.name_of("VEVENT"), "Server insists"), "not here")
    world.on_server(world.calendar("VEVENT"), "Server insists")


def create_calendar(world):
    """A folder made here becomes a calendar on the server."""
    folder = world.laptop.folder("calendars", "voyages")
    folder.mkdir()
    text = EVENT.format(uid="voyage-1", summary="Départ")
    (folder / "voyage-1.ics").write_text(text, encoding="utf-8")
    world.laptop.discover()
    world.laptop.sync()
    path = world.path_named("voyages")
    require(path, "the server has no calendar of that name")
    world.on_server(path, "SUMMARY:Départ")


def create_book(world):
    """A folder made here becomes an address book on the server."""
    folder = world.laptop.folder("contacts", "clients")
    folder.mkdir()
    card = CARD.format(
        uid="client-1", name="Carl Client", family="Client", given="Carl", mail="carl@example.net"
    )
    (folder / "client-1.vcf").write_text(card, encoding="utf-8")
    world.laptop.discover()
    world.laptop.sync()
    path = next(
        (b.path for b in world.server.address_books() if b.path.rstrip("/").endswith("/clients")), None
    )
    require(path, "the server has no address book of that name")
    world.on_server(path, "FN:Carl Client")


def metasync_up(world):
    """Name and colour set here arrive on the server, whatever name it gave the new calendar."""
    world.laptop.on_conflict("a wins")
    folder = world.laptop.folder("calendars", "voyages")
    (folder / "color").write_text("#AA0011")
    (folder / "displayname").write_text("Voyages & séjours")
    world.laptop.vdirsyncer("metasync")
    calendar = next(c for c in world.server.calendars() if c.path == world.path_named("voyages"))
    same(calendar.text("D:displayname"), "Voyages & séjours", "displayname")
    colour = (calendar.text("A:calendar-color") or "").upper()
    require(colour in ("#AA0011", "#AA0011FF"), f"calendar-color: {colour!r}")


def metasync_down(world):
    """Name and colour set by the first device arrive on the second."""
    world.phone.discover()
    world.phone.vdirsyncer("metasync")
    folder = world.phone.folder("calendars", "voyages")
    same((folder / "displayname").read_text(), "Voyages & séjours", "displayname")
    require((folder / "color").read_text().upper().startswith("#AA0011"), "color")


def many_items(world):
    """Three hundred events made elsewhere arrive complete, and again none moves twice."""
    path = world.path_named("voyages")
    for number in range(300):
        text = EVENT.format(uid=f"many-{number}", summary=f"Many {number}")
        world.server.put(f"{path}many-{number}.ics", text, match="*")
    world.laptop.sync()
    same(len(world.laptop.items("calendars", "voyages", "Many ")), 300, "items here")
    words = world.laptop.sync()
    require("opying" not in words, "something moved twice")


def other_person(world):
    """Bob sees his own collections and nothing of alice's."""
    world.bob.discover()
    world.bob.sync()
    require(world.bob.collections("calendars"), "bob has no calendar")
    require("voyages" not in world.bob.collections("calendars"), "bob sees alice's calendar")
    for name in world.bob.collections("calendars"):
        same(world.bob.items("calendars", name), [], f"items in bob's {name}")


def main():
    """Every check, in the order of a person's first days."""
    report, world = Report(), World()
    needs = ("discover",)
    report.check("discover", discover, world)
    report.check("first-sync-down", first_sync_down, world, needs=needs)
    report.check("khal-todoman-khard-list", programs_show, world, needs=needs)
    report.check("khal-new", khal_new, world, needs=needs)
    report.check("khal-new-series", khal_new_series, world, needs=("khal-new",))
    report.check("todoman-new-and-done", todoman_new, world, needs=("khal-new",))
    report.check("khard-new", khard_new, world, needs=("khal-new",))
    report.check("nothing-to-do", nothing_to_do, world, needs=needs)
    report.check("change-down", change_down, world, needs=("first-sync-down",))
    report.check("change-up", change_up, world, needs=("khal-new",))
    report.check("delete-down", delete_down, world, needs=("first-sync-down",))
    report.check("delete-up", delete_up, world, needs=("first-sync-down",))
    report.check("conflict-reported", conflict_reported, world, needs=("change-down",))
    report.check("conflict-a-wins", conflict_here_wins, world, needs=("conflict-reported",))
    report.check("conflict-b-wins", conflict_there_wins, world, needs=("conflict-a-wins",))
    report.check("create-calendar", create_calendar, world, needs=needs)
    report.check("create-address-book", create_book, world, needs=needs)
    report.check("metasync-up", metasync_up, world, needs=("create-calendar",))
    report.check("metasync-down", metasync_down, world, needs=("metasync-up",))
    report.check("many-items", many_items, world, needs=("create-calendar",))
    report.check("other-person-sees-nothing", other_person, world, needs=("create-calendar",))


if __name__ == "__main__":
    main()
