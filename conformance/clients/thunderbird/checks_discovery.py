"""Set-up from the host name alone, through Thunderbird's own dialogs.

RFC 6764 (well-known), 5397 (current-user-principal), 4791 and 6352 (home sets).
"""

import urllib.parse

from world import EXTRA_BOOK_NAME, EXTRA_COLOUR, EXTRA_NAME, MAIL, PASSWORD, USER, require, same


def run(world):
    """All checks of set-up; afterwards every calendar and book is subscribed to."""
    check = world.check
    before = everything_on_server(world)
    check("discovery-wrong-password-refused", wrong_password, world)
    check("discovery-calendars-from-host", calendars_from_host, world)
    check("discovery-calendar-names-and-colours", names_and_colours, world)
    check("discovery-books-from-host", books_from_host, world)
    check("discovery-book-names", book_names, world)
    check("discovery-login-saved", login_saved, world)
    check("discovery-localhost", from_localhost, world)
    check("discovery-login-by-mail-address", by_mail_address, world)
    check("discovery-from-inner-urls", from_inner_urls, world)
    check("discovery-writes-nothing", writes_nothing, world, before)
    check("calendars-usable", calendars_usable, world)
    check("calendars-not-read-only", calendars_not_read_only, world)
    check("calendars-components", calendars_components, world)
    check("calendars-webdav-sync", calendars_webdav_sync, world)
    check("books-usable", books_usable, world)


def path_of(url):
    return urllib.parse.urlsplit(url).path


def server_calendars(world):
    return sorted(one.path for one in world.dav.calendars())


def server_books(world):
    return sorted(one.path for one in world.dav.address_books())


def detected_calendars(world, user, location, password=PASSWORD):
    answer = world.tb.call("detectCalendars", user, password, location)
    require("error" not in answer, f"{location} as {user}: {answer.get('error')}")
    # Thunderbird offers what answers a GET with iCalendar as a plain subscription as well.
    return sorted(path_of(one["url"]) for one in answer["calendars"] if one["type"] == "caldav")


def detected_books(world, user, location, password=PASSWORD):
    answer = world.tb.call("detectBooks", user, password, location)
    require("error" not in answer, f"{location} as {user}: {answer.get('error')}")
    return sorted(path_of(one["url"]) for one in answer["books"])


def wrong_password(world):
    calendars = world.tb.call("detectCalendars", USER, "not the password", world.url)
    same(calendars.get("error"), "AuthFailedError", "calendars with a wrong password")
    books = world.tb.call("detectBooks", USER, "not the password", world.url)
    same(books.get("error"), "Authorization failure", "books with a wrong password")


def calendars_from_host(world):
    world.tb.call("person", {"user": USER, "password": PASSWORD})
    world.tb.call("dialogs")
    answer = world.tb.call("subscribeCalendars", USER, world.url)
    same(answer["status"], "found", "the dialog's outcome")
    same(sorted(path_of(one["url"]) for one in answer["calendars"]), server_calendars(world),
         "calendars found")
    require(all(one["checked"] for one in answer["calendars"]), "not all offered for subscription")
    asked = [one for one in world.tb.call("dialogs") if one["answered"] == "password"]
    same(len(asked), 1, "times the password was asked")


def names_and_colours(world):
    held = {one["path"]: one for one in world.tb.call("calendars")}
    for resource in world.dav.calendars():
        name = resource.text("D:displayname")
        same(held[resource.path]["name"], name, f"name of {resource.path}")
    same(held[world.extra]["name"], EXTRA_NAME, "name with reserved characters")
    same(held[world.extra]["colour"].upper(), EXTRA_COLOUR, "colour")


def books_from_host(world):
    world.tb.call("dialogs")
    answer = world.tb.call("subscribeBooks", USER, world.url)
    same(answer["status"], "found", "the dialog's outcome")
    same(sorted(path_of(one["url"]) for one in answer["books"]), server_books(world), "books found")
    require(all(one["checked"] for one in answer["books"]), "not all offered for subscription")
    asked = [one for one in world.tb.call("dialogs") if one["answered"] == "password"]
    same(len(asked), 1, "times the password was asked")


def book_names(world):
    held = {one["path"]: one["name"] for one in world.tb.call("books")}
    for resource in world.dav.address_books():
        same(held[resource.path], resource.text("D:displayname"), f"name of {resource.path}")
    same(held[world.extra_book], EXTRA_BOOK_NAME, "name with reserved characters")


def login_saved(world):
    same(world.tb.call("logins"), [f"{USER} at {world.url}"], "saved logins")


def from_localhost(world):
    location = f"http://localhost:{urllib.parse.urlsplit(world.url).port}"
    same(detected_calendars(world, USER, location), server_calendars(world), "calendars")
    same(detected_books(world, USER, location), server_books(world), "books")


def by_mail_address(world):
    same(detected_calendars(world, MAIL, world.url), server_calendars(world), "calendars")
    same(detected_books(world, MAIL, world.url), server_books(world), "books")


def from_inner_urls(world):
    everything = server_calendars(world)
    for path in [world.dav.principal("caldav"), world.dav.calendar_home()]:
        same(detected_calendars(world, USER, world.url + path), everything, f"from {path}")
    same(detected_calendars(world, USER, world.url + world.extra), [world.extra], "from a calendar")
    books = server_books(world)
    for path in [world.dav.principal("carddav"), world.dav.address_book_home()]:
        same(detected_books(world, USER, world.url + path), books, f"from {path}")
    same(detected_books(world, USER, world.url + world.extra_book), [world.extra_book],
         "from a book")


def everything_on_server(world):
    paths = server_calendars(world) + server_books(world)
    return {path: world.dav.members(path) for path in paths}


def writes_nothing(world, before):
    # Thunderbird's search for plain calendars ends with an empty PUT that must be refused.
    same(everything_on_server(world), before, "collections and members")


def calendars_usable(world):
    held = world.tb.call("calendars")
    same(sorted(one["path"] for one in held), server_calendars(world), "calendars subscribed to")
    for one in held:
        world.tb.call("refresh", one["path"])
    for one in world.tb.call("calendars"):
        require(one["checked"] and not one["disabled"] and not one["davError"],
                f"{one['path']} is not usable: {one}")
        same(one["status"], 0, f"status of {one['path']}")
    world.no_dialogs()


def calendars_not_read_only(world):
    closed = [one["path"] for one in world.tb.call("calendars") if one["readOnly"]]
    same(closed, [], "read-only calendars")


def calendars_components(world):
    held = {one["path"]: one for one in world.tb.call("calendars")}
    for resource in world.dav.calendars():
        one = held[resource.path]
        same(one["events"], "VEVENT" in resource.components, f"events in {resource.path}")
        same(one["tasks"], "VTODO" in resource.components, f"tasks in {resource.path}")


def calendars_webdav_sync(world):
    for one in world.tb.call("calendars"):
        require(one["sync"], f"{one['path']} without sync-collection")
        require(one["token"], f"{one['path']} without a sync-token")


def books_usable(world):
    for one in world.tb.call("books"):
        require(not one["readOnly"], f"{one['path']} is read-only")
        world.tb.call("syncBook", one["path"])
    for one in world.tb.call("books"):
        require(one["token"], f"{one['path']} without a sync-token")
    world.no_dialogs()
