"""Thunderbird is closed, the server changes, Thunderbird starts again on the same profile."""

from pathlib import Path

from world import card, event, eventually, require, same, task


def run(world, start, artefacts):
    """Closes and starts Thunderbird (`start` answers the new one), then takes the pictures."""
    before = world.check("restart-prepares", prepare, world)
    world.check("restart-starts-again", restart, world, start, needs=["restart-prepares"])
    needs = ["restart-starts-again"]
    world.check("restart-keeps-collections", keeps_collections, world, before, needs=needs)
    world.check("restart-keeps-items", keeps_items, world, needs=needs)
    world.check("restart-asks-no-password", asks_nothing, world, before, needs=needs)
    world.check("restart-sync-events", sync_events, world, needs=needs)
    world.check("restart-sync-tasks", sync_tasks, world, needs=needs)
    world.check("restart-sync-contacts", sync_contacts, world, needs=needs)
    world.check("restart-change-without-conflict", change, world, needs=needs)
    world.check("screenshot", pictures, world, artefacts, needs=needs)


def prepare(world):
    for uid in ["stays", "changes", "goes"]:
        world.dav.put(f"{world.events}{uid}.ics", event(uid, f"Avant {uid}"), match="*")
        world.dav.put(f"{world.tasks}{uid}.ics", task(uid, f"Avant {uid}"), match="*")
        world.dav.put(f"{world.book}{uid}.vcf", card(uid, f"Avant {uid}"), "text/vcard", "*")
    for path in [world.events, world.tasks]:
        world.tb.call("refresh", path)
    world.tb.call("syncBook", world.book)
    require(world.tb.call("item", world.events, "goes"), "event not seen")
    require(world.tb.call("item", world.tasks, "goes"), "task not seen")
    require(world.tb.call("card", world.book, "goes"), "card not seen")
    return {
        "calendars": sorted((one["path"], one["name"]) for one in world.tb.call("calendars")),
        "books": sorted((one["path"], one["name"]) for one in world.tb.call("books")),
        "logins": sorted(world.tb.call("logins")),
    }


def restart(world, start):
    world.tb.close()
    world.tb = None
    dav = world.dav
    dav.put(world.events + "changes.ics", event("changes", "Pendant"))
    dav.delete(world.events + "goes.ics")
    dav.put(world.events + "comes.ics", event("comes", "Nouveau"), match="*")
    dav.put(world.tasks + "changes.ics", task("changes", "Pendant"))
    dav.delete(world.tasks + "goes.ics")
    dav.put(world.tasks + "comes.ics", task("comes", "Nouveau"), match="*")
    dav.put(world.book + "changes.vcf", card("changes", "Pendant fermeture"), "text/vcard")
    dav.delete(world.book + "goes.vcf")
    dav.put(world.book + "comes.vcf", card("comes", "Nouveau venu"), "text/vcard", "*")
    world.tb = start()


def keeps_collections(world, before):
    same(sorted((one["path"], one["name"]) for one in world.tb.call("calendars")),
         before["calendars"], "calendars")
    same(sorted((one["path"], one["name"]) for one in world.tb.call("books")),
         before["books"], "books")
    closed = [one["path"] for one in world.tb.call("calendars")
              if one["readOnly"] or one["disabled"]]
    same(closed, [], "calendars that became read-only or disabled")


def keeps_items(world):
    same(world.tb.call("item", world.events, "stays")["title"], "Avant stays", "event")
    same(world.tb.call("item", world.tasks, "stays")["title"], "Avant stays", "task")
    same(world.tb.call("card", world.book, "stays")["name"], "Avant stays", "card")


def synchronised(world, path):
    world.tb.call("refresh", path)
    eventually(lambda: world.tb.call("item", path, "comes"), f"the new item in {path}")
    same(world.tb.call("item", path, "changes")["title"], "Pendant", "title of the changed item")
    same(world.tb.call("item", path, "goes"), None, "the deleted item")
    same(world.tb.call("item", path, "stays")["title"], "Avant stays", "the untouched item")


def sync_events(world):
    synchronised(world, world.events)


def sync_tasks(world):
    synchronised(world, world.tasks)


def sync_contacts(world):
    world.tb.call("syncBook", world.book)
    require(world.tb.call("card", world.book, "comes"), "the new card is not seen")
    same(world.tb.call("card", world.book, "changes")["name"], "Pendant fermeture", "name")
    same(world.tb.call("card", world.book, "goes"), None, "the deleted card")


def asks_nothing(world, before):
    world.no_dialogs()
    same(sorted(world.tb.call("logins")), before["logins"], "saved logins")


def change(world):
    world.tb.call("modify", world.events, "stays", {"SUMMARY": "Après le redémarrage"})
    require("Après le redémarrage" in world.dav.get(world.events + "stays.ics").body,
            "the change is not on the server")
    world.no_dialogs()


def pictures(world, artefacts):
    world.tb.call("showCalendar", "20301014T000000Z")
    for name, show in [("calendar", None), ("address-book", "showBooks")]:
        if show:
            world.tb.call(show)
        picture = Path(artefacts) / f"thunderbird-{name}.png"
        world.tb.screenshot(picture)
        data = picture.read_bytes()
        require(data.startswith(b"\x89PNG") and len(data) > 10000, f"{picture} is no picture")
