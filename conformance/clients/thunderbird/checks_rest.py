"""REST beside the client: what a program makes there is seen here, and what a person changes here is seen there."""

from plain_rest import PlainRest
from world import PASSWORD, USER, require, same

PATCH = "application/merge-patch+json"


def run(world):
    """All checks with both."""
    check = world.check
    rest = check("rest-finds-collections", Rest, world)
    check("rest-event-arrives", event_arrives, world, rest, needs=["rest-finds-collections"])
    check("rest-event-changed-by-client", event_changed, world, rest, needs=["rest-event-arrives"])
    check("rest-event-changed-by-rest", event_changed_back, world, rest, needs=["rest-event-changed-by-client"])
    check("rest-event-removed-by-client", event_removed, world, rest, needs=["rest-event-arrives"])
    check("rest-task-arrives", task_arrives, world, rest, needs=["rest-finds-collections"])
    check("rest-contact-arrives", contact_arrives, world, rest, needs=["rest-finds-collections"])
    check("rest-contact-changed-by-client", contact_changed, world, rest, needs=["rest-contact-arrives"])


class Rest:
    """The API with the addresses of the collections under test, and what was told of changes so far."""

    def __init__(self, world):
        self.api = PlainRest(world.url, USER, PASSWORD)
        calendar = self.api.at("/calendars", world.events)
        self.calendar = f"/calendars/{calendar['id']}"
        self.tasks = f"/calendars/{self.api.at('/calendars', world.tasks)['id']}/tasks"
        self.contacts = f"/address-books/{self.api.at('/address-books', world.book)['id']}/contacts"
        self.token = calendar["syncToken"]
        self.event = self.contact = None

    def changes(self):
        """What changed in the calendar since it was asked last: id → whether it is gone."""
        told = self.api.ask("GET", f"{self.calendar}/changes?since={self.token}")
        self.token = told["token"]
        return {one["id"]: one["removed"] for one in told["changes"]}

    def read(self, path, media):
        """An item in a form of JSON."""
        return self.api.ask("GET", path, Accept=media)


def event_arrives(world, rest):
    new = {
        "@type": "Event", "uid": "rest-1", "title": "Né par un programme", "start": "2030-10-14T11:00:00", "timeZone": "Europe/Paris",
        "duration": "PT1H", "locations": {"1": {"@type": "Location", "name": "Salle Éluard"}},
    }  # fmt: skip
    made = rest.api.ask("POST", f"{rest.calendar}/events", new, Idempotency_Key="thunderbird")
    rest.event = f"{rest.calendar}/events/{made['id']}"
    same(rest.changes(), {made["id"]: False}, "changes told by REST")
    world.tb.call("refresh", world.events)
    held = world.tb.call("item", world.events, "rest-1")
    require(held, "not seen after the refresh")
    same((held["title"], held["start"], held["end"]),
         ("Né par un programme", "20301014T090000Z", "20301014T100000Z"), "title, start and end")
    world.no_dialogs()


def event_changed(world, rest):
    world.tb.call("modify", world.events, "rest-1", {"SUMMARY": "Changé par une personne"})
    world.tb.call("modify", world.events, "rest-1", {"start": "20301015T120000Z", "end": "20301015T123000Z"})
    same(rest.changes(), {rest.event.rpartition("/")[2]: False}, "changes told by REST")
    told = rest.read(rest.event, "application/jscalendar+json")
    same(told["title"], "Changé par une personne", "title by REST")
    same(told["duration"], "PT30M", "duration by REST")
    same([one["name"] for one in told["locations"].values()], ["Salle Éluard"], "place, which nobody touched")
    day = f"{rest.calendar}/events?expand=true&from=2030-10-15T00:00:00Z&to=2030-10-16T00:00:00Z&timeZone=Asia/Tokyo&fields=uid,start,end"
    found = [one for one in rest.api.all(day) if one["uid"] == "rest-1"]
    same([(one["start"], one["end"]) for one in found], [("2030-10-15T21:00:00", "2030-10-15T21:30:00")], "instances by REST")
    world.no_dialogs()


def event_changed_back(world, rest):
    rest.api.ask("PATCH", rest.event, {"title": "Encore un programme"}, PATCH)
    world.tb.call("refresh", world.events)
    held = world.tb.call("item", world.events, "rest-1")
    same((held["title"], held["start"]), ("Encore un programme", "20301015T120000Z"), "title and start in the client")
    world.no_dialogs()


def event_removed(world, rest):
    rest.changes()
    world.tb.call("remove", world.events, "rest-1")
    same(rest.changes(), {rest.event.rpartition("/")[2]: True}, "changes told by REST")
    same(rest.api.request("GET", rest.event).status, 404, "status by REST")


def task_arrives(world, rest):
    made = rest.api.ask("POST", rest.tasks, {"@type": "Task", "uid": "rest-task", "title": "Rapport"})
    world.tb.call("refresh", world.tasks)
    held = world.tb.call("item", world.tasks, "rest-task")
    require(held, "not seen after the refresh")
    same(held["title"], "Rapport", "title")
    world.tb.call("modify", world.tasks, "rest-task", {"SUMMARY": "Rapport annuel"})
    told = rest.read(f"{rest.tasks}/{made['id']}", "application/jscalendar+json")
    same(told["title"], "Rapport annuel", "title by REST")


def contact_arrives(world, rest):
    new = {"@type": "Card", "version": "1.0", "uid": "rest-card", "name": {"full": "Régine Reste"}, "emails": {"1": {"address": "r@example.org"}}}
    rest.contact = f"{rest.contacts}/{rest.api.ask('POST', rest.contacts, new)['id']}"
    world.tb.call("syncBook", world.book)
    held = world.tb.call("card", world.book, "rest-card")
    require(held, "not seen after the synchronisation")
    same((held["name"], held["emails"]), ("Régine Reste", ["r@example.org"]), "name and address")


def contact_changed(world, rest):
    world.tb.call("editCard", world.book, "rest-card", "r@example.org", "regine@example.org")
    told = rest.read(rest.contact, "application/jscontact+json")
    same([one["address"] for one in told["emails"].values()], ["regine@example.org"], "addresses by REST")
    found = rest.api.ask("GET", f"{rest.contacts}?q=regine&fields=uid")["items"]
    same([one["uid"] for one in found], ["rest-card"], "found by REST")
