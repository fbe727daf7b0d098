"""The caldav library of PyPI as a program uses it: what the server itself answers is checked.

The library's own repairs (client-side filters, client-side expansion, emulated sync tokens) are
turned off wherever it has a switch, since they would hide the server. RFC 4791, 5545, 6578, 3744.
"""

import os
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import caldav
from caldav.elements import dav, ical
from caldav.lib import error

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))

from plain_dav import PlainDav  # noqa: E402
from report import CheckFailed, Report, require, same  # noqa: E402

UTC = timezone.utc
PARIS = ZoneInfo("Europe/Paris")
RAW = {"post_filter": False, "compatibility_workarounds": False}


def vcalendar(*lines):
    """A VCALENDAR around the given lines."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//conformance//python-caldav//EN")
    return "\r\n".join((*head, *lines, "END:VCALENDAR", ""))


def component(kind, uid, *lines):
    """One component with the properties that each needs."""
    return (f"BEGIN:{kind}", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, f"END:{kind}")


def summaries(objects):
    """Sorted summaries of objects found."""
    return sorted(str(each.icalendar_component["SUMMARY"]) for each in objects)


def refused(action, *kinds):
    """Run `action`, which must raise one of `kinds`; the error."""
    try:
        action()
    except kinds as problem:
        return problem
    raise CheckFailed("was not refused")


class World:
    """The connection and the calendars that checks share."""

    def __init__(self):
        self.url = os.environ["CENACLE_URL"] + "/"
        self.client = self.connect("alice")
        self.principal = self.events = self.tasks = self.journals = None

    def connect(self, user, password=None):
        """A client for one user."""
        return caldav.DAVClient(self.url, username=user, password=password or f"{user}-secret")

    def bare_put(self, calendar, name, text):
        """A PUT of alice's whose bare answer is wanted: the library turns refusals into errors of its own."""
        plain = PlainDav(self.url, "alice", "alice-secret")
        return plain.request(
            "PUT", calendar.url.path + name, text, {"Content-Type": "text/calendar; charset=utf-8"}
        )

    def fresh(self, name, *components):
        """A new calendar of alice's."""
        return self.principal.make_calendar(
            name=name, supported_calendar_component_set=list(components) or None
        )


def discover(world):
    """From the server's root to the principal and its calendars."""
    world.principal = world.client.get_principal()
    names = [calendar.get_display_name() for calendar in world.principal.get_calendars()]
    require(len(names) >= 2, f"calendars: {names}")
    kinds = {
        kind for calendar in world.principal.get_calendars() for kind in calendar.get_supported_components()
    }
    require({"VEVENT", "VTODO"} <= kinds, f"components: {kinds}")
    require(world.client.supports_caldav(), "no calendar-access in the DAV header")


def make_calendars(world):
    """MKCALENDAR with a name and component sets, read back."""
    world.events = world.fresh("Événements & <fêtes>", "VEVENT")
    world.tasks = world.fresh("Tâches", "VTODO")
    world.journals = world.fresh("Journal", "VJOURNAL")
    same(world.events.get_display_name(), "Événements & <fêtes>", "displayname")
    same(world.events.get_supported_components(), ["VEVENT"], "components")
    same(world.journals.get_supported_components(), ["VJOURNAL"], "components")


def properties(world):
    """PROPPATCH of name, colour and order, read back with PROPFIND."""
    world.events.set_properties(
        [dav.DisplayName("Renommé"), ical.CalendarColor("#123456FF"), ical.CalendarOrder("7")]
    )
    found = world.events.get_properties([dav.DisplayName(), ical.CalendarColor(), ical.CalendarOrder()])
    same(found[dav.DisplayName.tag], "Renommé", "displayname")
    same(found[ical.CalendarColor.tag], "#123456FF", "calendar-color")
    same(found[ical.CalendarOrder.tag], "7", "calendar-order")


def event_round_trip(world):
    """An event comes back line for line, and by its UID."""
    text = vcalendar(
        *component(
            "VEVENT",
            "pc-one",
            "DTSTART;TZID=Europe/Paris:20261203T100000",
            "DTEND;TZID=Europe/Paris:20261203T110000",
            "SUMMARY:Réunion 🗓",
            "X-UNKNOWN;X-P=a:kept as it is",
            "CATEGORIES:WORK,PARIS",
        )
    )
    event = world.events.add_event(text)
    # The library sorts properties before it sends them; the lines must be the same all the same.
    seen = world.client.request(str(event.url)).raw
    same(sorted(seen.splitlines()), sorted(text.splitlines()), "lines of GET")
    found = world.events.get_event_by_uid("pc-one")
    require("X-UNKNOWN;X-P=a:kept as it is" in found.data, found.data)


