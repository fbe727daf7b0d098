"""Events both ways: create, change, delete, series, names, fidelity (RFC 4791, 6578)."""

from world import event, paris_series, require, same

#: Objects put on the server at once; more than two of Thunderbird's multiget batches of 100.
MANY = 250
#: Events imported from one file.
IMPORTED = 40

RULE = "FREQ=WEEKLY;COUNT=4"
MOVED = ("21", "20301022T150000", "20301022T160000")


def run(world):
    """All checks of events without conflicts."""
    check = world.check
    check("event-client-create", client_create, world)
    check("event-client-change", client_change, world, needs=["event-client-create"])
    check("event-client-delete", client_delete, world, needs=["event-client-create"])
    check("event-server-create", server_create, world)
    check("event-server-change", server_change, world, needs=["event-server-create"])
    check("event-server-delete", server_delete, world, needs=["event-server-create"])
    check("event-all-day", all_day, world)
    check("event-foreign-properties-survive", foreign_properties, world)
    check("event-name-is-not-uid", odd_name, world)
    check("event-long-name", long_name, world)
    check("event-same-uid-again", same_uid_again, world)
    check("event-client-moves-to-other-calendar", moves_calendar, world)
    check("event-client-dismisses-alarm", dismisses_alarm, world)
    check("events-client-imports-many", imports_many, world)
    check("events-many-arrive", many, world)
    check("events-many-vanish", many_vanish, world, needs=["events-many-arrive"])
    check("series-client-create", series_client, world)
    check("series-client-moves-instance", series_client_moves, world,
          needs=["series-client-create"])
    check("series-client-removes-instance", series_client_removes, world,
          needs=["series-client-create"])
    check("series-server-moved-instance", series_server, world)
    check("series-server-moves-another", series_server_moves, world,
          needs=["series-server-moved-instance"])


def client_create(world):
    text = event(
        "client-1", "Comité d’été\\, étage 2",
        "LOCATION:Salle Éluard",
        "DESCRIPTION:Ligne une\\nLigne deux — avec un texte assez long pour être pliée",
        "CATEGORIES:Réunion,Travail",
        "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Rappel", "TRIGGER:-PT15M", "END:VALARM",
    )
    same(world.tb.call("add", world.events, text), "client-1", "UID")
    _, body = world.on_server(world.events, "client-1")
    require(body, "the server does not have it")
    for wanted in ["SUMMARY:Comité d’été\\, étage 2", "LOCATION:Salle Éluard",
                   "DTSTART:20301014T090000Z", "TRIGGER:-PT15M", "Ligne une\\nLigne deux"]:
        require(wanted in body, f"{wanted!r} is not in {body!r}")
    held = world.tb.call("item", world.events, "client-1")
    same(held["title"], "Comité d’été, étage 2", "title kept by the client")
    same(held["alarms"], 1, "alarms kept by the client")
    world.no_dialogs()


def client_change(world):
    for title in ["Premier titre", "Deuxième titre"]:
        outcome = world.tb.call("modify", world.events, "client-1", {"SUMMARY": title})
        same(outcome, "done", "change")
        _, body = world.on_server(world.events, "client-1")
        require(f"SUMMARY:{title}" in body, f"{title!r} is not in {body!r}")
    world.tb.call("modify", world.events, "client-1",
                  {"start": "20301014T110000Z", "end": "20301014T120000Z"})
    _, body = world.on_server(world.events, "client-1")
    require("DTSTART:20301014T110000Z" in body, f"not moved: {body!r}")
    world.no_dialogs()


def client_delete(world):
    path, _ = world.on_server(world.events, "client-1")
    world.tb.call("remove", world.events, "client-1")
    same(world.dav.get(path).status, 404, "status after the client's delete")
    same(world.tb.call("item", world.events, "client-1"), None, "item in the client")
    world.no_dialogs()


def server_create(world):
    world.dav.put(world.events + "server-1.ics", event("server-1", "Né sur le serveur"), match="*")
    same(world.tb.call("item", world.events, "server-1"), None, "item before the refresh")
    world.tb.call("refresh", world.events)
    held = world.tb.call("item", world.events, "server-1")
    require(held, "not seen after the refresh")
    same(held["title"], "Né sur le serveur", "title")
    same(held["start"], "20301014T090000Z", "start")


