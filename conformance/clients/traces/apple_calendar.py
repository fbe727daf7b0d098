"""iOS and macOS calendars and reminders, from setting up the account to a day of changes.

RFC 4791, 5397, 6578, 6638 (If-Schedule-Tag-Match), 7240 and 8144 (Prefer), calendarserver-ctag, and
Apple's own properties. Bodies are spelled as these programs spell them.
"""

from report import require, same

from apple_items import ALARM, HOME_PROPERTIES, LUNCH, MEETING, PRINCIPAL_PROPERTIES, REMINDER
from bodies import PARIS, XML, apple, apple_propfind, apple_proppatch, escaped, event, vcalendar
from wire import Device, decoded, tag

IOS = {
    "User_Agent": "iOS/18.1.1 (22B91) dataaccessd/1.0",
    "Brief": "t",
    "Prefer": "return=minimal",
    "Accept": "*/*",
}
XML_TYPE = {"Content_Type": "text/xml"}


class AppleCalendar:
    """One iPhone of alice's and what it has learnt so far."""

    def __init__(self, url):
        self.device = Device(url, "alice", **IOS)
        self.mac = Device(url, "alice", User_Agent="macOS/14.6 (23G80) CalendarAgent/988", Accept="*/*")
        self.principal = self.home = self.calendar = self.inbox = None
        self.collections = {}
        self.token = ""

    def propfind(self, path, *names, depth="0", device=None, **headers):
        """A PROPFIND as the phone sends it."""
        body = apple_propfind(*names)
        return (device or self.device).ask(
            "PROPFIND", path, body, expect={207}, Depth=depth, **XML_TYPE, **headers
        )

    def proppatch(self, path, *elements):
        """A PROPPATCH as the phone sends it."""
        return self.device.ask("PROPPATCH", path, apple_proppatch(*elements), **XML_TYPE)

    def put(self, path, text, **headers):
        """A PUT as the phone sends it."""
        return self.device.ask("PUT", path, text, Content_Type="text/calendar", **headers)

    def set_up(self):
        """The principal is found from the well-known address; OPTIONS and its properties suit the phone."""
        body = apple_propfind("D:current-user-principal", "D:principal-URL", "D:resourcetype")
        answer, _ = self.device.follow("PROPFIND", "/.well-known/caldav", body, Depth="0", **XML_TYPE)
        (self.principal,) = answer.only().hrefs("D:current-user-principal")
        dav = self.device.ask("OPTIONS", self.principal, expect={200, 204}).dav
        require({"1", "3", "access-control", "calendar-access"} <= dav, f"DAV: {dav}")
        found = self.propfind(self.principal, *PRINCIPAL_PROPERTIES).only()
        require(not found.missing, f"return=minimal, yet a propstat for {found.missing}")
        homes = found.hrefs("C:calendar-home-set")
        same(len(homes), 1, "homes: Apple's programs take the first as the account")
        (self.home,) = homes
        same(found.hrefs("D:principal-URL"), [self.principal], "principal-URL")
        addresses = [
            each.text for each in found.found[tag("C:calendar-user-address-set")].iter(tag("D:href"))
        ]
        require("mailto:alice@example.org" in addresses, f"addresses {addresses}")
        (self.inbox,) = found.hrefs("C:schedule-inbox-URL")
        require(found.hrefs("C:schedule-outbox-URL"), "no outbox")
        require(
            found.holds("D:supported-report-set", "D:principal-property-search"),
            "no principal-property-search",
        )

    def search_properties(self):
        """REPORT principal-search-property-set on the principal collection."""
        (collection, *_) = (
            self.propfind(self.principal, "D:principal-collection-set")
            .only()
            .hrefs("D:principal-collection-set")
        )
        body = XML + apple("D:principal-search-property-set")
        answer = self.device.ask("REPORT", collection, body, expect={200}, Depth="0", **XML_TYPE)
        same(answer.root().tag, tag("D:principal-search-property-set"), "root")
        require(answer.root().find(f".//{tag('D:displayname')}") is not None, "displayname is not searchable")

    def home_minimal(self):
        """The 41 properties at Depth 1 with Brief and return=minimal: nothing about what is not there."""
        answer = self.propfind(self.home, *HOME_PROPERTIES, depth="1")
        self.collections = answer.responses()
        require(self.home in self.collections, "the home itself is not in the answer")
        for path, each in self.collections.items():
            require(not each.missing, f"{path}: return=minimal, yet a propstat for {each.missing}")
            require(path.endswith("/"), f"{path}: a collection without a slash")
        require(
            self.collections[self.home].text("CS:getctag"), "no getctag on the home: iOS never refreshes then"
        )
        calendars = [
            each for each in self.collections.values() if tag("C:calendar") in each.children("D:resourcetype")
        ]
        require(calendars, "no calendar")
        kinds = set()
        for each in calendars:
            components = [comp.get("name") for comp in each.found[tag("C:supported-calendar-component-set")]]
            same(len(components), 1, f"component types of {each.path}: Apple's programs want one a calendar")
            kinds.update(components)
            for name in ("D:displayname", "CS:getctag", "D:sync-token"):
                require(each.text(name), f"{each.path}: empty {name}")
            same(each.hrefs("D:owner"), [self.principal], f"owner of {each.path}")
            require(each.holds("D:current-user-privilege-set", "D:write"), f"{each.path}: no write privilege")
            for report in ("D:sync-collection", "C:calendar-multiget", "C:calendar-query"):
                require(each.holds("D:supported-report-set", report), f"{each.path}: no {report}")
        same(kinds, {"VEVENT", "VTODO"}, "component types of a new account")
        self.calendar = next(
            each.path
            for each in calendars
            if each.found[tag("C:supported-calendar-component-set")][0].get("name") == "VEVENT"
        )

    def home_full(self):
        """The same without Brief and Prefer: what is not there stands in a 404 propstat; the whole is no error."""
        answer = self.propfind(self.home, *HOME_PROPERTIES, depth="1", Brief=None, Prefer=None)
        for path, each in answer.responses().items():
            same(len(each.found) + len(each.missing), len(HOME_PROPERTIES), f"properties answered for {path}")
            require(tag("ME:guardian-restricted") in each.missing, f"{path}: an unknown property is not 404")

    def default_alarms(self):
        """PROPPATCH of default alarms on the home and on the calendar: no 5xx; what was taken is kept."""
        for path in (self.home, self.calendar):
            for name in ("C:default-alarm-vevent-datetime", "C:default-alarm-vevent-date"):
                answer = self.proppatch(path, apple(name, escaped(ALARM)))
                require(answer.status in (204, 207), f"PROPPATCH {path}: {answer.status}")
                if answer.status == 204 or tag(name) in answer.only().found:
                    kept = self.propfind(path, name).only().text(name)
                    same(kept.split(), ALARM.split(), f"{name} of {path}")
        require(
            self.propfind(self.calendar, "C:default-alarm-vevent-date").only().found,
            "not kept on the calendar",
        )

    def colour_and_order(self):
        """Colour with its symbolic-color attribute, order, and a name with signs, kept as sent."""
        colour = '<D:calendar-color xmlns:D="http://apple.com/ns/ical/" symbolic-color="custom">#FF2968FF</D:calendar-color>'
        name = "Famille & <amis> 👪"
        answer = self.proppatch(
            self.calendar, colour, apple("I:calendar-order", "3"), apple("D:displayname", escaped(name))
        )
        same(answer.status, 204, "PROPPATCH with return=minimal (RFC 8144 2.2)")
        found = self.propfind(self.calendar, "I:calendar-color", "I:calendar-order", "D:displayname").only()
        same(found.text("I:calendar-color"), "#FF2968FF", "calendar-color")
        same(found.found[tag("I:calendar-color")].get("symbolic-color"), "custom", "symbolic-color")
        same(found.text("I:calendar-order"), "3", "calendar-order")
        same(found.text("D:displayname"), name, "displayname")

    def make_calendar(self):
        """macOS makes a calendar with everything at once; every property is there afterwards."""
        path = self.home + "7B7E9E0C-MACOS/"
        zone = escaped(vcalendar(*PARIS))
        colour = '<D:calendar-color xmlns:D="http://apple.com/ns/ical/" symbolic-color="orange">#FF9500FF</D:calendar-color>'
        sent = (
            apple("I:calendar-order", "12")
            + colour
            + apple("D:displayname", "Chantier")
            + apple("C:calendar-free-busy-set", apple("C:YES"))
            + apple("C:calendar-timezone", zone)
            + apple("C:schedule-calendar-transp", apple("C:opaque"))
            + apple(
                "C:supported-calendar-component-set",
                '<B:comp xmlns:B="urn:ietf:params:xml:ns:caldav" name="VEVENT"/>',
            )
        )
        body = XML + apple("C:mkcalendar", apple("D:set", apple("D:prop", sent)))
        self.mac.ask("MKCALENDAR", path, body, expect={201}, **XML_TYPE)
        names = (
            "I:calendar-order",
            "I:calendar-color",
            "D:displayname",
            "C:calendar-timezone",
            "C:schedule-calendar-transp",
        )
        found = self.propfind(
            path, *names, "C:supported-calendar-component-set", "D:resourcetype", "C:calendar-free-busy-set"
        ).only()
        same(
            [found.text("I:calendar-order"), found.text("D:displayname")],
            ["12", "Chantier"],
            "order and name",
        )
        same(found.found[tag("I:calendar-color")].get("symbolic-color"), "orange", "symbolic-color")
        require("TZID:Europe/Paris" in found.text("C:calendar-timezone"), "calendar-timezone")
        require(found.holds("C:schedule-calendar-transp", "C:opaque"), "schedule-calendar-transp")
        require(
            found.holds("C:calendar-free-busy-set", "C:YES"),
            "calendar-free-busy-set, sent to the calendar, is lost",
        )
        same(
            [each.get("name") for each in found.found[tag("C:supported-calendar-component-set")]],
            ["VEVENT"],
            "components",
        )
        again = self.mac.ask("MKCALENDAR", path, body, expect={403, 405, 409}, **XML_TYPE)
        require(
            again.status == 405 or again.says("D:resource-must-be-null"),
            f"a second time: {again.status} {again.text[:200]}",
        )

    def put_new(self):
        """A new event with Apple's properties; an ETag means that the very bytes are kept."""
        path = self.calendar + "5C2F8F5B-3C55-4C2E-9D6B-1B8F0A6E0001.ics"
        answer = self.put(path, LUNCH, If_None_Match="*")
        same(answer.status, 201, "PUT")
        got = self.device.ask("GET", path, expect={200})
        same(got.text, LUNCH, "GET after PUT")
        require(got.headers["content-type"].lower().startswith("text/calendar"), got.headers["content-type"])
        etag = answer.headers.get("etag")
        require(etag and etag.startswith('"'), f"no strong ETag: {etag}")
        same(got.headers["etag"], etag, "ETag of GET")
        same(self.propfind(path, "D:getetag").only().text("D:getetag"), etag, "getetag")
        same(self.put(path, LUNCH, If_None_Match="*").status, 412, "PUT again with If-None-Match")

    def sync(self, path, token):
        """One sync-collection as iOS sends it: (changed paths, gone paths, token)."""
        first = apple("D:sync-token", token) + apple("D:sync-level", "1")
        body = XML + apple(
            "D:sync-collection", first + apple("D:prop", apple("D:getetag") + apple("D:getcontenttype"))
        )
        answer = self.device.ask("REPORT", path, body, expect={207}, **XML_TYPE)
        found = answer.responses()
        gone = {path for path, each in found.items() if each.status == 404}
        return {path: each for path, each in found.items() if path not in gone}, gone, answer.token()

    def first_sync(self):
        """The first sync lists every member with its ETag and type, and gives a token; then nothing is new."""
        for number in range(25):
            path = f"{self.calendar}apple-{number}.ics"
            same(
                self.put(path, event(f"apple-{number}", f"Event {number}"), If_None_Match="*").status,
                201,
                "PUT",
            )
        changed, gone, self.token = self.sync(self.calendar, "")
        same((len(changed), gone), (26, set()), "members at first")
        for each in changed.values():
            require(each.text("D:getcontenttype").startswith("text/calendar"), each.text("D:getcontenttype"))
        same(self.sync(self.calendar, self.token), ({}, set(), self.token), "when nothing changed")

    def multiget(self):
        """A multiget of everything, asking also for what is not there; a missing href has its own 404."""
        changed, _, _ = self.sync(self.calendar, "")
        missing = self.calendar + "not-there.ics"
        names = ("D:getetag", "C:calendar-data", "C:schedule-tag", "CS:created-by", "CS:updated-by")
        hrefs = "".join(apple("D:href", escaped(path)) for path in [*changed, missing])
        body = XML + apple("C:calendar-multiget", apple("D:prop", "".join(map(apple, names))) + hrefs)
        answer = self.device.ask("REPORT", self.calendar, body, expect={207}, **XML_TYPE)
        found = answer.responses()
        same(set(found), {*changed, missing}, "paths")
        same(found[missing].status, 404, "status of the missing one")
        for path, each in changed.items():
            same(found[path].text("D:getetag"), each.text("D:getetag"), f"ETag of {path}")
        text = found[self.calendar + "5C2F8F5B-3C55-4C2E-9D6B-1B8F0A6E0001.ics"].text("C:calendar-data")
        # XML turns CRLF into LF unless it is escaped; clients read both.
        same(text.replace("\r\n", "\n"), LUNCH.replace("\r\n", "\n"), "calendar-data")

    def poll(self):
        """CTags of the calendar and of the home stay while nothing changes, and both change with a member."""

        def ctags():
            return [
                self.propfind(path, "CS:getctag").only().text("CS:getctag")
                for path in (self.home, self.calendar)
            ]

        before = ctags()
        same(ctags(), before, "CTags without a change")
        same(self.put(self.calendar + "poll.ics", event("poll", "Poll")).status, 201, "PUT")
        after = ctags()
        require(before[0] != after[0], "the home's CTag did not change")
        require(before[1] != after[1], "the calendar's CTag did not change")

    def update_and_delete(self):
        """If-Match: 204 with the right ETag, 412 with an old one; a deletion is told by the next sync."""
        _, _, token = self.sync(self.calendar, "")
        path = self.calendar + "apple-1.ics"
        old = self.device.ask("GET", path, expect={200}).headers["etag"]
        same(self.put(path, event("apple-1", "Changed"), If_Match=old).status, 204, "PUT with the right ETag")
        same(self.put(path, event("apple-1", "Lost"), If_Match=old).status, 412, "PUT with an old ETag")
        same(self.device.ask("DELETE", path, If_Match=old).status, 412, "DELETE with an old ETag")
        new = self.device.ask("GET", path, expect={200}).headers["etag"]
        require(new != old, "the ETag did not change")
        same(self.device.ask("DELETE", path, If_Match=new).status, 204, "DELETE")
        changed, gone, _ = self.sync(self.calendar, token)
        same((set(changed), gone), (set(), {path}), "sync after the deletion")

    def schedule_tag_wrong(self):
        """If-Schedule-Tag-Match with a tag that is not the object's: 412, and nothing is changed."""
        path = self.calendar + "meeting.ics"
        same(self.put(path, MEETING, If_None_Match="*").status, 201, "PUT")
        other = MEETING.replace("SUMMARY:Meeting", "SUMMARY:Lost")
        same(self.put(path, other, If_Schedule_Tag_Match='"another"').status, 412, "PUT with another tag")
        same(self.device.ask("GET", path, expect={200}).text, MEETING, "GET")

    def schedule_tag(self):
        """Schedule-Tag as property and header; PUT with the right one is 204 (RFC 6638 section 3.2.10)."""
        path, name = self.calendar + "meeting.ics", "C:schedule-tag"
        first = self.propfind(path, name).only().text(name)
        require(first.startswith('"'), f"schedule-tag {first!r}")
        same(self.device.ask("GET", path).headers.get("schedule-tag"), first, "Schedule-Tag of GET")
        moved = MEETING.replace("T090000Z", "T130000Z").replace("T100000Z", "T140000Z")
        same(self.put(path, moved, If_Schedule_Tag_Match=first).status, 204, "PUT with the right tag")

    def inbox_polled(self):
        """The inbox answers as a collection, at Depth 1 and for its availability."""
        found = self.propfind(
            self.inbox, "D:getetag", "D:getcontenttype", "D:resourcetype", depth="1"
        ).responses()
        require(
            tag("C:schedule-inbox") in found[self.inbox].children("D:resourcetype"),
            "not of type schedule-inbox",
        )
        self.propfind(self.inbox, "C:calendar-availability")

    def expand_property(self):
        """macOS asks for delegates of the principal by expand-property (RFC 3253, calendar-proxy)."""
        inner = (
            '<A:property xmlns:A="DAV:" name="displayname"/><A:property xmlns:A="DAV:" name="principal-URL"/>'
        )
        names = ("calendar-proxy-read-for", "calendar-proxy-write-for")
        listed = "".join(
            f'<A:property xmlns:A="DAV:" name="{name}" namespace="http://calendarserver.org/ns/">{inner}</A:property>'
            for name in names
        )
        body = XML + apple("D:expand-property", listed)
        answer = self.mac.ask("REPORT", self.principal, body, expect={207}, Depth="0", **XML_TYPE)
        require(self.principal in answer.responses(), "the principal is not in the answer")

    def from_today(self):
        """iOS windows: calendar-query with an open end keeps what is later and every endless series."""
        old = event("apple-old", "Old", start="20200101T090000Z", end="20200101T100000Z")
        series = event(
            "apple-series", "Series", "RRULE:FREQ=MONTHLY", start="19990101T090000Z", end="19990101T100000Z"
        )
        for name, text in (("apple-old", old), ("apple-series", series)):
            same(self.put(f"{self.calendar}{name}.ics", text, If_None_Match="*").status, 201, "PUT")
        window = '<B:time-range xmlns:B="urn:ietf:params:xml:ns:caldav" start="20261001T000000Z"/>'
        inner = (
            f'<B:comp-filter xmlns:B="urn:ietf:params:xml:ns:caldav" name="VEVENT">{window}</B:comp-filter>'
        )
        outer = (
            f'<B:comp-filter xmlns:B="urn:ietf:params:xml:ns:caldav" name="VCALENDAR">{inner}</B:comp-filter>'
        )
        asked = apple("D:prop", apple("D:getetag") + apple("D:getcontenttype")) + apple("C:filter", outer)
        answer = self.device.ask(
            "REPORT", self.calendar, XML + apple("C:calendar-query", asked), Depth="1", **XML_TYPE
        )
        found = answer.responses()
        require(self.calendar + "apple-series.ics" in found, "the endless series is missing")
        require(self.calendar + "apple-old.ics" not in found, "an old event is in the window")
        require(self.calendar + "apple-2.ics" in found, "a later event is missing")

    def reminders(self):
        """Reminders: a task with a place alarm, kept to the byte; an event does not belong into the list."""
        tasks = next(
            path
            for path, each in self.collections.items()
            if each.has("C:supported-calendar-component-set")
            and each.found[tag("C:supported-calendar-component-set")][0].get("name") == "VTODO"
        )
        path = tasks + "A1-REMINDER.ics"
        same(self.put(path, REMINDER, If_None_Match="*").status, 201, "PUT")
        same(self.device.ask("GET", path, expect={200}).text, REMINDER, "GET")
        answer = self.put(tasks + "event.ics", event("not-here", "Not here"))
        require(
            answer.status == 403 and answer.says("C:supported-calendar-component"),
            f"{answer.status} {answer.text[:200]}",
        )

    def move(self):
        """macOS moves an event: gone here, new there, for sync too; bytes and ETag rule as before."""
        other = self.home + "7B7E9E0C-MACOS/"
        _, _, here = self.sync(self.calendar, "")
        _, _, there = self.sync(other, "")
        source, target = self.calendar + "apple-3.ics", other + "apple-3.ics"
        text = self.device.ask("GET", source, expect={200}).text
        self.mac.ask("MOVE", source, expect={201}, Destination=self.mac.origin + target, Overwrite="F")
        same(self.device.ask("GET", source).status, 404, "GET of the source")
        same(self.device.ask("GET", target, expect={200}).text, text, "GET of the target")
        changed, gone, _ = self.sync(self.calendar, here)
        same((set(changed), gone), (set(), {source}), "sync of the source")
        changed, gone, _ = self.sync(other, there)
        same((set(changed), gone), ({target}, set()), "sync of the target")

    def delete_calendar(self):
        """A calendar is deleted, and leaves the home's listing; the home's CTag tells it."""
        path = self.home + "7B7E9E0C-MACOS/"
        before = self.propfind(self.home, "CS:getctag").only().text("CS:getctag")
        self.device.ask("DELETE", path, expect={200, 204})
        found = self.propfind(self.home, "CS:getctag", depth="1").responses()
        require(path not in found, "still listed")
        require(found[self.home].text("CS:getctag") != before, "the home's CTag did not change")
        require(decoded(self.home) in found, "the home itself is missing")

    def run(self, check):
        """All checks in the order of an account's life."""
        check("apple-calendar.set-up", self.set_up)
        first, home = ("apple-calendar.set-up",), ("apple-calendar.home-41-properties",)
        check("apple-calendar.search-property-set", self.search_properties, needs=first)
        check("apple-calendar.home-41-properties", self.home_minimal, needs=first)
        check("apple-calendar.home-41-properties-without-brief", self.home_full, needs=first)
        check("apple-calendar.default-alarms", self.default_alarms, needs=home)
        check("apple-calendar.colour-order-name", self.colour_and_order, needs=home)
        check("apple-calendar.mkcalendar", self.make_calendar, needs=first)
        check("apple-calendar.put-new", self.put_new, needs=home)
        check("apple-calendar.first-sync", self.first_sync, needs=("apple-calendar.put-new",))
        synced = ("apple-calendar.first-sync",)
        check("apple-calendar.multiget", self.multiget, needs=synced)
        check("apple-calendar.poll-by-ctag", self.poll, needs=home)
        check("apple-calendar.update-and-delete", self.update_and_delete, needs=synced)
        check("apple-calendar.if-schedule-tag-match-wrong", self.schedule_tag_wrong, needs=home)
        check("apple-calendar.schedule-tag", self.schedule_tag, needs=home)
        check("apple-calendar.inbox", self.inbox_polled, needs=first)
        check("apple-calendar.expand-property", self.expand_property, needs=first)
        check("apple-calendar.window-from-today", self.from_today, needs=synced)
        check("apple-calendar.reminders", self.reminders, needs=home)
        check("apple-calendar.move", self.move, needs=(*synced, "apple-calendar.mkcalendar"))
        check("apple-calendar.delete-calendar", self.delete_calendar, needs=("apple-calendar.mkcalendar",))
