"""What every check of this client shares: Thunderbird, a plain view of the server, the report.

It must not hold any check.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from plain_dav import PlainDav, unfold  # noqa: E402
from report import Report, eventually, require, same  # noqa: E402
from texts import card, event, paris_series, task  # noqa: E402

__all__ = [
    "PlainDav",
    "World",
    "card",
    "event",
    "eventually",
    "paris_series",
    "pick",
    "require",
    "same",
    "task",
    "unfold",
]

USER, PASSWORD = "alice", "alice-secret"
MAIL = "alice@example.org"
EXTRA_NAME = "Équipe <Paris> & co"
EXTRA_BOOK_NAME = "Fournisseurs <Lyon> & amis"
EXTRA_COLOUR = "#3B7DD8"


class World:
    """The server's truth (`dav`), the client (`tb`) and the collections under test."""

    def __init__(self, url):
        self.url = url
        self.dav = PlainDav(url, USER, PASSWORD)
        self.report = Report()
        self.tb = None
        calendars = self.dav.calendars()
        self.events = pick(calendars, "VEVENT").path
        self.tasks = pick(calendars, "VTODO").path
        self.extra = self.dav.calendar_home() + "equipe-paris/"
        self.dav.make_calendar(self.extra, EXTRA_NAME, ["VEVENT"], EXTRA_COLOUR + "FF")
        self.book = self.dav.address_books()[0].path
        self.extra_book = self.dav.address_book_home() + "fournisseurs/"
        self.dav.make_address_book(self.extra_book, EXTRA_BOOK_NAME)

    def check(self, name, function, *arguments, needs=()):
        """One check; see `Report.check`."""
        return self.report.check(name, function, *arguments, needs=needs)

    def on_server(self, collection, uid):
        """`(path, unfolded text)` of the object with this UID, or `(None, None)`."""
        path, body = self.dav.find(collection, f"UID:{uid}")
        return path, body and unfold(body)

    def no_dialogs(self):
        """Fail when Thunderbird asked or complained since the last look."""
        opened = self.tb.call("dialogs")
        require(not opened, f"unexpected dialogs: {opened}")

    def no_complaints(self):
        """Fail when Thunderbird's own code warned of something since the last look."""
        said = self.tb.call("complaints")
        require(not said, f"{len(said)} complaints: {said[:3]}")


def pick(calendars, component):
    """The calendar for one component type, one that holds nothing else if there is one."""
    fitting = [one for one in calendars if component in one.components]
    require(fitting, f"no calendar for {component} among {[one.path for one in calendars]}")
    return min(fitting, key=lambda one: len(one.components))
