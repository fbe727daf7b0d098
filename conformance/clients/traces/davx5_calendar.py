"""DAVx5 with Android's calendar, a task program and jtx Board.

Events by an open-ended time-range from 90 days ago and multiget in tens; tasks and journals by
sync-collection, where 507 means "go on". RFC 4791, 6578, 6638, draft WebDAV-Push (unknown is fine).
"""

from report import require, same

from bodies import PARIS, calendar_query, escaped, event, multiget, propfind, rooted, sync, task, vcalendar
from wire import Device, tag

ANDROID = {
    "User_Agent": "DAVx5/4.4.6-ose (dav4jvm; okhttp/4.12.0) Android/15",
    "Accept_Language": "fr-FR, fr;q=0.7, *;q=0.5",
}
XML_TYPE = {"Content_Type": "application/xml; charset=utf-8"}
DETECTION = (
    *("D:resourcetype", "D:displayname", "I:calendar-color", "C:calendar-description", "C:calendar-timezone"),
    *(
        "D:current-user-privilege-set",
        "C:supported-calendar-component-set",
        "C:calendar-home-set",
        "D:current-user-principal",
    ),
)
REFRESH = (
    *("D:current-user-privilege-set", "D:displayname", "D:owner", "D:resourcetype", "I:calendar-color"),
    *(
        "C:calendar-description",
        "C:calendar-timezone",
        "C:calendar-timezone-id",
        "C:supported-calendar-component-set",
    ),
    *("CS:source", "P:transports", "P:topic", "P:supported-triggers"),
)
CAPABILITIES = ("C:max-resource-size", "CS:getctag", "D:supported-report-set", "D:sync-token")
PRODUCT = "DAVx5/4.4.6-ose ical4j/3.2.19 (org.dmfs.tasks)"


