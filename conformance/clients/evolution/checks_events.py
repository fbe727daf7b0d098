"""Events both ways: create, change, delete, series, names, fidelity (RFC 4791, 5545)."""

from datetime import datetime, timezone

from evolution import FAIL, OVERWRITE, ECal, GLib, ICalGLib
from world import event, eventually, in_zone, paris_series, require, same, unfold, vevent

#: Objects put on the server at once; more than two of EDS's multiget batches of 100.
MANY = 250
#: Events imported from one file.
IMPORTED = 40

RULE = "FREQ=WEEKLY;COUNT=4"
MOVED = ("21", "20301022T150000", "20301022T160000")
FROM = datetime(2030, 10, 1, tzinfo=timezone.utc)
TO = datetime(2030, 12, 1, tzinfo=timezone.utc)


def run(world):
    """All checks of events."""
    check = world.check
    check("event-client-create", client_create, world)
    check("event-client-change", client_change, world, needs=["event-client-create"])
    check("event-client-delete", client_delete, world, needs=["event-client-create"])
    check("event-client-time-zone", client_zone, world)
    check("event-client-all-day", client_all_day, world)
    check("event-server-create", server_create, world)
    check("event-server-change", server_change, world, needs=["event-server-create"])
    check("event-server-delete", server_delete, world, needs=["event-server-create"])
    check("event-foreign-properties-survive", foreign_properties, world)
    check("event-name-is-not-uid", odd_name, world)
    check("event-same-uid-again", same_uid_again, world)
    check("events-client-imports-many", imports_many, world)
    check("events-many-arrive", many, world)
    check("events-many-vanish", many_vanish, world, needs=["events-many-arrive"])
    check("series-client-create", series_client, world)
    check("series-client-moves-instance", series_client_moves, world,
          needs=["series-client-create"])
    check("series-client-removes-instance", series_client_removes, world,
          needs=["series-client-create"])
    check("series-server-moved-instance", series_server, world)
    check("conflict-fails-when-asked-to", conflict_fails, world)
    check("conflict-overwrites-by-default", conflict_overwrites, world)
    check("conflict-deleted-on-server", conflict_deleted, world)


def client_create(world):
    calendar = world.calendar(world.events)
    text = vevent(
        "client-1", "Comité d’été\\, étage 2", "LOCATION:Salle Éluard",
        "DESCRIPTION:Ligne une\\nLigne deux — avec un texte assez long pour être pliée",
        "CATEGORIES:Réunion,Travail",
        "BEGIN:VALARM", "X-EVOLUTION-ALARM-UID:a1", "ACTION:DISPLAY", "DESCRIPTION:Rappel",
        "TRIGGER:-PT15M", "END:VALARM",
    )
    same(calendar.add(text), "client-1", "UID")
    _, body = world.on_server(world.events, "client-1")
    require(body, "the server does not have it")
    for wanted in ["SUMMARY:Comité d’été\\, étage 2", "LOCATION:Salle Éluard", "20301014T090000Z",
                   "TRIGGER:-PT15M", "Ligne une\\nLigne deux"]:
        require(wanted in body, f"{wanted!r} is not in {body!r}")
    require("SUMMARY:Comité d’été\\, étage 2" in unfold(calendar.get("client-1")), "in the client")


def client_change(world):
    calendar = world.calendar(world.events)
    for title in ["Premier titre", "Deuxième titre"]:
        component = calendar.component("client-1")
        component.set_summary(title)
        calendar.change(component)
        _, body = world.on_server(world.events, "client-1")
        require(f"SUMMARY:{title}" in body, f"{title!r} is not in {body!r}")


def client_delete(world):
    calendar = world.calendar(world.events)
    path, _ = world.on_server(world.events, "client-1")
    calendar.remove("client-1")
    same(world.dav.get(path).status, 404, "status after the client's delete")
    same(calendar.get("client-1"), None, "event in the client")


def client_zone(world):
    calendar = world.calendar(world.events)
    zone = ICalGLib.Timezone.get_builtin_timezone("Europe/Paris")
    calendar.client.add_timezone_sync(zone, None)
    calendar.add(in_zone(vevent("client-zone", "À Paris"), zone.get_tzid()))
    path, body = world.on_server(world.events, "client-zone")
    require("BEGIN:VTIMEZONE" in body, f"no zone in {body!r}")
    found = world.dav.in_range(world.events, "VEVENT", "20301014T070000Z", "20301014T073000Z")
    require(path in found, "the server does not find it at seven o’clock UTC")
    found = world.dav.in_range(world.events, "VEVENT", "20301014T080001Z", "20301014T093000Z")
    require(path not in found, "the server finds it after eight o’clock UTC")