def event_change(world):
    """Load, edit, save; a stale copy is refused by its ETag."""
    mine = world.events.get_event_by_uid("pc-one")
    stale = world.events.get_event_by_uid("pc-one")
    mine.load()
    stale.load()
    mine.icalendar_component["SUMMARY"] = "Changed by me"
    mine.save()
    stale.icalendar_component["SUMMARY"] = "Lost update"
    refused(stale.save, error.ETagMismatchError, error.ScheduleTagMismatchError)
    same(
        str(world.events.get_event_by_uid("pc-one").icalendar_component["SUMMARY"]),
        "Changed by me",
        "SUMMARY",
    )


def uid_conflict(world):
    """The same UID under another name is refused as such (RFC 4791 section 5.3.2.1)."""
    text = vcalendar(*component("VEVENT", "pc-one", "DTSTART:20261203T100000Z", "SUMMARY:Second"))
    answer = world.bare_put(world.events, "another-name.ics", text)
    require(answer.status in (403, 409), f"status {answer.status}")
    require("no-uid-conflict" in answer.body, answer.body)


def search_range(world):
    """Time-range on events of every kind, without the library's own filter."""
    for uid, lines in {
        "r-timed": ("DTSTART:20270310T100000Z", "DTEND:20270310T110000Z"),
        "r-allday": ("DTSTART;VALUE=DATE:20270310", "DTEND;VALUE=DATE:20270311"),
        "r-duration": ("DTSTART:20270310T120000Z", "DURATION:PT2H"),
        "r-instant": ("DTSTART:20270310T150000Z",),
        "r-before": ("DTSTART:20270309T100000Z", "DTEND:20270309T110000Z"),
        "r-after": ("DTSTART:20270312T100000Z", "DTEND:20270312T110000Z"),
        "r-old-series": ("DTSTART:19900310T200000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY"),
    }.items():
        world.events.add_event(vcalendar(*component("VEVENT", uid, *lines, f"SUMMARY:{uid}")))
    day = {"start": datetime(2027, 3, 10, tzinfo=UTC), "end": datetime(2027, 3, 11, tzinfo=UTC)}
    wanted = ["r-allday", "r-duration", "r-instant", "r-old-series", "r-timed"]
    same(summaries(world.events.search(event=True, **day, **RAW)), wanted, "found on the day")
    hour = {
        "start": datetime(2027, 3, 10, 13, 30, tzinfo=UTC),
        "end": datetime(2027, 3, 10, 13, 45, tzinfo=UTC),
    }
    same(
        summaries(world.events.search(event=True, **hour, **RAW)),
        ["r-allday", "r-duration"],
        "found in the quarter",
    )


def expand(world):
    """Expansion by the server: overrides, cancelled instances and a change to summer time."""
    world.events.add_event(
        vcalendar(
            *component(
                "VEVENT",
                "x-series",
                "DTSTART;TZID=Europe/Paris:20270322T090000",
                "DTEND;TZID=Europe/Paris:20270322T100000",
                "RRULE:FREQ=WEEKLY;COUNT=4",
                "EXDATE;TZID=Europe/Paris:20270405T090000",
                "SUMMARY:Weekly",
            ),
            *component(
                "VEVENT",
                "x-series",
                "RECURRENCE-ID;TZID=Europe/Paris:20270412T090000",
                "DTSTART;TZID=Europe/Paris:20270413T150000",
                "DTEND;TZID=Europe/Paris:20270413T160000",
                "SUMMARY:Weekly moved",
            ),
        )
    )
    start, end = datetime(2027, 3, 20, tzinfo=UTC), datetime(2027, 4, 20, tzinfo=UTC)
    found = world.events.search(
        event=True, start=start, end=end, expand=True, server_expand=True, summary="Weekly", **RAW
    )
    starts = sorted(each.icalendar_component["DTSTART"].dt.astimezone(UTC) for each in found)
    same(
        starts,
        [
            datetime(2027, 3, 22, 8, tzinfo=UTC),
            datetime(2027, 3, 29, 7, tzinfo=UTC),
            datetime(2027, 4, 13, 13, tzinfo=UTC),
        ],
        "starts",
    )
    require(
        all("RECURRENCE-ID" in each.icalendar_component for each in found),
        "an instance without RECURRENCE-ID",
    )
    require(not any("RRULE" in each.icalendar_component for each in found), "RRULE in an instance")


