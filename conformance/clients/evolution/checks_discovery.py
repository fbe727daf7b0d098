"""Set-up of an account from the host name alone (RFC 6764, 5397, 4791, 6352)."""

import urllib.parse

from evolution import EDataServer, GLib, until
from world import EXTRA_BOOK_NAME, EXTRA_COLOUR, EXTRA_NAME, MAIL, require, same


def run(world):
    """All checks of set-up; afterwards the account holds every collection."""
    check = world.check
    for kind in ["events", "tasks", "memos", "contacts"]:
        check(f"discovery-{kind}-from-host", from_host, world, kind)
    check("discovery-login-by-mail-address", by_mail_address, world)
    check("discovery-user-addresses", user_addresses, world)
    check("discovery-wrong-password-refused", wrong_password, world)
    check("account-finds-collections", account, world)
    needs = ["account-finds-collections"]
    check("account-names-and-colours", names_and_colours, world, needs=needs)
    check("account-finds-later-collection", later_collection, world, needs=needs)
    check("account-opens-everything-writable", opens, world, needs=needs)


def on_server(world, kind):
    """Paths of the server's collections that hold one kind."""
    if kind == "contacts":
        return sorted(one.path for one in world.dav.address_books())
    name = {"events": "VEVENT", "tasks": "VTODO", "memos": "VJOURNAL"}[kind]
    return sorted(one.path for one in world.dav.calendars() if name in one.components)


def discovered(world, kind, **login):
    hrefs, _ = world.eds.discover(world.url, kind, **login)
    return sorted(urllib.parse.urlsplit(href).path for href in hrefs)


def from_host(world, kind):
    same(discovered(world, kind), on_server(world, kind), kind)


def by_mail_address(world):
    for kind in ["events", "contacts"]:
        same(discovered(world, kind, user=MAIL), on_server(world, kind), kind)


def user_addresses(world):
    _, addresses = world.eds.discover(world.url, "events")
    require(MAIL in addresses, f"{MAIL} is not among {addresses}")


def wrong_password(world):
    for kind in ["events", "contacts"]:
        try:
            world.eds.discover(world.url, kind, password="not the password")
        except GLib.Error as error:
            same((error.domain, error.code), ("e-soup-session-error-quark", 401), "refusal")
        else:
            require(False, f"{kind} were found with a wrong password")


def everything(world):
    kinds = ["events", "tasks", "memos", "contacts"]
    return sorted({path for kind in kinds for path in on_server(world, kind)})


def account(world):
    world.eds.add_account(world.url)
    wanted = everything(world)
    until(lambda: set(wanted) <= set(world.eds.children()), "the account's collections")
    same(sorted(world.eds.children()), wanted, "collections in the account")
    same(world.eds.asked, ["Account"], "sources that asked for the password")


def names_and_colours(world):
    held = world.eds.children()
    for resource in world.dav.calendars() + world.dav.address_books():
        same(held[resource.path].get_display_name(), resource.text("D:displayname"),
             f"name of {resource.path}")
    same(held[world.extra].get_display_name(), EXTRA_NAME, "calendar's name")
    same(held[world.extra_book].get_display_name(), EXTRA_BOOK_NAME, "book's name")
    colour = held[world.extra].get_extension(EDataServer.SOURCE_EXTENSION_CALENDAR).get_color()
    same(colour.upper(), EXTRA_COLOUR, "colour")


def later_collection(world):
    path = world.dav.calendar_home() + "later/"
    world.dav.make_calendar(path, "Plus tard", ["VEVENT"])
    world.eds.refresh_account()
    until(lambda: path in world.eds.children(), "the new calendar")
    world.dav.delete(path)
    world.eds.refresh_account()
    until(lambda: path not in world.eds.children(), "the calendar's end")


def opens(world):
    for kind in ["events", "tasks", "memos", "contacts"]:
        for path in on_server(world, kind):
            opened = world.calendar(path, kind)
            require(not opened.client.is_readonly(), f"{path} is read-only")
    same(world.eds.rejected, [], "sources whose password was refused")
