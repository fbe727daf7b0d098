"""The D-Bus session ends, the server changes, another session starts on the same home folder."""

from evolution import until
from world import card, event, require, same, task, unfold

KINDS = ["events", "tasks", "contacts"]


def prepare(world):
    """The last check of the first session: everything known to both sides."""
    world.check("restart-prepares", known_to_both, world)


def run(world):
    """The second session."""
    change_server(world)
    check = world.check
    check("restart-keeps-collections", keeps_collections, world)
    for kind in KINDS:
        check(f"restart-keeps-{kind}", keeps, world, kind)
        check(f"restart-sync-{kind}", sync, world, kind, needs=[f"restart-keeps-{kind}"])
    check("restart-change-arrives", change, world, needs=["restart-keeps-events"])


def collection(world, kind):
    return {"events": world.events, "tasks": world.tasks, "contacts": world.book}[kind]


def put(world, kind, uid, name, match=None):
    make = {"events": event, "tasks": task, "contacts": card}[kind]
    ending, content = (".vcf", "text/vcard") if kind == "contacts" else (".ics", "text/calendar")
    extra = {"version": "3.0"} if kind == "contacts" else {}
    world.dav.put(f"{collection(world, kind)}{uid}{ending}", make(uid, name, **extra), content,
                  match)


def known_to_both(world):
    for kind in KINDS:
        opened = world.calendar(collection(world, kind), kind)
        for uid in ["stays", "changes", "goes"]:
            put(world, kind, uid, f"Avant {uid}", "*")
        world.seen(opened, holds_all(opened, ["stays", "changes", "goes"]), f"all three of {kind}")


def holds_all(opened, uids):
    return lambda: all(opened.get(uid) for uid in uids)


def change_server(world):
    for kind in KINDS:
        ending = ".vcf" if kind == "contacts" else ".ics"
        put(world, kind, "changes", "Pendant fermeture")
        world.dav.delete(f"{collection(world, kind)}goes{ending}")
        put(world, kind, "comes", "Nouveau venu", "*")


def keeps_collections(world):
    wanted = sorted(one.path for one in world.dav.calendars() + world.dav.address_books())
    until(lambda: sorted(world.eds.children()) == wanted, "the account's collections")


def keeps(world, kind):
    opened = world.calendar(collection(world, kind), kind)
    text = opened.get("stays")
    require(text and "Avant stays" in unfold(text), f"saw {text!r}")


def sync(world, kind):
    opened = world.calendar(collection(world, kind), kind)
    world.seen(opened, lambda: opened.get("comes"), "what is new")
    require("Pendant fermeture" in unfold(opened.get("changes")), "the change is not seen")
    same(opened.get("goes"), None, "what was deleted")
    require("Avant stays" in unfold(opened.get("stays")), "what was not touched")


def change(world):
    calendar = world.calendar(world.events)
    component = calendar.component("stays")
    component.set_summary("Après le redémarrage")
    calendar.change(component)
    require("Après le redémarrage" in world.dav.get(world.events + "stays.ics").body,
            "the change is not on the server")
    same(world.eds.rejected, [], "sources whose password was refused")
