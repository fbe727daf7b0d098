"""A second user of the same server in the same profile.

Thunderbird keeps one connection pool for the host: each request must be judged by its own
Authorization header, whoever used the connection before (RFC 9110 section 11.6.2).
"""

import urllib.parse

from world import PASSWORD, USER, PlainDav, card, event, pick, require, same

OTHER, OTHER_PASSWORD = "bob", "bob-secret"


def run(world):
    """All checks with two users; both stay subscribed to."""
    other = PlainDav(world.url, OTHER, OTHER_PASSWORD)
    check = world.check
    check("second-user-subscribes", subscribe, world, other)
    needs = ["second-user-subscribes"]
    check("second-user-events", events, world, other, needs=needs)
    check("second-user-contacts", contacts, world, other, needs=needs)
    check("second-user-first-still-works", first_still_works, world, needs=needs)


def subscribe(world, other):
    world.tb.call("person", {"user": OTHER, "password": OTHER_PASSWORD})
    try:
        calendars = world.tb.call("subscribeCalendars", OTHER, world.url)["calendars"]
        books = world.tb.call("subscribeBooks", OTHER, world.url)["books"]
    finally:
        world.tb.call("person", {"user": USER, "password": PASSWORD})
    same(paths(calendars), sorted(one.path for one in other.calendars()), "calendars found")
    same(paths(books), sorted(one.path for one in other.address_books()), "books found")
    for one in calendars:
        world.tb.call("refresh", urllib.parse.urlsplit(one["url"]).path)
    world.tb.call("dialogs")


def paths(found):
    return sorted(urllib.parse.urlsplit(one["url"]).path for one in found)


def events(world, other):
    path = pick(other.calendars(), "VEVENT").path
    for turn in range(5):
        world.tb.call("add", world.events, event(f"mine-{turn}", f"À moi {turn}"))
        world.tb.call("add", path, event(f"theirs-{turn}", f"À l’autre {turn}"))
    names = sorted(name for name in other.members(path))
    same(len(names), 5, f"members of {path}")
    for turn in range(5):
        require(world.on_server(world.events, f"mine-{turn}")[0], f"mine-{turn} is lost")
        require(other.find(path, f"UID:theirs-{turn}")[0], f"theirs-{turn} is lost")
        same(world.on_server(world.events, f"theirs-{turn}")[0], None, "the other's event here")
    world.no_dialogs()


def contacts(world, other):
    path = other.address_books()[0].path
    world.tb.call("addCard", path, card("theirs", "Bruno Autre"))
    require(other.find(path, "UID:theirs")[0], "the contact is not the other user's")
    same(world.on_server(world.book, "theirs")[0], None, "the other's contact here")


def first_still_works(world):
    world.dav.put(world.events + "still.ics", event("still", "Toujours là"), match="*")
    world.tb.call("refresh", world.events)
    require(world.tb.call("item", world.events, "still"), "not seen")
    world.no_dialogs()
