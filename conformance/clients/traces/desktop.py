"""Single habits of desktop programs that no other part of the suite drives: KDE, Outlook's synchroniser,
Evolution, SyncEvolution, Thunderbird, and the conditions that all of them meet (RFC 4918, 9110, 4791, 6578).
"""

import re

from report import require, same

from bodies import calendar_query, event, lines, multiget, propfind, rooted, sync, task, unprefixed, vcalendar
from wire import Device, tag

XML_TYPE = {"Content_Type": "text/xml; charset=utf-8"}
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Desktop:
    """One desktop of bob's, in a calendar and a book of its own."""

    def __init__(self, url):
        self.device = Device(url, "bob", User_Agent="desktop")
        self.principal = self.home = self.calendar = self.book = None

    def propfind(self, path, *names, depth="0"):
        """A PROPFIND."""
        return self.device.ask("PROPFIND", path, propfind(*names), expect={207}, Depth=depth, **XML_TYPE)

    def report(self, path, body, **headers):
        """A REPORT."""
        return self.device.ask("REPORT", path, body, expect={207}, **XML_TYPE, **headers)

    def put(self, path, text, **headers):
        """A PUT."""
        return self.device.ask(
            "PUT", path, text, **{"Content_Type": "text/calendar; charset=utf-8", **headers}
        )

    def set_up(self):
        """MKCALENDAR without a body, and with one that is labelled text/calendar; extended MKCOL of a book."""
        answer, _ = self.device.follow(
            "PROPFIND", "/", propfind("D:current-user-principal"), Depth="0", **XML_TYPE
        )
        (self.principal,) = answer.only().hrefs("D:current-user-principal")
        homes = self.propfind(self.principal, "C:calendar-home-set", "CR:addressbook-home-set").only()
        (self.home,) = homes.hrefs("C:calendar-home-set")
        (books,) = homes.hrefs("CR:addressbook-home-set")
        self.calendar, self.book = self.home + "desktop/", books + "desktop/"
        self.device.ask("MKCALENDAR", self.calendar, expect={201})
        body = rooted("C:mkcalendar", "<set><prop><displayname>Labelled</displayname></prop></set>")
        self.device.ask(
            "MKCALENDAR", self.home + "labelled/", body, expect={201}, Content_Type="text/calendar"
        )
        same(
            self.propfind(self.home + "labelled/", "D:displayname").only().text("D:displayname"),
            "Labelled",
            "name",
        )
        content = "<resourcetype><collection/><CR:addressbook/></resourcetype>"
        self.device.ask(
            "MKCOL",
            self.book,
            rooted("mkcol", f"<set><prop>{content}</prop></set>"),
            expect={201},
            **XML_TYPE,
        )
        for number in range(8):
            same(
                self.put(f"{self.calendar}k-{number}.ics", event(f"k-{number}", f"K {number}")).status,
                201,
                "PUT",
            )

    def kde(self):
        """KDE: ETags by PROPFIND at Depth 1 of each collection, multiget with Depth 1; the header is to be ignored."""
        listed = self.propfind(
            self.calendar, "D:getetag", "D:resourcetype", "D:getcontenttype", depth="1"
        ).responses()
        paths = [path for path in listed if path != self.calendar]
        same(len(paths), 8, "members")
        body = multiget("C:calendar-multiget", "<getetag/><C:calendar-data/>", paths)
        for depth in ("0", "1", None):
            same(
                set(self.report(self.calendar, body, Depth=depth).responses()),
                set(paths),
                f"multiget with Depth {depth}",
            )

    def same_twice(self):
        """A multiget that names one member twice, in two spellings: never a 404, which would delete it."""
        once, other = self.calendar + "k-0.ics", self.calendar + "k%2D0.ics"
        for hrefs in ([once, once], [once, other], [other]):
            body = multiget("C:calendar-multiget", "<getetag/>", hrefs)
            text = self.report(self.calendar, body).text
            require("404" not in text and "getetag" in text, f"{hrefs}: {text}")

    def empty_answers(self):
        """A query with no match is an empty 207, not a 404; a multiget of nothing but missing ones is 404s within a 207."""
        query = calendar_query("VEVENT", '<C:time-range start="19500101T000000Z" end="19500102T000000Z"/>')
        same(self.report(self.calendar, query, Depth="1").responses(), {}, "query")
        missing = self.calendar + "missing.ics"
        found = self.report(
            self.calendar, multiget("C:calendar-multiget", "<getetag/>", [missing])
        ).responses()
        same(found[missing].status, 404, "multiget")

    def sync_levels(self):
        """sync-level `1`, `infinite`, `infinity`, and none with Depth 1 (an old draft) all synchronise."""
        for level, depth in (("1", None), ("infinite", "0"), ("infinity", None), (None, "1")):
            found = self.report(self.calendar, sync(level=level), Depth=depth).responses()
            same(
                len([path for path in found if path != self.calendar]),
                8,
                f"members with level {level}, Depth {depth}",
            )

    def thunderbird_sync(self):
        """Thunderbird: sync-collection with Depth 1 and getcontenttype; an item of another type would not be shown."""
        properties = "<getcontenttype/><getetag/>"
        found = self.report(self.calendar, sync(properties=properties), Depth="1").responses()
        for path, each in found.items():
            require(each.status is None, f"{path}: status {each.status} at the first sync")
            require(each.text("D:getcontenttype").startswith("text/calendar"), each.text("D:getcontenttype"))

    def home_sync(self):
        """sync-collection on the home tells of calendars that come and go."""
        answer = self.report(self.home, sync(properties="<displayname/>"), Depth="0")
        token = answer.token()
        require(self.calendar in answer.responses(), "the calendar is not told")
        path = self.home + "come-and-go/"
        self.device.ask("MKCALENDAR", path, expect={201})
        answer = self.report(self.home, sync(token, properties="<displayname/>"), Depth="0")
        require(path in answer.responses(), "a new calendar is not told")
        self.device.ask("DELETE", path, expect={200, 204})
        found = self.report(
            self.home, sync(answer.token(), properties="<displayname/>"), Depth="0"
        ).responses()
        same(found[path].status, 404, "status of the deleted calendar")

    def evolution(self):
        """Evolution: OPTIONS on the calendar itself, a principal by address in the principal collections."""
        dav = self.device.ask("OPTIONS", self.calendar, expect={200, 204}).dav
        require("calendar-access" in dav, f"DAV of the calendar: {dav}")
        content = (
            "<apply-to-principal-collection-set/><property-search><prop><C:calendar-user-address-set/></prop>"
            "<match>carol@example.org</match></property-search>"
            f"<prop>{unprefixed(('D:displayname', 'C:calendar-home-set', 'C:calendar-user-address-set'))}</prop>"
        )
        for path in ("/", self.principal):
            found = self.report(path, rooted("principal-property-search", content), Depth="0").responses()
            same(
                [each.text("D:displayname") for each in found.values()],
                ["Carol Example"],
                f"found from {path}",
            )

    def sync_evolution(self):
        """SyncEvolution: partial calendar-data of everything, addressbook-multiget with Depth 0."""
        wanted = (
            '<getetag/><C:calendar-data><C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT">'
            '<C:prop name="SUMMARY"/><C:prop name="UID"/><C:prop name="RECURRENCE-ID"/><C:prop name="SEQUENCE"/>'
            '</C:comp><C:comp name="VTIMEZONE"/></C:comp></C:calendar-data>'
        )
        found = self.report(self.calendar, calendar_query("VEVENT", properties=wanted), Depth="1").responses()
        same(len(found), 8, "events")
        for each in found.values():
            text = each.text("C:calendar-data")
            require(
                "SUMMARY:K" in text and "UID:k-" in text and "DTSTART" not in text, f"partial data: {text}"
            )
        card = lines("BEGIN:VCARD", "VERSION:3.0", "UID:se", "FN:Se", "N:Se;;;;", "END:VCARD")
        same(self.put(self.book + "se.vcf", card, Content_Type="text/vcard").status, 201, "PUT of a card")
        body = multiget("CR:addressbook-multiget", "<getetag/><CR:address-data/>", [self.book + "se.vcf"])
        found = self.report(self.book, body, Depth="0").responses()
        require("FN:Se" in found[self.book + "se.vcf"].text("CR:address-data"), "no address-data")

    def names(self):
        """Names as Outlook's identifiers make them: 255 octets, blanks, `:`, `@`, `%`, non-ASCII; one spelling everywhere."""
        for number, name in enumerate(
            (
                "040000008200E00074C5B7101A82E00800000000" * 6 + "0123456789.ics",
                "a b:c@d+e&f;g.ics",
                "100%.ics",
                "été-日本.ics",
            )
        ):
            encoded = "".join(
                chr(b) if chr(b).isalnum() and b < 128 or chr(b) in "-._" else f"%{b:02X}"
                for b in name.encode()
            )
            path = self.calendar + encoded
            same(
                self.put(path, event(f"name-{number}", "Named"), If_None_Match="*").status, 201, f"PUT {name}"
            )
            listed = self.propfind(self.calendar, "D:getetag", depth="1").responses()
            (entry,) = [each for each in listed.values() if each.path == self.calendar + name]
            got = self.device.ask("GET", entry.href, expect={200})
            same(got.headers["etag"], entry.text("D:getetag"), f"ETag of {name}")
            found = self.report(
                self.calendar, multiget("C:calendar-multiget", "<getetag/>", [entry.href])
            ).responses()
            same([each.href for each in found.values()], [entry.href], "spelling in a multiget")
            self.device.ask("DELETE", entry.href, expect={204})

    def uid_again(self):
        """The same UID after a deletion, many times, under other names."""
        for number in range(6):
            path = f"{self.calendar}again-{number}.ics"
            same(
                self.put(path, event("again", f"Again {number}"), If_None_Match="*").status,
                201,
                f"PUT {number}",
            )
            self.device.ask("DELETE", path, expect={204})

    def uid_conflict(self):
        """A second object of one UID is refused with no-uid-conflict and the href of the first."""
        answer = self.put(self.calendar + "other-name.ics", event("k-0", "Second"))
        require(answer.status in (403, 409), f"status {answer.status}")
        require(answer.says("C:no-uid-conflict"), f"body {answer.text[:300]}")
        href = answer.root().find(f".//{tag('D:href')}")
        require(
            href is not None and href.text.strip().endswith("/k-0.ics"),
            f"href {None if href is None else href.text}",
        )

    def conditions(self):
        """201, 204, 304, 412, 405, HEAD without a body, If-None-Match on GET."""
        path = self.calendar + "k-1.ics"
        got = self.device.ask("GET", path, expect={200})
        etag = got.headers["etag"]
        head = self.device.ask("HEAD", path, expect={200})
        same(head.body, b"", "body of HEAD")
        same(
            [head.headers["content-length"], head.headers["etag"]],
            [str(len(got.body)), etag],
            "headers of HEAD",
        )
        require("component=vevent" in got.headers["content-type"].lower(), got.headers["content-type"])
        same(self.device.ask("GET", path, If_None_Match=etag).status, 304, "If-None-Match")
        same(self.put(path, event("k-1", "K"), If_Match='"other"').status, 412, "If-Match")
        same(self.put(path, event("k-1", "K again")).status, 204, "PUT without a condition")
        same(self.device.ask("MKCALENDAR", self.calendar).status, 405, "MKCALENDAR of what is there")
        same(self.device.ask("MKCOL", self.calendar).status, 405, "MKCOL of what is there")
        same(
            self.put(self.home + "no-such/x.ics", event("x", "X")).status, 409, "PUT below what is not there"
        )
        same(self.device.ask("GET", self.calendar + "no-such.ics").status, 404, "GET of what is not there")

    def liberal_input(self):
        """Bare LF, a missing last line end, a BOM, empty lines and odd folds are read; what was sent comes back."""
        text = event("liberal", "Héhé, liberal").replace("SUMMARY:H", "SUMM\r\n ARY:H")
        for number, odd in enumerate(
            (
                text.replace("\r\n", "\n"),
                text.rstrip(),
                "\ufeff" + text,
                text.replace("BEGIN:VEVENT", "\r\nBEGIN:VEVENT"),
            )
        ):
            path = f"{self.calendar}liberal-{number}.ics"
            answer = self.put(path, odd.replace("UID:liberal", f"UID:liberal-{number}"), If_None_Match="*")
            same(answer.status, 201, f"PUT of kind {number}")
            got = self.device.ask("GET", path, expect={200})
            if "etag" in answer.headers:
                same(
                    got.text,
                    odd.replace("UID:liberal", f"UID:liberal-{number}"),
                    f"kind {number}: an ETag was given",
                )
            query = (
                '<C:prop-filter name="UID"><C:text-match collation="i;octet">liberal-'
                + str(number)
                + "</C:text-match></C:prop-filter>"
            )
            found = self.report(self.calendar, calendar_query("VEVENT", query), Depth="1").responses()
            same(list(found), [path], f"kind {number} is found by its UID")
            self.device.ask("DELETE", path, expect={204})

    def control_characters(self):
        """A control character in a summary is refused or stored, but no answer is ever bad XML."""
        text = event("control", "Bad \x07 bell \x1b here")
        status = self.put(self.calendar + "control.ics", text).status
        require(status in (201, 400, 403, 415), f"PUT: {status}")
        answer = self.report(
            self.calendar, calendar_query("VEVENT", properties="<getetag/><C:calendar-data/>"), Depth="1"
        )
        answer.responses()
        require(not CONTROL.search(answer.body), "a control character in XML")
        if status == 201:
            self.device.ask("DELETE", self.calendar + "control.ics", expect={204})

    def overrides_only(self):
        """An object with overrides and no master: one is invited to single instances."""
        body = []
        for day in ("20270301", "20270308"):
            body += [
                "BEGIN:VEVENT",
                "UID:only-overrides",
                "DTSTAMP:20261101T080000Z",
                f"RECURRENCE-ID:{day}T090000Z",
            ]
            body += [f"DTSTART:{day}T100000Z", f"DTEND:{day}T110000Z", "SUMMARY:Only this one", "END:VEVENT"]
        path = self.calendar + "only-overrides.ics"
        same(self.put(path, vcalendar(*body), If_None_Match="*").status, 201, "PUT")
        inner = '<C:time-range start="20270308T000000Z" end="20270309T000000Z"/>'
        same(
            list(self.report(self.calendar, calendar_query("VEVENT", inner), Depth="1").responses()),
            [path],
            "in its week",
        )
        self.device.ask("DELETE", path, expect={204})

    def no_instances(self):
        """A series without a single instance is stored, as Apple and Android send it, and breaks no query."""
        path = self.calendar + "none.ics"
        same(
            self.put(path, event("none", "None", "RRULE:FREQ=DAILY;UNTIL=20200101T000000Z")).status,
            201,
            "PUT",
        )
        self.report(
            self.calendar,
            calendar_query("VEVENT", '<C:time-range start="20270101T000000Z" end="20280101T000000Z"/>'),
            Depth="1",
        )
        self.device.ask("DELETE", path, expect={204})

    def compressed(self):
        """gzip where it is asked for and pays; never on a tiny answer to OPTIONS; the content is the same."""
        body = calendar_query("VEVENT", properties="<getetag/><C:calendar-data/>")
        plain = self.report(self.calendar, body, Depth="1").body
        packed = self.report(self.calendar, body, Depth="1", Accept_Encoding="gzip")
        same(packed.body, plain, "content")

    def many_hrefs(self):
        """A multiget of 5,000 hrefs, most of them missing, is answered in full."""
        paths = [f"{self.calendar}k-{number}.ics" for number in range(8)]
        paths += [f"{self.calendar}absent-{number}.ics" for number in range(4992)]
        found = self.report(self.calendar, multiget("C:calendar-multiget", "<getetag/>", paths)).responses()
        same(set(found), set(paths), "paths")
        same(sum(each.status == 404 for each in found.values()), 4992, "missing ones")

    def bulk_upload(self):
        """An import by one PUT a task, on one connection: all are there."""
        path = self.home + "bulk/"
        self.device.ask("MKCALENDAR", path, expect={201})
        for number in range(400):
            same(
                self.put(
                    f"{path}{number}.ics", task(f"bulk-{number}", f"Bulk {number}"), If_None_Match="*"
                ).status,
                201,
                "PUT",
            )
        same(len(self.report(path, sync()).responses()), 400, "members")

    def run(self, check):
        """All checks."""
        check("desktop.set-up", self.set_up)
        for name, function in (
            ("kde-multiget-depth", self.kde),
            ("multiget-same-twice", self.same_twice),
            ("sync-level", self.sync_levels),
            ("thunderbird-sync", self.thunderbird_sync),
            ("sync-of-home", self.home_sync),
            ("evolution", self.evolution),
            ("sync-evolution", self.sync_evolution),
            ("empty-answers", self.empty_answers),
            ("names", self.names),
            ("same-uid-again", self.uid_again),
            ("no-uid-conflict", self.uid_conflict),
            ("conditions", self.conditions),
            ("liberal-input", self.liberal_input),
            ("control-characters", self.control_characters),
            ("overrides-only", self.overrides_only),
            ("series-without-instance", self.no_instances),
            ("compression", self.compressed),
            ("multiget-5000", self.many_hrefs),
            ("bulk-upload", self.bulk_upload),
        ):
            check(f"desktop.{name}", function, needs=("desktop.set-up",))