class Davx5Calendar:
    """One Android phone of carol's and what it has learnt so far."""

    def __init__(self, url):
        self.device = Device(url, "carol", **ANDROID)
        self.principal = self.home = self.calendar = self.tasks = None

    def propfind(self, path, *names, depth="0"):
        """A PROPFIND as DAVx5 sends it."""
        return self.device.ask("PROPFIND", path, propfind(*names), expect={207}, Depth=depth, **XML_TYPE)

    def report(self, path, body, depth=None):
        """A REPORT as DAVx5 sends it."""
        return self.device.ask("REPORT", path, body, expect={207}, Depth=depth, **XML_TYPE)

    def put(self, path, text, **headers):
        """A PUT as DAVx5 sends it."""
        return self.device.ask("PUT", path, text, Content_Type="text/calendar; charset=utf-8", **headers)

    def detection(self):
        """Typed address, well-known address, principal; OPTIONS on the principal must name calendar-access."""
        for start in ("/", "/.well-known/caldav"):
            answer, _ = self.device.follow("PROPFIND", start, propfind(*DETECTION), Depth="0", **XML_TYPE)
            (self.principal,) = answer.only().hrefs("D:current-user-principal")
        options = self.device.ask("OPTIONS", self.principal, expect={200, 204}, Accept_Encoding="identity")
        require("calendar-access" in options.dav, f"DAV of the principal: {options.dav}")
        found = self.propfind(self.principal, "C:calendar-user-address-set").only()
        addresses = [
            each.text for each in found.found[tag("C:calendar-user-address-set")].iter(tag("D:href"))
        ]
        require("mailto:carol@example.org" in addresses, f"addresses {addresses}")
        names = (
            "C:calendar-home-set",
            "CS:calendar-proxy-read-for",
            "CS:calendar-proxy-write-for",
            "D:group-membership",
        )
        found = self.propfind(self.principal, *names, "D:displayname").only()
        (self.home,) = found.hrefs("C:calendar-home-set")

    def refresh(self):
        """The home at Depth 1 with the properties of the collection list; WebDAV-Push ones may be missing, no more."""
        answer = self.propfind(self.home, *REFRESH, depth="1").responses()
        calendars = [each for each in answer.values() if tag("C:calendar") in each.children("D:resourcetype")]
        for each in calendars:
            require(each.holds("D:current-user-privilege-set", "D:write"), f"{each.path} would be read-only")
            same(each.hrefs("D:owner"), [self.principal], f"owner of {each.path}")
            kinds = {comp.get("name") for comp in each.found[tag("C:supported-calendar-component-set")]}
            if "VEVENT" in kinds:
                self.calendar = each.path
            if "VTODO" in kinds:
                self.tasks = each.path
        require(self.calendar and self.tasks, f"no calendar or no task list: {list(answer)}")

    def make_calendar(self):
        """MKCALENDAR as DAVx5 sends it: resourcetype, time zone by id and in full, colour, all at once."""
        path = self.home + "3c7a6a0e-davx5/"
        content = (
            "<resourcetype><collection/><C:calendar/></resourcetype><displayname>Agenda &amp; équipe</displayname>"
            "<C:calendar-description>Fait par un téléphone</C:calendar-description>"
            "<I:calendar-color>#4CAF50FF</I:calendar-color><C:calendar-timezone-id>Europe/Paris</C:calendar-timezone-id>"
            f"<C:calendar-timezone>{escaped(vcalendar(*PARIS))}</C:calendar-timezone>"
            '<C:supported-calendar-component-set><C:comp name="VEVENT"/><C:comp name="VJOURNAL"/>'
            "</C:supported-calendar-component-set>"
        )
        body = rooted("C:mkcalendar", f"<set><prop>{content}</prop></set>")
        self.device.ask("MKCALENDAR", path, body, expect={201}, **XML_TYPE)
        found = self.propfind(path, *REFRESH).only()
        same(found.text("D:displayname"), "Agenda & équipe", "displayname")
        same(found.text("I:calendar-color"), "#4CAF50FF", "calendar-color")
        same(found.text("C:calendar-description"), "Fait par un téléphone", "calendar-description")
        same(found.text("C:calendar-timezone-id"), "Europe/Paris", "calendar-timezone-id")
        require("BEGIN:VTIMEZONE" in found.text("C:calendar-timezone"), "calendar-timezone")
        kinds = {comp.get("name") for comp in found.found[tag("C:supported-calendar-component-set")]}
        same(kinds, {"VEVENT", "VJOURNAL"}, "component types, which DAVx5 stores")

    def capabilities(self):
        """What it asks of a collection before each sync."""
        found = self.propfind(self.calendar, *CAPABILITIES).only()
        require(found.text("CS:getctag") and ":" in found.text("D:sync-token"), "getctag or sync-token")
        require(int(found.text("C:max-resource-size")) >= 1024 * 1024, "max-resource-size")
        require(found.holds("D:supported-report-set", "D:sync-collection"), "no sync-collection")

    def upload(self):
        """New events with If-None-Match: 201 and an ETag that a later listing repeats."""
        texts = {f"davx5-{number}": event(f"davx5-{number}", f"Rendez-vous {number}") for number in range(25)}
        texts["davx5-old"] = event("davx5-old", "Old", start="20190101T090000Z", end="20190101T100000Z")
        series = {"start": "20190101T090000Z", "end": "20190101T100000Z"}
        texts["davx5-series"] = event("davx5-series", "Series", "RRULE:FREQ=WEEKLY", **series)
        texts["davx5-ended"] = event("davx5-ended", "Ended", "RRULE:FREQ=WEEKLY;COUNT=3", **series)
        etags = {}
        for name, text in texts.items():
            answer = self.put(f"{self.calendar}{name}.ics", text, If_None_Match="*")
            same(answer.status, 201, f"PUT {name}")
            etags[f"{self.calendar}{name}.ics"] = answer.headers.get("etag")
        listed = self.propfind(self.calendar, "D:getetag", depth="1").responses()
        for path, etag in etags.items():
            same(listed[path].text("D:getetag"), etag, f"ETag of {path}")

    def listing(self):
        """The open-ended time-range from 90 days ago: a phone deletes what drops out of it."""
        body = calendar_query("VEVENT", '<C:time-range start="20260825T000000Z"/>')
        found = set(self.report(self.calendar, body, depth="1").responses())
        wanted = {f"{self.calendar}davx5-{name}.ics" for name in (*range(25), "series")}
        same(found, wanted, "events in the window")

    def multiget_in_tens(self):
        """Tens of hrefs, the last with one that is gone meanwhile: every one is answered."""
        body = calendar_query("VEVENT", '<C:time-range start="20260825T000000Z"/>')
        paths = sorted(self.report(self.calendar, body, depth="1").responses())
        gone = paths.pop()
        self.device.ask("DELETE", gone, expect={204})
        paths.append(gone)
        properties = "<getcontenttype/><getetag/><C:schedule-tag/><C:calendar-data/>"
        for at in range(0, len(paths), 10):
            batch = paths[at : at + 10]
            found = self.report(self.calendar, multiget("C:calendar-multiget", properties, batch)).responses()
            same(set(found), set(batch), "paths of the batch")
            for path in batch:
                if path == gone:
                    same(found[path].status, 404, "status of the one that is gone")
                    continue
                require(found[path].text("D:getetag").startswith('"'), "no strong ETag")
                require("BEGIN:VEVENT" in found[path].text("C:calendar-data"), "no calendar-data")

    def update(self):
        """An update by Schedule-Tag when one is known, else by ETag; an old one is refused."""
        path = self.calendar + "davx5-2.ics"
        properties = "<getetag/><C:schedule-tag/><C:calendar-data/>"
        found = self.report(self.calendar, multiget("C:calendar-multiget", properties, [path])).responses()[
            path
        ]
        if found.has("C:schedule-tag"):
            condition = {"If_Schedule_Tag_Match": found.text("C:schedule-tag")}
        else:
            condition = {"If_Match": found.text("D:getetag")}
        same(self.put(path, event("davx5-2", "Changed"), **condition).status, 204, "PUT")
        same(
            self.put(path, event("davx5-2", "Lost"), If_Match=found.text("D:getetag")).status,
            412,
            "PUT with the old ETag",
        )

    def stale_creates_nothing(self):
        """PUT with If-Match on an item deleted meanwhile must create nothing."""
        path = self.calendar + "davx5-3.ics"
        etag = self.device.ask("GET", path, expect={200}).headers["etag"]
        self.device.ask("DELETE", path, expect={204}, If_Match=etag)
        status = self.put(path, event("davx5-3", "Back from the dead"), If_Match=etag).status
        require(status in (404, 409, 412), f"PUT: {status}")
        same(self.device.ask("GET", path).status, 404, "GET")
        require(self.device.ask("DELETE", path, If_Match=etag).status in (404, 410, 412), "DELETE again")

    def tasks_paged(self):
        """sync-collection with a limit: 507 on the collection, the token leads on, nothing twice, nothing missing."""
        names = {f"{self.tasks}task-{number}.ics" for number in range(12)}
        for number in range(12):
            text = task(
                f"task-{number}", f"Tâche {number}", "RELATED-TO;RELTYPE=PARENT:task-0", f"X-OC-HIDE:{number}"
            )
            same(self.put(f"{self.tasks}task-{number}.ics", text, If_None_Match="*").status, 201, "PUT")
        token, seen, pages = "", [], 0
        while True:
            answer = self.report(self.tasks, sync(token, limit=5))
            found = answer.responses()
            token, pages = answer.token(), pages + 1
            require(pages <= 12, "no end of pages")
            more = found.pop(self.tasks, None)
            require(len(found) <= 5, f"{len(found)} members where 5 were asked")
            seen += found
            if more is None:
                break
            same(more.status, 507, "status of the collection")
            error = more.element.find(f".//{tag('D:number-of-matches-within-limits')}")
            require(error is not None, "507 without number-of-matches-within-limits")
            # A change between two pages must neither be lost nor disturb.
            if pages == 1:
                same(self.put(self.tasks + "task-late.ics", task("task-late", "Late")).status, 201, "PUT")
        same(set(seen), names | {self.tasks + "task-late.ics"}, "members")
        same(len(seen), len(set(seen)), "members told")
        require(pages >= 3, f"{pages} pages")

    def tasks_synced(self):
        """Changes and deletions of tasks, and what a task program adds is kept."""
        answer = self.report(self.tasks, sync())
        token = answer.token()
        path = self.tasks + "task-4.ics"
        done = task(
            "task-4",
            "Tâche 4",
            "STATUS:COMPLETED",
            "PERCENT-COMPLETE:100",
            "COMPLETED:20261110T100000Z",
            "X-OC-HIDE:4",
        )
        same(self.put(path, done, If_Match=self.device.ask("GET", path).headers["etag"]).status, 204, "PUT")
        self.device.ask("DELETE", self.tasks + "task-5.ics", expect={204})
        # Made and deleted again between two syncs: nothing that a client ever saw.
        self.put(self.tasks + "brief.ics", task("brief", "Brief"))
        self.device.ask("DELETE", self.tasks + "brief.ics", expect={204})
        found = self.report(self.tasks, sync(token)).responses()
        same({each.path for each in found.values() if each.status is None}, {path}, "changed")
        gone = {each.path for each in found.values() if each.status == 404}
        require(
            self.tasks + "task-5.ics" in gone
            and gone <= {self.tasks + "task-5.ics", self.tasks + "brief.ics"},
            f"gone: {gone}",
        )
        require("X-OC-HIDE:4" in self.device.ask("GET", path, expect={200}).text, "X-OC-HIDE is lost")

    def journals(self):
        """jtx Board: a journal and a note (a journal without date), by sync-collection."""
        path = self.home + "3c7a6a0e-davx5/"
        entry = ("BEGIN:VJOURNAL", "DTSTAMP:20261101T080000Z", "SUMMARY:Note", "END:VJOURNAL")
        for name, more in (("note", ()), ("journal", ("DTSTART;VALUE=DATE:20261105",))):
            text = vcalendar(entry[0], f"UID:{name}", *more, *entry[1:], product=PRODUCT)
            same(self.put(f"{path}{name}.ics", text, If_None_Match="*").status, 201, f"PUT {name}")
        found = self.report(path, calendar_query("VJOURNAL"), depth="1").responses()
        same(set(found), {f"{path}{name}.ics" for name in ("note", "journal")}, "journals")
        same(set(self.report(path, sync()).responses()), set(found), "sync")

    def foreign_token(self):
        """A token that was never given: 403 with valid-sync-token, never an initial sync."""
        answer = self.device.ask(
            "REPORT", self.calendar, sync("http://example.org/ns/sync/12345"), **XML_TYPE
        )
        same(answer.status, 403, "status")
        require(answer.says("D:valid-sync-token"), f"body {answer.text[:300]}")

    def deleted_collection(self):
        """A calendar deleted by the phone is gone."""
        path = self.home + "3c7a6a0e-davx5/"
        self.device.ask("DELETE", path, expect={200, 204})
        same(
            self.device.ask("PROPFIND", path, propfind("D:displayname"), Depth="0", **XML_TYPE).status,
            404,
            "PROPFIND",
        )

    def run(self, check):
        """All checks in the order of an account's life."""
        check("davx5-calendar.detection", self.detection)
        check("davx5-calendar.refresh", self.refresh, needs=("davx5-calendar.detection",))
        needs = ("davx5-calendar.refresh",)
        check("davx5-calendar.mkcalendar", self.make_calendar, needs=("davx5-calendar.detection",))
        check("davx5-calendar.capabilities", self.capabilities, needs=needs)
        check("davx5-calendar.upload", self.upload, needs=needs)
        uploaded = ("davx5-calendar.upload",)
        check("davx5-calendar.window", self.listing, needs=uploaded)
        check("davx5-calendar.multiget-in-tens", self.multiget_in_tens, needs=uploaded)
        check("davx5-calendar.update", self.update, needs=uploaded)
        check("davx5-calendar.stale-if-match-creates-nothing", self.stale_creates_nothing, needs=uploaded)
        check("davx5-calendar.tasks-paged-507", self.tasks_paged, needs=needs)
        check("davx5-calendar.tasks-synced", self.tasks_synced, needs=("davx5-calendar.tasks-paged-507",))
        check("davx5-calendar.journals", self.journals, needs=("davx5-calendar.mkcalendar",))
        check("davx5-calendar.foreign-token", self.foreign_token, needs=needs)
        check("davx5-calendar.delete-calendar", self.deleted_collection, needs=("davx5-calendar.mkcalendar",))
