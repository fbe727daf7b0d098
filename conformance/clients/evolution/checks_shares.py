"""What another has granted, taken into the own home: found there, read-only where it is, in the own colour, gone when it is taken back.

EDS looks in the home, and takes the right to write from `current-user-privilege-set` (RFC 3744).
"""

from evolution import EDataServer, GLib, until
from shares import Share
from world import PlainDav, card, event, require, same, unfold, vevent

OWNER, OWNER_PASSWORD = "carol", "carol-secret"
COLOUR, OWN_COLOUR = "#AA0000", "#00AA55"


def run(world):
    """All checks of shares: one to read, one to write, and a book; all are taken back at the end."""
    check = world.check
    owner = PlainDav(world.url, OWNER, OWNER_PASSWORD)
    shares = check("share-prepares", prepare, world, owner)
    needs = ["share-prepares"]
    check("share-calendar-appears", appears, world, shares, needs=needs)
    there = ["share-calendar-appears"]
    check("share-own-name-and-colour", own_look, world, owner, shares, needs=there)
    check("share-shows-events", shows_events, world, owner, shares, needs=there)
    check("share-read-only-is-read-only", read_only, world, owner, shares, needs=there)
    check("share-writable-when-granted", writable, world, owner, shares, needs=there)
    check("share-book-appears-read-only", book, world, owner, shares, needs=there)
    check("share-gone-after-revocation", gone, world, shares, needs=there)


class Shares:
    """The owner's paths, and what was granted of them."""

    def __init__(self, url, owner, user):
        home, books = owner.calendar_home(), owner.address_book_home()
        self.owned = {"read": home + "lire/", "write": home + "ecrire/", "book": books + "partage/"}
        owner.make_calendar(self.owned["read"], "Partage de Carol", ["VEVENT"], COLOUR)
        owner.make_calendar(self.owned["write"], "Équipe de Carol", ["VEVENT"])
        owner.make_address_book(self.owned["book"], "Contacts de Carol")
        kinds = {"book": "address-books"}
        self.of = {
            name: Share(url, OWNER, user, path, kinds.get(name, "calendars"))
            for name, path in self.owned.items()
        }


def prepare(world, owner):
    shares = Shares(world.url, owner, world.eds.user)
    owner.put(shares.owned["read"] + "first.ics", event("share-first", "Premier"), match="*")
    owner.put(shares.owned["book"] + "first.vcf",
              card("share-card", "Anne Partage", version="3.0"), "text/vcard", "*")
    for name, role in [("read", "read"), ("write", "write"), ("book", "read")]:
        shares.of[name].grant(role)
    return shares


def paths(shares):
    return {share.path for share in shares.of.values()}


def appears(world, shares):
    world.eds.refresh_account()
    require(not set(shares.owned.values()) & set(world.eds.children()), "there before they are taken in")
    shares.of["read"].take_in(name="Carol (équipe)", color=OWN_COLOUR)
    shares.of["write"].take_in()
    shares.of["book"].take_in()
    world.eds.refresh_account()
    until(lambda: paths(shares) <= set(world.eds.children()), "the shares among the collections")


def own_look(world, owner, shares):
    source = world.eds.children()[shares.of["read"].path]
    same(source.get_display_name(), "Carol (équipe)", "name")
    colour = source.get_extension(EDataServer.SOURCE_EXTENSION_CALENDAR).get_color()
    same(colour.upper(), OWN_COLOUR, "colour")
    hers = {each.path: each for each in owner.calendars()}[shares.owned["read"]]
    same(hers.text("A:calendar-color").upper()[:7], COLOUR, "the owner's colour")
    same(hers.text("D:displayname"), "Partage de Carol", "the owner's name")


def shows_events(world, owner, shares):
    opened = world.eds.open(shares.of["read"].path, "events", writable=False)
    shares.opened = opened
    world.seen(opened, lambda: opened.get("share-first"), "the first event")
    owner.put(shares.owned["read"] + "first.ics", event("share-first", "Premier, changé"))
    owner.put(shares.owned["read"] + "second.ics", event("share-second", "Deuxième"), match="*")
    world.seen(opened, lambda: opened.get("share-second"), "the second event")
    require("Premier\\, changé" in unfold(opened.get("share-first")) or
            "Premier, changé" in unfold(opened.get("share-first")), "the change is not seen")


def read_only(world, owner, shares):
    opened = shares.opened
    require(opened.client.is_readonly(), "offers to write")
    before = owner.members(shares.owned["read"])
    try:
        opened.add(vevent("share-mine", "À moi"))
    except GLib.Error as refused:
        world.report.note(f"refused: {refused.message}")
    else:
        require(False, "EDS took an event")
    same(owner.members(shares.owned["read"]), before, "what the owner has")


def writable(world, owner, shares):
    opened = world.eds.open(shares.of["write"].path, "events")
    opened.add(vevent("share-written", "Écrit ici"))
    found, body = owner.find(shares.owned["write"], "UID:share-written")
    require(found and "Écrit ici" in body, "the owner does not have it")
    component = opened.component("share-written")
    component.set_summary("Changé ici")
    opened.change(component)
    require("Changé ici" in owner.get(found).body, "the owner does not have the change")
    opened.remove("share-written")
    same(owner.get(found).status, 404, "status after the client's delete")


def book(world, owner, shares):
    opened = world.eds.open(shares.of["book"].path, "contacts", writable=False)
    world.seen(opened, lambda: opened.get("share-card"), "the contact")
    require(opened.client.is_readonly(), "offers to write")
    owner.put(shares.owned["book"] + "first.vcf",
              card("share-card", "Anne Changée", version="3.0"), "text/vcard")
    world.seen(opened, lambda: "Anne Changée" in opened.get("share-card"), "the change")


def gone(world, shares):
    for share in shares.of.values():
        share.revoke()
    world.eds.refresh_account()
    until(lambda: not paths(shares) & set(world.eds.children()), "the end of the shares")
    same(world.eds.rejected, [], "sources whose password was refused")