def server_change(world):
    world.dav.put(world.events + "server-1.ics",
                  event("server-1", "Changé sur le serveur", start="20301015T090000Z",
                        end="20301015T093000Z"))
    world.tb.call("refresh", world.events)
    held = world.tb.call("item", world.events, "server-1")
    same(held["title"], "Changé sur le serveur", "title")
    same(held["end"], "20301015T093000Z", "end")


def server_delete(world):
    world.dav.delete(world.events + "server-1.ics")
    world.tb.call("refresh", world.events)
    same(world.tb.call("item", world.events, "server-1"), None, "item after the server's delete")


def all_day(world):
    text = event("all-day", "Congé", start="20301015", end="20301018")
    text = text.replace("DTSTART:", "DTSTART;VALUE=DATE:").replace("DTEND:", "DTEND;VALUE=DATE:")
    world.tb.call("add", world.events, text)
    _, body = world.on_server(world.events, "all-day")
    require("DTSTART;VALUE=DATE:20301015" in body, f"DTSTART in {body!r}")
    require("DTEND;VALUE=DATE:20301018" in body, f"DTEND in {body!r}")
    world.tb.call("refresh", world.events)
    same(world.tb.call("item", world.events, "all-day")["start"], "20301015", "start")


def foreign_properties(world):
    foreign = [
        "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC",
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="Gare de Lyon":geo:48.844\\,2.373',
        "X-EVOLUTION-CALDAV-ETAG:abc",
        "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",
    ]
    path = world.events + "foreign.ics"
    world.dav.put(path, event("foreign", "Voyage", *foreign), match="*")
    world.tb.call("refresh", world.events)
    world.tb.call("modify", world.events, "foreign", {"SUMMARY": "Voyage à Lyon"})
    body = world.on_server(world.events, "foreign")[1]
    require("SUMMARY:Voyage à Lyon" in body, "the change is not on the server")
    for line in foreign:
        name, value = line.split(":", 1)[0].split(";")[0], line.split(":", 1)[1]
        require(name in body and value in body, f"lost {line!r}: {body!r}")


def odd_name(world):
    path = world.events + "r%C3%A9union%20du%20lundi%20%40%209h%2C30.ics"
    world.dav.put(path, event("odd-name", "Nom libre"), match="*")
    before = len(world.dav.members(world.events))
    world.tb.call("refresh", world.events)
    require(world.tb.call("item", world.events, "odd-name"), "not seen")
    world.tb.call("modify", world.events, "odd-name", {"SUMMARY": "Nom libre changé"})
    require("Nom libre changé" in world.dav.get(path).body, "the change went elsewhere")
    same(len(world.dav.members(world.events)), before, "members after the change")
    world.tb.call("remove", world.events, "odd-name")
    same(world.dav.get(path).status, 404, "status after the delete")
    world.no_dialogs()


def long_name(world):
    path = world.events + "n" * 240 + ".ics"
    world.dav.put(path, event("long-name", "Nom long"), match="*")
    world.tb.call("refresh", world.events)
    world.tb.call("modify", world.events, "long-name", {"SUMMARY": "Nom long changé"})
    require("Nom long changé" in world.dav.get(path).body, "the change is not on the server")
    world.tb.call("remove", world.events, "long-name")
    same(world.dav.get(path).status, 404, "status after the delete")


def same_uid_again(world):
    for turn in range(3):
        world.tb.call("add", world.events, event("again", f"Tour {turn}"))
        path, body = world.on_server(world.events, "again")
        require(body and f"Tour {turn}" in body, f"turn {turn} is not on the server")
        world.tb.call("remove", world.events, "again")
        same(world.dav.get(path).status, 404, f"status after delete {turn}")
    world.no_dialogs()


def moves_calendar(world):
    world.tb.call("add", world.events, event("mover", "Change de calendrier"))
    old, _ = world.on_server(world.events, "mover")
    world.tb.call("moveTo", world.events, "mover", world.extra)
    new, body = world.on_server(world.extra, "mover")
    require(body and "Change de calendrier" in body, "not in the other calendar")
    same(world.dav.get(old).status, 404, "status in the first calendar")
    world.tb.call("remove", world.extra, "mover")
    same(world.dav.get(new).status, 404, "status after the delete")
    world.no_dialogs()


