"""DAVx5 with what others have granted: homes found by delegation, shares in one's own home, and how both end.

DAVx5 asks the principal for `calendar-proxy-read-for`, `calendar-proxy-write-for` and `group-membership`, and lists the homes of all whom
these name; it takes a collection's right to write from `current-user-privilege-set`, and drops what answers 404. Dora owns, Emil is granted.
"""

from report import require, same
from shares import Share

from bodies import calendar_query, event, multiget, propfind, rooted, sync
from davx5_calendar import ANDROID, DETECTION, REFRESH, XML_TYPE
from wire import Device, tag

WRITES = ("D:write", "D:write-content", "D:bind", "D:all")
RELATED = ("CS:calendar-proxy-read-for", "CS:calendar-proxy-write-for", "D:group-membership")
SEVERAL = 12


class Davx5Sharing:
    """An Android phone of Emil's; Dora's side is plain requests."""

    def __init__(self, url):
        self.url = url
        self.device = Device(url, "emil", **ANDROID)
        self.dora = Device(url, "dora", User_Agent="plain")
        self.principal = self.home = self.hers = self.share = self.book = None

    def propfind(self, path, *names, depth="0", device=None):
        """A PROPFIND as DAVx5 sends it."""
        return (device or self.device).ask(
            "PROPFIND", path, propfind(*names), expect={207}, Depth=depth, **XML_TYPE
        )

    def report(self, path, body, depth=None):
        """A REPORT as DAVx5 sends it."""
        return self.device.ask("REPORT", path, body, expect={207}, Depth=depth, **XML_TYPE)

    def homes(self):
        """All home sets that DAVx5 finds: the principal's own, then those of whom it is related to."""
        found = self.propfind(self.principal, "C:calendar-home-set", *RELATED).only()
        homes = set(found.hrefs("C:calendar-home-set"))
        for name in RELATED:
            for path in found.hrefs(name) if found.has(name) else ():
                related = self.propfind(path, "C:calendar-home-set").only()
                if related.has("C:calendar-home-set"):
                    homes.update(related.hrefs("C:calendar-home-set"))
        return homes

    def calendars(self):
        """`{path: may be written}` of all calendars in all homes."""
        found = {}
        for home in self.homes():
            for path, each in self.propfind(home, *REFRESH, depth="1").responses().items():
                if tag("C:calendar") in each.children("D:resourcetype"):
                    found[path] = any(each.holds("D:current-user-privilege-set", one) for one in WRITES)
        return found

    def put(self, path, text, **headers):
        """A PUT as DAVx5 sends it."""
        return self.device.ask("PUT", path, text, Content_Type="text/calendar; charset=utf-8", **headers)

    def set_up(self):
        """Emil's principal and home; a calendar of Dora's with some events."""
        answer, _ = self.device.follow(
            "PROPFIND", "/.well-known/caldav", propfind(*DETECTION), Depth="0", **XML_TYPE
        )
        (self.principal,) = answer.only().hrefs("D:current-user-principal")
        (self.home,) = self.propfind(self.principal, "C:calendar-home-set").only().hrefs("C:calendar-home-set")
        same(self.homes(), {self.home}, "homes")
        self.hers = "/dav/calendars/dora/davx5-shared/"
        body = rooted("mkcol", "<set><prop><resourcetype><collection/><C:calendar/></resourcetype></prop></set>")
        self.dora.ask("MKCOL", self.hers, body, expect={201}, **XML_TYPE)
        for number in range(SEVERAL):
            self.dora.ask(
                "PUT",
                f"{self.hers}{number}.ics",
                event(f"shared-{number}", f"Shared {number}"),
                expect={201},
                Content_Type="text/calendar",
            )

    def delegated(self):
        """A delegate's phone finds the other home by itself, with the right to write; afterwards it is gone."""
        rest = Share(self.url, "dora", "emil", self.hers).owner_rest
        for role, writable in (("read", False), ("delegate", True)):
            rest.ask("PUT", "/me/delegates/emil", {"role": role, "of": ["calendars"]})
            same(self.homes(), {self.home, "/dav/calendars/dora/"}, f"homes of a {role}")
            same(self.calendars().get(self.hers), writable, f"writable for a {role}")
        rest.ask("DELETE", "/me/delegates/emil")
        same(self.homes(), {self.home}, "homes after the delegation")
        answer = self.device.ask("PROPFIND", self.hers, propfind(*REFRESH), Depth="0", **XML_TYPE)
        same(answer.status, 404, "the collection after the delegation")

    def listed(self):
        """A share that was taken in is listed in one's own home, as Dora's and read-only."""
        self.share = Share(self.url, "dora", "emil", self.hers)
        self.share.grant("read")
        path = self.share.take_in(color="#00AA00")
        same(self.calendars().get(path), False, f"{path} writable")
        one = self.propfind(path, *REFRESH).only()
        same(one.hrefs("D:owner"), ["/dav/principals/users/dora/"], "owner")
        same(one.text("I:calendar-color"), "#00AA00", "colour")

    def downloaded(self):
        """The window's listing and multiget in tens, below the phone's own path."""
        path = self.share.path
        body = calendar_query("VEVENT", '<C:time-range start="20260825T000000Z"/>')
        listed = self.report(path, body, depth="1").responses()
        same(set(listed), {f"{path}{number}.ics" for number in range(SEVERAL)}, "listed")
        hrefs = sorted(listed)
        for some in (hrefs[:10], hrefs[10:]):
            body = multiget("C:calendar-multiget", "<getetag/><C:calendar-data/>", some)
            for href, each in self.report(path, body, depth="1").responses().items():
                same(each.text("D:getetag"), listed[href].text("D:getetag"), f"ETag of {href}")
                require("SUMMARY:Shared" in each.text("C:calendar-data"), f"data of {href}")

    def read_only(self):
        """What the phone sends in spite of that is refused with 403, which it takes for "not permitted"."""
        same(self.put(f"{self.share.path}0.ics", event("shared-0", "Mine")).status, 403, "PUT")
        same(self.put(f"{self.share.path}new.ics", event("new", "Mine"), If_None_Match="*").status, 403, "new")
        same(self.device.ask("DELETE", f"{self.share.path}0.ics").status, 403, "DELETE")
        require("Shared 0" in self.dora.ask("GET", f"{self.hers}0.ics", expect={200}).text, "hers is changed")

    def synced(self):
        """Sync tells Dora's changes below the phone's own path."""
        path = self.share.path
        token = self.report(path, sync()).token()
        self.dora.ask("PUT", f"{self.hers}1.ics", event("shared-1", "Later"), Content_Type="text/calendar")
        self.dora.ask("DELETE", f"{self.hers}2.ics", expect={204})
        found = self.report(path, sync(token)).responses()
        same({each.path: each.status for each in found.values()}, {f"{path}1.ics": None, f"{path}2.ics": 404}, "told")

    def written(self):
        """With the right to write what the phone makes is Dora's, under the tag that the phone was told."""
        self.share.grant("write")
        same(self.calendars().get(self.share.path), True, "writable")
        path = f"{self.share.path}phone.ics"
        answer = self.put(path, event("phone", "By phone"), If_None_Match="*")
        same(answer.status, 201, "PUT")
        hers = self.dora.ask("GET", f"{self.hers}phone.ics", expect={200})
        same(hers.headers["etag"], answer.headers["etag"], "ETag")
        self.device.ask("DELETE", path, expect={204}, If_Match=answer.headers["etag"])
        same(self.dora.ask("GET", f"{self.hers}phone.ics").status, 404, "deleted")

    def ended(self):
        """Taken back: not listed any more, and 404 wherever the phone looks, which drops it then."""
        token = self.report(self.share.path, sync()).token()
        self.share.revoke()
        require(self.share.path not in self.calendars(), "still listed")
        for method, path, body in (
            ("PROPFIND", self.share.path, propfind(*REFRESH)),
            ("REPORT", self.share.path, sync(token)),
            ("REPORT", self.share.path, calendar_query("VEVENT")),
            ("GET", f"{self.share.path}1.ics", None),
        ):
            answer = self.device.ask(method, path, body, Depth="0", **XML_TYPE)
            same(answer.status, 404, f"{method} {path}")
        # As anywhere below a collection that is not there.
        late = self.put(f"{self.share.path}late.ics", event("late", "Late"))
        same(late.status, self.put(f"{self.home}never/late.ics", event("late", "Late")).status, "a late PUT")
        require(late.status in (403, 404, 409), f"a late PUT: {late.status}")
        same(self.dora.ask("GET", f"{self.hers}late.ics").status, 404, "a late write")

    def book_shared(self):
        """An address book: listed in the own home, read-only, its cards by multiget; gone when taken back."""
        hers = "/dav/addressbooks/dora/default/"
        text = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:zoe\r\nFN:Zoé\r\nN:;Zoé;;;\r\nEND:VCARD\r\n"
        self.dora.ask("PUT", f"{hers}zoe.vcf", text, expect={201}, Content_Type="text/vcard")
        share = Share(self.url, "dora", "emil", hers, "address-books")
        share.grant("read")
        path = share.take_in()
        home = path.rsplit("/", 2)[0] + "/"
        listed = self.propfind(home, "D:resourcetype", "D:current-user-privilege-set", depth="1").responses()
        require(tag("CR:addressbook") in listed[path].children("D:resourcetype"), "no address book")
        require(not any(listed[path].holds("D:current-user-privilege-set", one) for one in WRITES), "writable")
        body = multiget("CR:addressbook-multiget", "<getetag/><CR:address-data/>", [f"{path}zoe.vcf"])
        require("FN:Zoé" in self.report(path, body, "1").only().text("CR:address-data"), "data")
        same(self.device.ask("DELETE", f"{path}zoe.vcf").status, 403, "DELETE")
        share.revoke()
        require(path not in self.propfind(home, "D:resourcetype", depth="1").responses(), "still listed")
        same(self.device.ask("GET", f"{path}zoe.vcf").status, 404, "GET")

    def run(self, check):
        """All checks in the order of a grant's life."""
        check("davx5-sharing.set-up", self.set_up)
        first = ("davx5-sharing.set-up",)
        check("davx5-sharing.delegated-home", self.delegated, needs=first)
        check("davx5-sharing.share-listed", self.listed, needs=first)
        there = ("davx5-sharing.share-listed",)
        check("davx5-sharing.share-downloaded", self.downloaded, needs=there)
        check("davx5-sharing.share-read-only", self.read_only, needs=there)
        check("davx5-sharing.share-synced", self.synced, needs=there)
        check("davx5-sharing.share-written", self.written, needs=there)
        check("davx5-sharing.share-ends", self.ended, needs=there)
        check("davx5-sharing.book", self.book_shared, needs=first)
