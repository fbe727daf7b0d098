"""What every check of this client shares: Evolution, a plain view of the server, the report.

It must not hold any check.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

import report  # noqa: E402
from evolution import spin  # noqa: E402
from plain_dav import PlainDav, unfold  # noqa: E402
from report import Report, require, same  # noqa: E402
from texts import card, component, event, in_zone, memo, paris_series, task, vevent  # noqa: E402

__all__ = [
    "PlainDav",
    "World",
    "card",
    "component",
    "event",
    "eventually",
    "in_zone",
    "memo",
    "paris_series",
    "require",
    "same",
    "task",
    "unfold",
    "vevent",
]

USER, PASSWORD = "alice", "alice-secret"
MAIL = "alice@example.org"
EXTRA_NAME = "Équipe <Paris> & co"
EXTRA_COLOUR = "#3B7DD8"
EXTRA_BOOK_NAME = "Fournisseurs <Lyon> & amis"


class World:
    """The server's truth (`dav`), the client (`eds`) and the collections under test."""

    def __init__(self, url):
        self.url = url
        self.dav = PlainDav(url, USER, PASSWORD)
        self.report = Report()
        self.eds = None
        self.open = {}
        home, book_home = self.dav.calendar_home(), self.dav.address_book_home()
        self.extra, self.memos = home + "equipe-paris/", home + "memos/"
        self.extra_book = book_home + "fournisseurs/"
        calendars = [
            one for one in self.dav.calendars() if one.path not in (self.extra, self.memos)
        ]
        self.events = pick(calendars, "VEVENT").path
        self.tasks = pick(calendars, "VTODO").path
        books = [one.path for one in self.dav.address_books() if one.path != self.extra_book]
        self.book = books[0]

    def make_collections(self):
        """What an account of today has beside the default collections."""
        self.dav.make_calendar(self.extra, EXTRA_NAME, ["VEVENT"], EXTRA_COLOUR)
        self.dav.make_calendar(self.memos, "Mémos", ["VJOURNAL"])
        self.dav.make_address_book(self.extra_book, EXTRA_BOOK_NAME)

    def check(self, name, function, *arguments, needs=()):
        """One check; see `Report.check`."""
        return self.report.check(name, function, *arguments, needs=needs)

    def on_server(self, collection, uid):
        """`(path, unfolded text)` of the object with this UID, or `(None, None)`."""
        path, body = self.dav.find(collection, f"UID:{uid}")
        return path, body and unfold(body)

    def calendar(self, path, kind="events"):
        """The connected client of a collection."""
        if path not in self.open:
            self.open[path] = self.eds.open(path, kind)
        return self.open[path]

    def seen(self, opened, condition, what, seconds=20):
        """Refresh, and wait until `condition` holds in the client."""
        opened.refresh()
        return eventually(condition, what, seconds)


def eventually(condition, what, seconds=20):
    """`report.eventually` while the client's signals arrive."""

    def turn():
        spin(0.05)
        return condition()

    return report.eventually(turn, what, seconds)


def pick(calendars, wanted):
    """The calendar for one component type, one that holds nothing else if there is one."""
    fitting = [one for one in calendars if wanted in one.components]
    require(fitting, f"no calendar for {wanted} among {[one.path for one in calendars]}")
    return min(fitting, key=lambda one: len(one.components))