def one_instance(world):
    """Change one instance of a series through the library; the others stay."""
    start, end = datetime(2027, 3, 22, tzinfo=PARIS), datetime(2027, 3, 23, tzinfo=PARIS)
    (instance,) = world.events.search(
        event=True, start=start, end=end, expand=True, server_expand=True, summary="Weekly", **RAW
    )
    instance.icalendar_component["SUMMARY"] = "Only this one"
    instance.save(only_this_recurrence=True)
    text = world.events.get_event_by_uid("x-series").data
    same(text.count("BEGIN:VEVENT"), 3, "components")
    require("SUMMARY:Only this one" in text and "RRULE:" in text, text)


def search_text(world):
    """Property filters: substring, category, undefined, and a UID that is not there."""
    same(len(world.events.search(event=True, summary="nged by", **RAW)), 1, "SUMMARY, a part of it")
    same(len(world.events.search(event=True, summary="changed BY", **RAW)), 0, "SUMMARY by octets, another case")
    searcher = world.events.searcher(event=True)
    searcher.add_property_filter("SUMMARY", "changed BY", case_sensitive=False)
    same(len(searcher.search(**RAW)), 1, "SUMMARY, another case")
    same(len(world.events.search(event=True, category="PARIS", **RAW)), 1, "CATEGORIES, second value")
    same(len(world.events.search(event=True, uid="x-series", **RAW)), 1, "UID")
    without = world.events.search(event=True, no_category=True, **RAW)
    require(without and not any("CATEGORIES" in each.data for each in without), "is-not-defined")
    refused(lambda: world.events.get_event_by_uid("no-such-uid"), error.NotFoundError)


def free_busy(world):
    """free-busy-query: transparent and cancelled time is free, a series is there with its moved instance."""
    calendar = world.fresh("Free-busy", "VEVENT")
    for uid, lines in {
        "fb-busy": ("DTSTART:20270501T080000Z", "DTEND:20270501T090000Z"),
        "fb-free": ("DTSTART:20270501T100000Z", "DTEND:20270501T110000Z", "TRANSP:TRANSPARENT"),
        "fb-gone": ("DTSTART:20270501T120000Z", "DTEND:20270501T130000Z", "STATUS:CANCELLED"),
        "fb-series": ("DTSTART:20270401T140000Z", "DTEND:20270401T150000Z", "RRULE:FREQ=DAILY"),
    }.items():
        calendar.add_event(vcalendar(*component("VEVENT", uid, *lines, f"SUMMARY:{uid}")))
    answer = calendar.freebusy_request(datetime(2027, 5, 1, tzinfo=UTC), datetime(2027, 5, 2, tzinfo=UTC))
    text = answer.data.replace("\r\n ", "").replace("\n ", "")
    require("SUMMARY" not in text, "a summary in free-busy")
    periods = {
        period.split("/")[0]
        for line in text.splitlines()
        if line.startswith("FREEBUSY")
        for period in line.rsplit(":", 1)[1].split(",")
    }
    same(periods, {"20270501T080000Z", "20270501T140000Z"}, "busy periods begin at")


def todos(world):
    """Tasks: pending ones, one completed, due in a range, a recurring one."""
    for uid, lines in {
        "t-plain": (),
        "t-due": ("DUE:20270601T120000Z",),
        "t-done": ("STATUS:COMPLETED", "COMPLETED:20270101T000000Z"),
        "t-day": ("DTSTART;VALUE=DATE:20270602", "DUE;VALUE=DATE:20270603"),
        "t-daily": ("DTSTART:20270501T100000Z", "DUE:20270501T110000Z", "RRULE:FREQ=DAILY;COUNT=60"),
    }.items():
        world.tasks.add_todo(vcalendar(*component("VTODO", uid, *lines, f"SUMMARY:{uid}")))
    same(summaries(world.tasks.get_todos()), ["t-daily", "t-day", "t-due", "t-plain"], "pending")
    # The first of June in Paris: a calendar without a zone has that of its owner, in whose time the 2nd begins at 22:00 UTC.
    range_ = {"start": datetime(2027, 5, 31, 22, tzinfo=UTC), "end": datetime(2027, 6, 1, 22, tzinfo=UTC)}
    found = world.tasks.search(todo=True, include_completed=True, **range_, **RAW)
    # A task without any date is in every range (RFC 4791 section 9.9); one with COMPLETED alone
    # is in those that its completion comes after or falls in.
    same(summaries(found), ["t-daily", "t-due", "t-plain"], "in the range")
    world.tasks.get_todo_by_uid("t-due").complete()
    same(summaries(world.tasks.get_todos()), ["t-daily", "t-day", "t-plain"], "pending after completion")


