"""What another has granted, taken into the own home: found there, read-only where it is, in the own colour, gone when it is taken back.

calendar-proxy is not asked for by Thunderbird; it looks in the home (RFC 4791 section 6.2.1), and at
`current-user-privilege-set` (RFC 3744). They come last, for what is taken back stays in the list as unusable.
"""

import urllib.parse

from shares import Share
from world import PASSWORD, USER, PlainDav, card, event, eventually, require, same

OWNER, OWNER_PASSWORD = "carol", "carol-secret"
COLOUR, OWN_COLOUR = "#AA0000", "#00AA55"


def run(world):
    """All checks of shares; one calendar and one book of another person's."""
    check = world.check
    owner = PlainDav(world.url, OWNER, OWNER_PASSWORD)
    shares = check("share-prepares", prepare, world, owner)
    needs = ["share-prepares"]
    check("share-not-offered-before-taken-in", not_offered, world, shares, needs=needs)
    check("share-calendar-appears", calendar_appears, world, shares, needs=needs)
    there = ["share-calendar-appears"]
    check("share-own-name-and-colour", own_look, world, owner, shares, needs=there)
    check("share-shows-events", shows_events, world, owner, shares, needs=there)
    check("share-read-only-is-read-only", read_only, world, owner, shares, needs=there)
    check("share-writable-when-granted", writable, world, owner, shares, needs=there)
    check("share-book-appears-read-only", book_appears, world, owner, shares, needs=needs)
    check("share-calendar-gone-after-revocation", calendar_gone, world, owner, shares, needs=there)
    check("share-book-gone-after-revocation", book_gone, world, shares,
          needs=["share-book-appears-read-only"])


class Shares:
    """The owner's two collections and what became of them in the grantee's home."""

    def __init__(self, calendar, book):
        self.calendar, self.book = calendar, book


def prepare(world, owner):
    path = owner.calendar_home() + "partage/"
    owner.make_calendar(path, "Partage de Carol", ["VEVENT"], COLOUR + "FF")
    owner.put(path + "first.ics", event("share-first", "Premier"), match="*")
    book = owner.address_book_home() + "partage/"
    owner.make_address_book(book, "Contacts de Carol")
    owner.put(book + "first.vcf", card("share-card", "Anne Partage"), "text/vcard", "*")
    shares = Shares(Share(world.url, OWNER, USER, path),
                    Share(world.url, OWNER, USER, book, "address-books"))
    shares.calendar.owned, shares.book.owned = path, book
    shares.calendar.grant("read")
    shares.book.grant("read")
    return shares


def offered(world, call):
    answer = world.tb.call(call, USER, PASSWORD, world.url)
    require("error" not in answer, f"{call}: {answer.get('error')}")
    key = "calendars" if call == "detectCalendars" else "books"
    return {urllib.parse.unquote(urllib.parse.urlsplit(one["url"]).path) for one in answer[key]
            if one.get("type", "caldav") == "caldav"}


def not_offered(world, shares):
    found = offered(world, "detectCalendars")
    same(found, {one.path for one in world.dav.calendars()}, "calendars offered")
    require(shares.calendar.owned not in found, "offered under the owner's path")


def held(world, path):
    return {one["path"]: one for one in world.tb.call("calendars")}[path]


def calendar_appears(world, shares):
    world.tb.call("person", {"user": USER, "password": PASSWORD})
    path = shares.calendar.take_in(name="Carol (équipe)", color=OWN_COLOUR)
    require(path in offered(world, "detectCalendars"), f"{path} is not offered")
    world.tb.call("dialogs")
    answer = world.tb.call("subscribeCalendars", USER, world.url)
    same(answer["status"], "found", "the dialog's outcome")
    require(path in {urllib.parse.urlsplit(one["url"]).path for one in answer["calendars"]},
            "not in the dialog")
    eventually(lambda: path in {one["path"] for one in world.tb.call("calendars")}, "the calendar")
    world.tb.call("refresh", path)
    one = held(world, path)
    require(not one["disabled"] and not one["davError"], f"not usable: {one}")