def dismisses_alarm(world):
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:R", "TRIGGER:-PT5M", "END:VALARM"]
    world.tb.call("add", world.events, event("alarmed", "Avec rappel", *alarm))
    world.tb.call("dismissAlarm", world.events, "alarmed")
    _, body = world.on_server(world.events, "alarmed")
    require("X-MOZ-LASTACK" in body or "ACKNOWLEDGED" in body, f"not acknowledged in {body!r}")
    require("BEGIN:VALARM" in body, f"the alarm is lost in {body!r}")
    world.tb.call("modify", world.events, "alarmed", {"SUMMARY": "Avec rappel vu"})
    world.no_dialogs()


def imports_many(world):
    texts = [event(f"import-{number}", f"Importé {number}") for number in range(IMPORTED)]
    before = len(world.dav.members(world.extra))
    world.tb.call("addTogether", world.extra, texts)
    same(len(world.dav.members(world.extra)) - before, IMPORTED, "new members on the server")
    world.tb.call("refresh", world.extra)
    same(world.tb.call("count", world.extra), before + IMPORTED, "items in the client")
    for number in range(IMPORTED):
        world.tb.call("remove", world.extra, f"import-{number}")
    same(len(world.dav.members(world.extra)), before, "members at the end")
    world.no_dialogs()


def many(world):
    for number in range(MANY):
        day = 1 + number % 28
        world.dav.put(
            f"{world.extra}many-{number}.ics",
            event(f"many-{number}", f"Numéro {number}", start=f"203011{day:02}T080000Z",
                  end=f"203011{day:02}T083000Z"),
            match="*",
        )
    world.tb.call("refresh", world.extra)
    same(world.tb.call("count", world.extra), MANY, "items in the client")


def many_vanish(world):
    for number in range(0, MANY, 2):
        world.dav.delete(f"{world.extra}many-{number}.ics")
    world.tb.call("refresh", world.extra)
    same(world.tb.call("count", world.extra), MANY // 2, "items left in the client")


def series_client(world):
    text = event("series-client", "Point hebdomadaire", "RRULE:FREQ=WEEKLY;COUNT=6",
                 start="20301007T080000Z", end="20301007T090000Z")
    world.tb.call("add", world.events, text)
    _, body = world.on_server(world.events, "series-client")
    require("RRULE:FREQ=WEEKLY;COUNT=6" in body, f"no rule in {body!r}")
    same(len(instances(world, "series-client")), 6, "instances in the client")


def series_client_moves(world):
    world.tb.call("moveInstance", world.events, "series-client", "20301014T080000Z",
                  "20301015T130000Z", "20301015T140000Z")
    path, body = world.on_server(world.events, "series-client")
    require("RECURRENCE-ID:20301014T080000Z" in body, f"no override in {body!r}")
    require("DTSTART:20301015T130000Z" in body, f"the instance is not moved in {body!r}")
    world.tb.call("refresh", world.events)
    starts = instances(world, "series-client")
    require("20301015T130000Z" in starts and "20301014T080000Z" not in starts, f"saw {starts}")
    same(len(starts), 6, "instances in the client")
    require(path in world.dav.members(world.events), "the object is not listed")
    world.no_dialogs()


def series_client_removes(world):
    world.tb.call("removeInstance", world.events, "series-client", "20301021T080000Z",
                  "20301021T090000Z")
    _, body = world.on_server(world.events, "series-client")
    require("EXDATE" in body and "20301021T080000Z" in body, f"no EXDATE in {body!r}")
    world.tb.call("refresh", world.events)
    starts = instances(world, "series-client")
    require("20301021T080000Z" not in starts, f"saw {starts}")
    world.no_dialogs()


def series_server(world):
    text = paris_series("series-server", "Revue", RULE, MOVED)
    world.dav.put(world.events + "series-server.ics", text, match="*")
    world.tb.call("refresh", world.events)
    same(instances(world, "series-server"),
         ["20301014T070000Z", "20301022T130000Z", "20301028T080000Z", "20301104T080000Z"],
         "instances in UTC")


def series_server_moves(world):
    text = paris_series("series-server", "Revue", RULE, MOVED,
                        ("28", "20301029T100000", "20301029T110000"))
    world.dav.put(world.events + "series-server.ics", text)
    world.tb.call("refresh", world.events)
    same(instances(world, "series-server"),
         ["20301014T070000Z", "20301022T130000Z", "20301029T090000Z", "20301104T080000Z"],
         "instances in UTC")


def instances(world, uid):
    """Starts in UTC of one series as Thunderbird's views get them."""
    listed = world.tb.call("instances", world.events, "20301001T000000Z", "20301201T000000Z")
    return [one["start"] for one in listed if one["id"] == uid]
