"""Changes on both sides, and work without a network (RFC 9110 section 13: If-Match, 412)."""

from world import event, eventually, require, same


def run(world):
    """All checks where the two sides disagree."""
    check = world.check
    check("conflict-change-keeps-server", change_keep, world)
    check("conflict-change-overwrites", change_overwrite, world)
    check("conflict-delete-keeps-server", delete_keep, world)
    check("conflict-deleted-on-server", deleted_on_server, world)
    check("offline-changes-arrive", offline, world)


def prepared(world, uid):
    """An event known to both sides, then changed on the server behind the client's back."""
    path = f"{world.events}{uid}.ics"
    world.dav.put(path, event(uid, "Commun"), match="*")
    world.tb.call("refresh", world.events)
    require(world.tb.call("item", world.events, uid), "not seen by the client")
    world.tb.call("dialogs")
    world.dav.put(path, event(uid, "Version du serveur"))
    return path


def conflict_noticed(world, answered):
    opened = world.tb.call("dialogs")
    same([one["answered"] for one in opened], [answered], f"conflict dialogs in {opened}")


def change_keep(world):
    path = prepared(world, "conflict-keep")
    world.tb.call("person", {"conflict": "keep"})
    world.tb.call("modify", world.events, "conflict-keep", {"SUMMARY": "Version du client"})
    conflict_noticed(world, "keep")
    require("SUMMARY:Version du serveur" in world.dav.get(path).body, "the server's was lost")
    same(world.tb.call("item", world.events, "conflict-keep")["title"], "Version du serveur",
         "title in the client")


def change_overwrite(world):
    path = prepared(world, "conflict-over")
    world.tb.call("person", {"conflict": "overwrite"})
    world.tb.call("modify", world.events, "conflict-over", {"SUMMARY": "Version du client"})
    conflict_noticed(world, "overwrite")
    require("SUMMARY:Version du client" in world.dav.get(path).body, "the client's was lost")
    world.tb.call("refresh", world.events)
    same(world.tb.call("item", world.events, "conflict-over")["title"], "Version du client",
         "title in the client")


def delete_keep(world):
    path = prepared(world, "conflict-delete")
    world.tb.call("person", {"conflict": "keep"})
    world.tb.call("remove", world.events, "conflict-delete")
    conflict_noticed(world, "keep")
    same(world.dav.get(path).status, 200, "status of the object on the server")
    world.tb.call("refresh", world.events)
    held = world.tb.call("item", world.events, "conflict-delete")
    require(held, "the kept event is not in the client after the refresh")
    same(held["title"], "Version du serveur", "title in the client")


def deleted_on_server(world):
    path = prepared(world, "conflict-gone")
    world.dav.delete(path)
    world.tb.call("person", {"conflict": "keep"})
    world.tb.call("dialogs")
    world.tb.call("modifyLater", world.events, "conflict-gone", {"SUMMARY": "Trop tard"})
    opened = eventually(lambda: world.tb.call("dialogs"), "the conflict dialog")
    same([one["answered"] for one in opened], ["keep"], f"conflict dialogs in {opened}")
    same(world.dav.get(path).status, 404, "status: the stale change must create nothing")
    world.tb.call("refresh", world.events)
    eventually(lambda: world.tb.call("item", world.events, "conflict-gone") is None,
               "the deleted event leaves the client")


def offline(world):
    for uid in ["offline-change", "offline-delete"]:
        world.dav.put(f"{world.events}{uid}.ics", event(uid, "En ligne"), match="*")
    world.tb.call("refresh", world.events)
    world.tb.call("offline", True)
    try:
        world.tb.call("add", world.events, event("offline-add", "Fait dans le train"))
        world.tb.call("modify", world.events, "offline-change", {"SUMMARY": "Changé dans le train"})
        world.tb.call("remove", world.events, "offline-delete")
        same(world.on_server(world.events, "offline-add"), (None, None), "server while offline")
    finally:
        # Going online makes Thunderbird send by itself what was done without a network.
        world.tb.call("offline", False)
    eventually(lambda: world.on_server(world.events, "offline-add")[0], "the new event arrives")
    eventually(
        lambda: "Changé dans le train" in world.dav.get(world.events + "offline-change.ics").body,
        "the change arrives")
    eventually(lambda: world.dav.get(world.events + "offline-delete.ics").status == 404,
               "the deletion arrives")
    world.no_dialogs()