def todo_relations(world):
    """RELATED-TO between tasks, both ways."""
    world.tasks.add_todo(vcalendar(*component("VTODO", "t-parent", "SUMMARY:Parent")))
    world.tasks.add_todo(vcalendar(*component("VTODO", "t-child", "SUMMARY:Child")), parent=["t-parent"])
    child = world.tasks.get_todo_by_uid("t-child")
    relatives = child.get_relatives(reltypes={"PARENT"})
    same([str(each.icalendar_component["UID"]) for each in relatives["PARENT"]], ["t-parent"], "parents")


def journals(world):
    """Journal entries, found by day; an event is refused by a journal."""
    world.journals.add_journal(
        vcalendar(*component("VJOURNAL", "j-one", "DTSTART;VALUE=DATE:20270701", "SUMMARY:Premier"))
    )
    world.journals.add_journal(
        vcalendar(*component("VJOURNAL", "j-two", "DTSTART:20270702T100000Z", "SUMMARY:Second"))
    )
    same(summaries(world.journals.get_journals()), ["Premier", "Second"], "entries")
    range_ = {"start": datetime(2027, 7, 1, tzinfo=UTC), "end": datetime(2027, 7, 2, tzinfo=UTC)}
    same(summaries(world.journals.search(journal=True, **range_, **RAW)), ["Premier"], "in the range")
    text = vcalendar(*component("VEVENT", "j-no", "DTSTART:20270701T100000Z", "SUMMARY:No"))
    answer = world.bare_put(world.journals, "j-no.ics", text)
    require(
        answer.status == 403 and "supported-calendar-component" in answer.body,
        f"{answer.status} {answer.body}",
    )


def sync_tokens(world):
    """RFC 6578: created, changed, deleted, and nothing twice."""
    calendar = world.fresh("Sync", "VEVENT")
    for number in range(5):
        calendar.add_event(
            vcalendar(*component("VEVENT", f"s-{number}", "DTSTART:20270801T100000Z", f"SUMMARY:s-{number}"))
        )
    mine = calendar.get_objects_by_sync_token(load_objects=True, disable_fallback=True)
    same(len(mine), 5, "members at first")
    idle = calendar.get_objects_by_sync_token(mine.sync_token, disable_fallback=True)
    same(len(idle), 0, "changes when nothing changed")
    calendar.add_event(vcalendar(*component("VEVENT", "s-new", "DTSTART:20270801T100000Z", "SUMMARY:s-new")))
    changed = calendar.get_event_by_uid("s-1")
    changed.icalendar_component["SUMMARY"] = "s-1 changed"
    changed.save()
    calendar.get_event_by_uid("s-2").delete()
    updated, deleted = mine.sync()
    same(summaries(updated), ["s-1 changed", "s-new"], "updated")
    same(len(deleted), 1, "deleted")
    same(mine.sync(), ([], []), "a second time")


def sync_foreign_token(world):
    """A token that the server never gave is refused with valid-sync-token."""
    problem = refused(
        lambda: world.events.get_objects_by_sync_token(
            "http://example.org/never-given/1", disable_fallback=True
        ),
        error.DAVError,
    )
    require(
        "valid-sync-token" in f"{problem} {getattr(problem, 'preconditions', '')}", f"refused with {problem}"
    )


def multiget(world):
    """calendar-multiget of two members and one that is not there."""
    urls = [each.url for each in world.events.get_events()[:2]]
    found = list(world.events.multiget([*urls, world.events.url.join("missing.ics")]))
    same(sorted(str(each.url) for each in found if each.data), sorted(map(str, urls)), "found")