def own_look(world, owner, shares):
    one = held(world, shares.calendar.path)
    same(one["name"], "Carol (équipe)", "name")
    same(one["colour"].upper(), OWN_COLOUR, "colour")
    hers = {each.path: each for each in owner.calendars()}[shares.calendar.owned]
    same(hers.text("A:calendar-color").upper()[:7], COLOUR, "the owner's colour")
    same(hers.text("D:displayname"), "Partage de Carol", "the owner's name")


def shows_events(world, owner, shares):
    path = shares.calendar.path
    same(world.tb.call("item", path, "share-first")["title"], "Premier", "the first event")
    owner.put(shares.calendar.owned + "second.ics", event("share-second", "Deuxième"), match="*")
    owner.put(shares.calendar.owned + "first.ics", event("share-first", "Premier, changé"))
    world.tb.call("refresh", path)
    eventually(lambda: world.tb.call("item", path, "share-second"), "the second event")
    same(world.tb.call("item", path, "share-first")["title"], "Premier, changé", "the change")


def read_only(world, owner, shares):
    path = shares.calendar.path
    require(held(world, path)["readOnly"], "offers to write")
    before = owner.members(shares.calendar.owned)
    try:
        world.tb.call("add", path, event("share-mine", "À moi"))
    except Exception as refused:  # noqa: BLE001 - whatever Thunderbird calls it
        world.report.note(f"refused: {refused}")
    else:
        require(False, "Thunderbird took an event")
    same(owner.members(shares.calendar.owned), before, "what the owner has")


def writable(world, owner, shares):
    path = shares.calendar.path
    # The dialogs of setting up may have asked for the password.
    world.tb.call("dialogs")
    shares.calendar.grant("write")
    # Thunderbird never takes the box "Read only" off by itself, and looks at the server's word when it starts.
    world.tb.call("allowWriting", path)
    world.tb.call("lookAgain", path)
    require(not held(world, path)["readOnly"], "read-only though it may write")
    world.tb.call("add", path, event("share-written", "Écrit ici"))
    found, body = owner.find(shares.calendar.owned, "UID:share-written")
    require(found and "Écrit ici" in body, "the owner does not have it")
    world.tb.call("modify", path, "share-written", {"SUMMARY": "Changé ici"})
    require("Changé ici" in owner.get(found).body, "the owner does not have the change")
    world.no_dialogs()


def book_appears(world, owner, shares):
    path = shares.book.take_in()
    require(path in offered(world, "detectBooks"), f"{path} is not offered")
    answer = world.tb.call("subscribeBooks", USER, world.url)
    same(answer["status"], "found", "the dialog's outcome")
    book = eventually(lambda: {one["path"]: one for one in world.tb.call("books")}.get(path),
                      "the book")
    require(book["readOnly"], "offers to write")
    world.tb.call("syncBook", path)
    same(world.tb.call("card", path, "share-card")["name"], "Anne Partage", "card")
    owner.put(shares.book.owned + "first.vcf", card("share-card", "Anne Changée"), "text/vcard")
    world.tb.call("syncBook", path)
    same(world.tb.call("card", path, "share-card")["name"], "Anne Changée", "card after the change")


def calendar_gone(world, owner, shares):
    path = shares.calendar.path
    shares.calendar.revoke()
    require(path not in offered(world, "detectCalendars"), "still offered")
    owner.put(shares.calendar.owned + "after.ics", event("share-after", "Après"), match="*")
    world.tb.call("lookAgain", path)
    one = held(world, path)
    require(one["disabled"] or one["davError"] or one["readOnly"], f"still usable: {one}")
    same(world.tb.call("item", path, "share-after"), None, "an event of afterwards")
    world.tb.call("forgetCalendar", path)


def book_gone(world, shares):
    path = shares.book.path
    shares.book.revoke()
    require(path not in offered(world, "detectBooks"), "still offered")
    try:
        world.tb.call("syncBook", path)
    except Exception as refused:  # noqa: BLE001 - a 404 is told in Thunderbird's own words
        world.report.note(f"synchronising ends: {refused}")
    same(world.tb.call("card", path, "share-after"), None, "a card of afterwards")
