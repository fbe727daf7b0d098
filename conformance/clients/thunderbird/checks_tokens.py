"""A sync-token that the server never gave, as after a restored backup (RFC 6578 section 3.2).

They come last: a client that does not recover leaves its collection unusable.
"""

from world import card, event, eventually, require, same

UNKNOWN = "https://other.example.org/sync/42"


def run(world):
    """Both kinds of collection must recover by themselves."""
    world.check("calendar-unknown-token-recovers", calendar, world)
    world.check("book-unknown-token-recovers", book, world)


def calendar(world):
    world.dav.put(world.events + "before-token.ics", event("before-token", "Avant"), match="*")
    world.tb.call("refresh", world.events)
    require(world.tb.call("item", world.events, "before-token"), "not seen before")
    before = world.tb.call("count", world.events)
    world.tb.call("spoilCalendarToken", world.events, UNKNOWN)
    world.dav.put(world.events + "after-token.ics", event("after-token", "Après"), match="*")
    world.dav.delete(world.events + "before-token.ics")
    world.tb.call("refresh", world.events)
    eventually(lambda: world.tb.call("item", world.events, "after-token"), "the new event", 10)
    same(world.tb.call("item", world.events, "before-token"), None, "the event deleted meanwhile")
    same(world.tb.call("count", world.events), before, "items in the client")
    held = {one["path"]: one for one in world.tb.call("calendars")}[world.events]
    require(not held["disabled"] and held["token"] not in ("", None, UNKNOWN),
            f"the calendar did not recover: {held}")


def book(world):
    world.dav.put(world.book + "before-token.vcf", card("before-token", "Avant Jeton"),
                  "text/vcard", "*")
    world.tb.call("syncBook", world.book)
    require(world.tb.call("card", world.book, "before-token"), "not seen before")
    world.tb.call("spoilBookToken", world.book, UNKNOWN)
    world.dav.put(world.book + "after-token.vcf", card("after-token", "Après Jeton"), "text/vcard",
                  "*")
    world.dav.delete(world.book + "before-token.vcf")
    world.tb.call("syncBook", world.book)
    require(world.tb.call("card", world.book, "after-token"), "the new card is not seen")
    same(world.tb.call("card", world.book, "before-token"), None, "the card deleted meanwhile")
    held = {one["path"]: one for one in world.tb.call("books")}[world.book]
    require(held["token"] not in ("", None, UNKNOWN), f"the book did not recover: {held}")