def move_between_calendars(world):
    """An event deleted here may be stored under the same UID again, many times."""
    text = vcalendar(*component("VEVENT", "again", "DTSTART:20270901T100000Z", "SUMMARY:again"))
    for _ in range(5):
        world.events.add_event(text).delete()
    other = world.fresh("Other", "VEVENT")
    other.add_event(text)
    same(summaries(other.get_events()), ["again"], "in the other calendar")


def all_day_types(world):
    """Dates stay dates."""
    event = world.events.add_event(
        dtstart=date(2027, 10, 1), dtend=date(2027, 10, 3), summary="Two days", uid="two-days"
    )
    event.load()
    same(
        event.icalendar_component["DTEND"].dt - event.icalendar_component["DTSTART"].dt,
        timedelta(days=2),
        "length",
    )
    same(event.icalendar_component["DTSTART"].dt, date(2027, 10, 1), "DTSTART")


def principal_search(world):
    """Other people are found by name (RFC 3744 section 9.4)."""
    found = world.client.search_principals(name="Bob")
    require(any("bob" in str(each.url) for each in found), f"found {[str(each.url) for each in found]}")


def addresses(world):
    """The principal's own address."""
    found = [str(each) for each in world.principal.calendar_user_address_set()]
    require("mailto:alice@example.org" in found, f"addresses: {found}")


def privacy(world):
    """Bob sees nothing of alice's and cannot write there."""
    bob = world.connect("bob")
    mine = [str(calendar.url) for calendar in bob.get_principal().get_calendars()]
    require(not any("alice" in url for url in mine), f"bob's calendars: {mine}")
    text = vcalendar(*component("VEVENT", "evil", "DTSTART:20270901T100000Z", "SUMMARY:evil"))
    plain, path = PlainDav(world.url, "bob", "bob-secret"), world.events.url.path
    for method, target in (("PUT", path + "evil.ics"), ("GET", path), ("PROPFIND", path), ("DELETE", path)):
        answer = plain.request(method, target, text if method == "PUT" else None)
        require(answer.status in (403, 404), f"{method} by bob was answered {answer.status}")


def wrong_password(world):
    """A wrong password is refused as such."""
    refused(
        lambda: world.connect("alice", "not-the-secret").get_principal().get_calendars(),
        error.AuthorizationError,
    )


def delete_calendar(world):
    """A deleted calendar is gone, and its name is free."""
    for _ in range(2):
        calendar = world.principal.make_calendar(name="Short-lived", cal_id="short-lived")
        calendar.delete()
        require(
            not any("short-lived" in str(each.url) for each in world.principal.get_calendars()),
            "still listed",
        )


CHECKS = (
    ("discover", discover, ()),
    ("make-calendars", make_calendars, ("discover",)),
    ("properties", properties, ("make-calendars",)),
    ("event-round-trip", event_round_trip, ("make-calendars",)),
    ("event-change-and-conflict", event_change, ("event-round-trip",)),
    ("uid-conflict", uid_conflict, ("event-round-trip",)),
    ("search-time-range", search_range, ("make-calendars",)),
    ("search-expand", expand, ("make-calendars",)),
    ("change-one-instance", one_instance, ("search-expand",)),
    ("search-text", search_text, ("event-change-and-conflict", "search-expand")),
    ("free-busy", free_busy, ("make-calendars",)),
    ("todos", todos, ("make-calendars",)),
    ("todo-relations", todo_relations, ("make-calendars",)),
    ("journals", journals, ("make-calendars",)),
    ("sync-tokens", sync_tokens, ("make-calendars",)),
    ("sync-foreign-token", sync_foreign_token, ("make-calendars",)),
    ("multiget", multiget, ("search-time-range",)),
    ("same-uid-again", move_between_calendars, ("make-calendars",)),
    ("all-day", all_day_types, ("make-calendars",)),
    ("principal-search", principal_search, ("discover",)),
    ("user-addresses", addresses, ("discover",)),
    ("privacy", privacy, ("make-calendars",)),
    ("wrong-password", wrong_password, ()),
    ("delete-calendar", delete_calendar, ("discover",)),
)


def main():
    """Every check in order."""
    report, world = Report(), World()
    for name, function, needs in CHECKS:
        report.check(name, function, world, needs=needs)


if __name__ == "__main__":
    main()