def client_all_day(world):
    calendar = world.calendar(world.events)
    text = vevent("all-day", "Congé", start="20301015", end="20301018")
    text = text.replace("DTSTART:", "DTSTART;VALUE=DATE:").replace("DTEND:", "DTEND;VALUE=DATE:")
    calendar.add(text)
    _, body = world.on_server(world.events, "all-day")
    require("DTSTART;VALUE=DATE:20301015" in body, f"DTSTART in {body!r}")
    require("DTEND;VALUE=DATE:20301018" in body, f"DTEND in {body!r}")


def server_create(world):
    calendar = world.calendar(world.events)
    world.dav.put(world.events + "server-1.ics", event("server-1", "Né sur le serveur"), match="*")
    text = world.seen(calendar, lambda: calendar.get("server-1"), "the new event")
    require("SUMMARY:Né sur le serveur" in unfold(text), f"saw {text!r}")


def server_change(world):
    calendar = world.calendar(world.events)
    world.dav.put(world.events + "server-1.ics",
                  event("server-1", "Changé sur le serveur", start="20301015T090000Z",
                        end="20301015T093000Z"))
    world.seen(calendar, lambda: "Changé sur le serveur" in unfold(calendar.get("server-1")),
               "the change")
    require("20301015T093000Z" in calendar.get("server-1"), "the end is not moved")


def server_delete(world):
    calendar = world.calendar(world.events)
    world.dav.delete(world.events + "server-1.ics")
    world.seen(calendar, lambda: calendar.get("server-1") is None, "the deletion")


def foreign_properties(world):
    foreign = [
        "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC",
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="Gare de Lyon":geo:48.844\\,2.373',
        "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",
        "X-MOZ-LASTACK:20300101T000000Z",
    ]
    calendar = world.calendar(world.events)
    world.dav.put(world.events + "foreign.ics", event("foreign", "Voyage", *foreign), match="*")
    world.seen(calendar, lambda: calendar.get("foreign"), "the event")
    component = calendar.component("foreign")
    component.set_summary("Voyage à Lyon")
    calendar.change(component)
    _, body = world.on_server(world.events, "foreign")
    require("SUMMARY:Voyage à Lyon" in body, "the change is not on the server")
    for line in foreign:
        name, value = line.split(":", 1)[0].split(";")[0], line.split(":", 1)[1]
        require(name in body and value in body, f"lost {line!r}: {body!r}")


def odd_name(world):
    calendar = world.calendar(world.events)
    path = world.events + "r%C3%A9union%20du%20lundi%20%40%209h%2C30.ics"
    world.dav.put(path, event("odd-name", "Nom libre"), match="*")
    world.seen(calendar, lambda: calendar.get("odd-name"), "the event")
    before = len(world.dav.members(world.events))
    component = calendar.component("odd-name")
    component.set_summary("Nom libre changé")
    calendar.change(component)
    require("Nom libre changé" in world.dav.get(path).body, "the change went elsewhere")
    same(len(world.dav.members(world.events)), before, "members after the change")
    calendar.remove("odd-name")
    same(world.dav.get(path).status, 404, "status after the delete")


def same_uid_again(world):
    calendar = world.calendar(world.events)
    for turn in range(3):
        calendar.add(vevent("again", f"Tour {turn}"))
        path, body = world.on_server(world.events, "again")
        require(body and f"Tour {turn}" in body, f"turn {turn} is not on the server")
        calendar.remove("again")
        same(world.dav.get(path).status, 404, f"status after delete {turn}")


def imports_many(world):
    calendar = world.calendar(world.extra)
    before = len(world.dav.members(world.extra))
    names = [f"import-{number}" for number in range(IMPORTED)]
    made = calendar.add_together([vevent(name, f"Importé {name}") for name in names])
    same(sorted(made), sorted(names), "UIDs")
    same(len(world.dav.members(world.extra)) - before, IMPORTED, "new members on the server")
    for name in names:
        calendar.remove(name)
    same(len(world.dav.members(world.extra)), before, "members at the end")


def many(world):
    calendar = world.calendar(world.extra)
    for number in range(MANY):
        day = 1 + number % 28
        world.dav.put(
            f"{world.extra}many-{number}.ics",
            event(f"many-{number}", f"Numéro {number}", start=f"203011{day:02}T080000Z",
                  end=f"203011{day:02}T083000Z"),
            match="*",
        )
    world.seen(calendar, lambda: calendar.count() == MANY, f"{MANY} events", 60)


