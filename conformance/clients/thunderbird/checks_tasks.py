"""Tasks both ways: create, change, complete, delete (RFC 5545 section 3.6.2)."""

from world import require, same, task


def run(world):
    """All checks of the task list."""
    check = world.check
    check("task-client-create", client_create, world)
    check("task-client-complete", client_complete, world, needs=["task-client-create"])
    check("task-client-delete", client_delete, world, needs=["task-client-create"])
    check("task-server-create", server_create, world)
    check("task-server-change", server_change, world, needs=["task-server-create"])
    check("task-server-delete", server_delete, world, needs=["task-server-create"])
    check("task-without-dates", without_dates, world)


def client_create(world):
    text = task("task-client", "Préparer l’ordre du jour", "DTSTART:20301014T080000Z",
                "DUE:20301014T170000Z", "PRIORITY:1")
    world.tb.call("add", world.tasks, text)
    _, body = world.on_server(world.tasks, "task-client")
    for wanted in ["BEGIN:VTODO", "SUMMARY:Préparer l’ordre du jour", "DUE:20301014T170000Z",
                   "PRIORITY:1"]:
        require(body and wanted in body, f"{wanted!r} is not in {body!r}")
    world.no_dialogs()


def client_complete(world):
    world.tb.call("modify", world.tasks, "task-client", {"completed": True})
    _, body = world.on_server(world.tasks, "task-client")
    for wanted in ["STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:"]:
        require(wanted in body, f"{wanted!r} is not in {body!r}")
    world.no_dialogs()


def client_delete(world):
    path, _ = world.on_server(world.tasks, "task-client")
    world.tb.call("remove", world.tasks, "task-client")
    same(world.dav.get(path).status, 404, "status after the client's delete")
    same(world.tb.call("item", world.tasks, "task-client"), None, "task in the client")


def server_create(world):
    world.dav.put(world.tasks + "task-server.ics",
                  task("task-server", "Réserver la salle", "DUE:20301016T120000Z"), match="*")
    world.tb.call("refresh", world.tasks)
    held = world.tb.call("item", world.tasks, "task-server")
    require(held, "not seen after the refresh")
    same((held["title"], held["end"], held["completed"]),
         ("Réserver la salle", "20301016T120000Z", False), "title, due and state")


def server_change(world):
    world.dav.put(world.tasks + "task-server.ics",
                  task("task-server", "Réserver la salle", "DUE:20301016T120000Z",
                       "STATUS:COMPLETED", "PERCENT-COMPLETE:100", "COMPLETED:20301015T090000Z"))
    world.tb.call("refresh", world.tasks)
    same(world.tb.call("item", world.tasks, "task-server")["completed"], True, "state")


def server_delete(world):
    world.dav.delete(world.tasks + "task-server.ics")
    world.tb.call("refresh", world.tasks)
    same(world.tb.call("item", world.tasks, "task-server"), None, "task after the server's delete")


def without_dates(world):
    world.dav.put(world.tasks + "undated.ics", task("undated", "Un jour peut-être"), match="*")
    world.tb.call("refresh", world.tasks)
    held = world.tb.call("item", world.tasks, "undated")
    require(held and held["start"] is None and held["end"] is None, f"saw {held}")
