"""Tasks and memos both ways (RFC 5545 sections 3.6.2 and 3.6.3)."""

from evolution import ICalGLib
from world import component, memo, require, same, task, unfold


def run(world):
    """All checks of the task list and the memo list."""
    check = world.check
    check("task-client-create", client_create, world)
    check("task-client-complete", client_complete, world, needs=["task-client-create"])
    check("task-client-delete", client_delete, world, needs=["task-client-create"])
    check("task-server-create", server_create, world)
    check("task-server-change", server_change, world, needs=["task-server-create"])
    check("task-server-delete", server_delete, world, needs=["task-server-create"])
    check("memo-client-create-change-delete", memo_client, world)
    check("memo-server-create-change-delete", memo_server, world)


def client_create(world):
    tasks = world.calendar(world.tasks, "tasks")
    tasks.add(component("VTODO", "task-client", "Préparer l’ordre du jour",
                        "DUE:20301014T170000Z", "PRIORITY:1"))
    _, body = world.on_server(world.tasks, "task-client")
    for wanted in ["BEGIN:VTODO", "SUMMARY:Préparer l’ordre du jour", "20301014T170000Z",
                   "PRIORITY:1"]:
        require(body and wanted in body, f"{wanted!r} is not in {body!r}")


def client_complete(world):
    tasks = world.calendar(world.tasks, "tasks")
    changed = tasks.component("task-client")
    changed.set_status(ICalGLib.PropertyStatus.COMPLETED)
    changed.add_property(ICalGLib.Property.new_percentcomplete(100))
    tasks.change(changed)
    _, body = world.on_server(world.tasks, "task-client")
    for wanted in ["STATUS:COMPLETED", "PERCENT-COMPLETE:100"]:
        require(wanted in body, f"{wanted!r} is not in {body!r}")


def client_delete(world):
    tasks = world.calendar(world.tasks, "tasks")
    path, _ = world.on_server(world.tasks, "task-client")
    tasks.remove("task-client")
    same(world.dav.get(path).status, 404, "status after the client's delete")


def server_create(world):
    tasks = world.calendar(world.tasks, "tasks")
    world.dav.put(world.tasks + "task-server.ics",
                  task("task-server", "Réserver la salle", "DUE:20301016T120000Z"), match="*")
    text = world.seen(tasks, lambda: tasks.get("task-server"), "the new task")
    require("SUMMARY:Réserver la salle" in unfold(text), f"saw {text!r}")


def server_change(world):
    tasks = world.calendar(world.tasks, "tasks")
    world.dav.put(world.tasks + "task-server.ics",
                  task("task-server", "Réserver la salle", "STATUS:COMPLETED",
                       "PERCENT-COMPLETE:100", "COMPLETED:20301015T090000Z"))
    world.seen(tasks, lambda: "STATUS:COMPLETED" in tasks.get("task-server"), "the change")


def server_delete(world):
    tasks = world.calendar(world.tasks, "tasks")
    world.dav.delete(world.tasks + "task-server.ics")
    world.seen(tasks, lambda: tasks.get("task-server") is None, "the deletion")


def memo_client(world):
    memos = world.calendar(world.memos, "memos")
    memos.add(component("VJOURNAL", "memo-client", "Idée", "DTSTART;VALUE=DATE:20301014"))
    path, body = world.on_server(world.memos, "memo-client")
    require(body and "BEGIN:VJOURNAL" in body, f"the server has {body!r}")
    changed = memos.component("memo-client")
    changed.set_summary("Meilleure idée")
    memos.change(changed)
    require("SUMMARY:Meilleure idée" in world.dav.get(path).body, "the change is not there")
    memos.remove("memo-client")
    same(world.dav.get(path).status, 404, "status after the client's delete")


def memo_server(world):
    memos = world.calendar(world.memos, "memos")
    path = world.memos + "memo-server.ics"
    world.dav.put(path, memo("memo-server", "Note du serveur"), match="*")
    world.seen(memos, lambda: memos.get("memo-server"), "the new memo")
    world.dav.put(path, memo("memo-server", "Note changée"))
    world.seen(memos, lambda: "Note changée" in unfold(memos.get("memo-server")), "the change")
    world.dav.delete(path)
    world.seen(memos, lambda: memos.get("memo-server") is None, "the deletion")