def many_vanish(world):
    calendar = world.calendar(world.extra)
    for number in range(0, MANY, 2):
        world.dav.delete(f"{world.extra}many-{number}.ics")
    world.seen(calendar, lambda: calendar.count() == MANY // 2, "half of them gone", 60)


def instances(calendar, uid):
    return [start for name, start in calendar.instances(FROM, TO) if name == uid]


def series_client(world):
    calendar = world.calendar(world.events)
    calendar.add(vevent("series-client", "Point hebdomadaire", "RRULE:FREQ=WEEKLY;COUNT=6",
                        start="20301007T080000Z", end="20301007T090000Z"))
    _, body = world.on_server(world.events, "series-client")
    require("FREQ=WEEKLY;COUNT=6" in body, f"no rule in {body!r}")
    same(len(instances(calendar, "series-client")), 6, "instances in the client")


def series_client_moves(world):
    calendar = world.calendar(world.events)
    component = calendar.component("series-client")
    component.remove_property(component.get_first_property(ICalGLib.PropertyKind.RRULE_PROPERTY))
    component.set_recurrenceid(ICalGLib.Time.new_from_string("20301014T080000Z"))
    component.set_dtstart(ICalGLib.Time.new_from_string("20301015T130000Z"))
    component.set_dtend(ICalGLib.Time.new_from_string("20301015T140000Z"))
    calendar.change(component, ECal.ObjModType.THIS)
    _, body = world.on_server(world.events, "series-client")
    require("RECURRENCE-ID:20301014T080000Z" in body, f"no override in {body!r}")
    require("DTSTART:20301015T130000Z" in body, f"the instance is not moved in {body!r}")
    require("RRULE" in body, f"the rule is lost in {body!r}")
    starts = instances(calendar, "series-client")
    require("20301015T130000Z" in starts and "20301014T080000Z" not in starts, f"saw {starts}")


def series_client_removes(world):
    calendar = world.calendar(world.events)
    calendar.remove("series-client", "20301021T080000Z")
    _, body = world.on_server(world.events, "series-client")
    require("EXDATE" in body and "20301021T080000Z" in body, f"no EXDATE in {body!r}")
    starts = instances(calendar, "series-client")
    require("20301021T080000Z" not in starts, f"saw {starts}")


def series_server(world):
    calendar = world.calendar(world.events)
    path = world.events + "series-server.ics"
    world.dav.put(path, paris_series("series-server", "Revue", RULE), match="*")
    world.seen(calendar, lambda: calendar.get("series-server"), "the series")
    same(instances(calendar, "series-server"),
         ["20301014T070000Z", "20301021T070000Z", "20301028T080000Z", "20301104T080000Z"],
         "instances in UTC")
    world.dav.put(path, paris_series("series-server", "Revue", RULE, MOVED))
    wanted = ["20301014T070000Z", "20301022T130000Z", "20301028T080000Z", "20301104T080000Z"]
    world.seen(calendar, lambda: instances(calendar, "series-server") == wanted,
               "the moved instance")


def prepared(world, uid):
    """An event known to both sides, then changed on the server behind the client's back."""
    calendar = world.calendar(world.events)
    path = f"{world.events}{uid}.ics"
    world.dav.put(path, event(uid, "Commun"), match="*")
    world.seen(calendar, lambda: calendar.get(uid), "the event")
    world.dav.put(path, event(uid, "Version du serveur"))
    component = calendar.component(uid)
    component.set_summary("Version du client")
    return calendar, path, component


def conflict_fails(world):
    calendar, path, component = prepared(world, "conflict-fail")
    try:
        calendar.change(component, flags=FAIL)
    except GLib.Error as error:
        world.report.note(f"as wanted: {error.message}")
    else:
        require(False, "the stale change was accepted")
    require("SUMMARY:Version du serveur" in world.dav.get(path).body, "the server's was lost")
    world.seen(calendar, lambda: "Version du serveur" in unfold(calendar.get("conflict-fail")),
               "the server's version")


def conflict_overwrites(world):
    calendar, path, component = prepared(world, "conflict-over")
    calendar.change(component, flags=OVERWRITE)
    require("SUMMARY:Version du client" in world.dav.get(path).body, "the client's was lost")
    calendar.refresh()
    eventually(lambda: "Version du client" in unfold(calendar.get("conflict-over")),
               "the client's version stays")


def conflict_deleted(world):
    calendar, path, component = prepared(world, "conflict-gone")
    world.dav.delete(path)
    try:
        calendar.change(component, flags=FAIL)
    except GLib.Error as error:
        world.report.note(f"as wanted: {error.message}")
    else:
        require(False, "the stale change was accepted")
    same(world.dav.get(path).status, 404, "status: the stale change must create nothing")
    world.seen(calendar, lambda: calendar.get("conflict-gone") is None, "the deletion")
