"""macOS and iOS with what others have granted: delegation by proxy groups, and shares in one's own home.

calendar-proxy (caldav-proxy.txt of calendarserver), RFC 3253 (expand-property), 3744, 4791, 6578. Dora owns, Emil is granted.
"""

import urllib.parse

from report import require, same
from shares import Share

from apple_calendar import IOS, XML_TYPE
from apple_items import HOME_PROPERTIES
from bodies import XML, apple, apple_propfind, apple_proppatch, event
from wire import Device, tag

MAC = {"User_Agent": "macOS/14.6 (23G80) CalendarAgent/988", "Accept": "*/*"}
CALENDARSERVER = "http://calendarserver.org/ns/"
PRIVILEGES = ("D:current-user-privilege-set", "D:owner", "D:resourcetype", "D:displayname")


def asked(name, namespace, *inner):
    """One `property` of an expand-property as macOS writes it."""
    space = f' namespace="{namespace}"' if namespace else ""
    return f'<A:property xmlns:A="DAV:" name="{name}"{space}>{"".join(inner)}</A:property>'


#: What macOS expands each principal of a list to.
PERSON = (
    asked("displayname", ""),
    asked("principal-URL", ""),
    asked("calendar-home-set", "urn:ietf:params:xml:ns:caldav"),
    asked("calendar-user-address-set", "urn:ietf:params:xml:ns:caldav"),
    asked("email-address-set", CALENDARSERVER),
)


class AppleSharing:
    """A Mac of Dora's, a Mac and an iPhone of Emil's."""

    def __init__(self, url):
        self.url = url
        self.dora, self.emil = Device(url, "dora", **MAC), Device(url, "emil", **MAC)
        self.phone = Device(url, "emil", **IOS)
        self.hers, self.his = "/principal/", "/principal/"
        self.home = self.own_home = self.calendar = None
        self.share = None

    def found(self, device, path, *names, depth="0"):
        """The one answer of a PROPFIND, or all by their paths."""
        answer = device.ask("PROPFIND", path, apple_propfind(*names), expect={207}, Depth=depth, **XML_TYPE)
        return answer.only() if depth == "0" else answer.responses()

    def expanded(self, device, path, name, namespace=CALENDARSERVER):
        """`{path: home}` of the principals in a property, as the delegation pane asks for them."""
        body = XML + apple("D:expand-property", asked(name, namespace, *PERSON))
        answer = device.ask("REPORT", path, body, expect={207}, Depth="0", **XML_TYPE).only()
        prefix = "CS" if namespace else "D"
        require(answer.has(f"{prefix}:{name}"), f"{path} has no {name}")
        listed = {}
        for one in answer.found[tag(f"{prefix}:{name}")].findall(tag("D:response")):
            href = urllib.parse.unquote(one.findtext(tag("D:href")))
            home = one.find(f".//{tag('C:calendar-home-set')}/{tag('D:href')}")
            listed[href] = None if home is None else urllib.parse.unquote(home.text)
        return listed

    def principals(self):
        """Who both are, and where their homes are."""
        for device, who in ((self.dora, "hers"), (self.emil, "his")):
            body = apple_propfind("D:current-user-principal")
            answer, _ = device.follow("PROPFIND", "/.well-known/caldav", body, Depth="0", **XML_TYPE)
            (path,) = answer.only().hrefs("D:current-user-principal")
            setattr(self, who, path)
        (self.home,) = self.found(self.dora, self.hers, "C:calendar-home-set").hrefs("C:calendar-home-set")
        (self.own_home,) = self.found(self.emil, self.his, "C:calendar-home-set").hrefs("C:calendar-home-set")
        dav = self.dora.ask("OPTIONS", self.hers, expect={200, 204}).dav
        require("calendar-proxy" in dav, f"DAV: {dav}")
        self.calendar = next(
            path
            for path, each in self.found(
                self.dora, self.home, "D:resourcetype", "C:supported-calendar-component-set", depth="1"
            ).items()
            if tag("C:calendar") in each.children("D:resourcetype")
            and each.found[tag("C:supported-calendar-component-set")][0].get("name") == "VEVENT"
        )

    def group(self, kind):
        """The path of one of Dora's proxy groups, found by its resource type as macOS does."""
        listed = self.found(self.dora, self.hers, "D:resourcetype", depth="1")
        (path,) = [
            path for path, each in listed.items() if tag(f"CS:{kind}") in each.children("D:resourcetype")
        ]
        return path

    def set_members(self, group, *members):
        """The delegation pane's change: the members of a proxy group, all at once."""
        hrefs = "".join(apple("D:href", one) for one in members)
        body = apple_proppatch(apple("D:group-member-set", hrefs))
        answer = self.dora.ask("PROPPATCH", group, body, expect={207}, **XML_TYPE).only()
        require(answer.has("D:group-member-set"), f"refused: {answer.missing}")

    def search(self):
        """The person to add is found by a part of his name, as it is typed."""
        inside = apple("D:property-search", apple("D:prop", apple("D:displayname")) + apple("D:match", "Emi"))
        wanted = apple("D:prop", apple("D:displayname") + apple("D:principal-URL"))
        body = XML + apple("D:principal-property-search", inside + wanted)
        answer = self.dora.ask("REPORT", "/dav/principals/", body, expect={207}, Depth="0", **XML_TYPE)
        require(self.his in answer.responses(), "not found")

    def nobody_first(self):
        """Before anything is granted: empty lists, and a home that is not there."""
        for name in ("calendar-proxy-read-for", "calendar-proxy-write-for"):
            same(self.expanded(self.emil, self.his, name), {}, name)
        same(
            self.emil.ask(
                "PROPFIND", self.home, apple_propfind("D:resourcetype"), Depth="1", **XML_TYPE
            ).status,
            404,
            "her home",
        )

    def read_proxy(self):
        """A reader: the pane lists her with her home; his Mac shows her calendars without offering to write."""
        self.set_members(self.group("calendar-proxy-read"), self.his)
        same(
            self.expanded(self.emil, self.his, "calendar-proxy-read-for"),
            {self.hers: self.home},
            "proxy-read-for",
        )
        same(self.expanded(self.emil, self.his, "calendar-proxy-write-for"), {}, "proxy-write-for")
        listed = self.found(self.emil, self.home, *PRIVILEGES, depth="1")
        require(self.calendar in listed, f"her calendar is not in {list(listed)}")
        require(listed[self.calendar].holds("D:current-user-privilege-set", "D:read"), "not readable")
        require(not listed[self.calendar].holds("D:current-user-privilege-set", "D:write"), "writable")
        answer = self.emil.ask(
            "PUT", self.calendar + "no.ics", event("no", "No"), Content_Type="text/calendar"
        )
        require(answer.status == 403 and answer.says("D:need-privileges"), f"PUT: {answer.status}")

    def write_proxy(self):
        """A writer: he writes in her calendar, and she has it."""
        self.set_members(self.group("calendar-proxy-read"))
        self.set_members(self.group("calendar-proxy-write"), self.his)
        same(
            self.expanded(self.emil, self.his, "calendar-proxy-write-for"),
            {self.hers: self.home},
            "proxy-write-for",
        )
        path = self.calendar + "by-emil.ics"
        text = event("by-emil", "For Dora")
        self.emil.ask("PUT", path, text, expect={201}, Content_Type="text/calendar", If_None_Match="*")
        same(self.dora.ask("GET", path, expect={200}).text, text, "what she has")

    def membership(self):
        """`group-membership` expanded names the proxy group; the group's members, expanded, name him."""
        write = self.group("calendar-proxy-write")
        same(list(self.expanded(self.emil, self.his, "group-membership", "")), [write], "group-membership")
        same(list(self.expanded(self.dora, write, "group-member-set", "")), [self.his], "group-member-set")

    def proxy_ends(self):
        """She takes him off: both lists are empty, her home and what was in it are not there."""
        self.set_members(self.group("calendar-proxy-write"))
        self.nobody_first()
        same(list(self.expanded(self.emil, self.his, "group-membership", "")), [], "group-membership")
        same(self.emil.ask("GET", self.calendar + "by-emil.ics").status, 404, "GET")

    def share_appears(self):
        """A share that was taken in stands among his own: not his, not writable; the home's CTag has moved."""
        before = self.found(self.phone, self.own_home, "CS:getctag").text("CS:getctag")
        self.share = Share(self.url, "dora", "emil", self.calendar)
        self.share.grant("read")
        path = self.share.take_in(name="Dora’s", color="#FF2968FF")
        listed = self.found(self.phone, self.own_home, *HOME_PROPERTIES, depth="1")
        require(path in listed, f"{path} is not in {list(listed)}")
        one = listed[path]
        require(tag("C:calendar") in one.children("D:resourcetype"), "no calendar")
        same(one.hrefs("D:owner"), [self.hers], "owner")
        require(not one.holds("D:current-user-privilege-set", "D:write"), "writable")
        require(listed[self.own_home].text("CS:getctag") != before, "the home's CTag did not move")
        same(one.text("D:displayname"), "Dora’s", "name")

    def own_colour(self):
        """His colour and name are kept for him, though he may only read, and hers stay."""
        look = ("I:calendar-color", "D:displayname", "I:calendar-order")
        hers = self.found(self.dora, self.calendar, *look)
        body = apple_proppatch(
            apple("I:calendar-color", "#34C759FF"), apple("D:displayname", "Chef"), apple("I:calendar-order", "7")
        )
        self.phone.ask("PROPPATCH", self.share.path, body, expect={204}, **XML_TYPE)
        his = self.found(self.phone, self.share.path, *look)
        same([his.text(name) for name in look], ["#34C759FF", "Chef", "7"], "his")
        still = self.found(self.dora, self.calendar, *look)
        for name in look:
            same(still.has(name) and still.text(name), hers.has(name) and hers.text(name), f"her {name}")

    def share_polled(self):
        """Her change moves the CTag of the share and of his home; sync tells the item below his path."""
        names = ("CS:getctag", "D:sync-token")
        home = self.found(self.phone, self.own_home, "CS:getctag").text("CS:getctag")
        before = self.found(self.phone, self.share.path, *names)
        self.dora.ask(
            "PUT", self.calendar + "news.ics", event("news", "News"), expect={201}, Content_Type="text/calendar"
        )
        after = self.found(self.phone, self.share.path, *names)
        require(after.text("CS:getctag") != before.text("CS:getctag"), "CTag")
        require(self.found(self.phone, self.own_home, "CS:getctag").text("CS:getctag") != home, "home's CTag")
        inside = apple("D:sync-token", before.text("D:sync-token")) + apple("D:sync-level", "1")
        inside += apple("D:prop", apple("D:getetag") + apple("D:getcontenttype"))
        body = XML + apple("D:sync-collection", inside)
        changed = self.phone.ask("REPORT", self.share.path, body, expect={207}, **XML_TYPE).responses()
        same(list(changed), [self.share.path + "news.ics"], "changed")
        asked_for = apple("D:prop", apple("D:getetag") + apple("C:calendar-data"))
        body = XML + apple("C:calendar-multiget", asked_for + apple("D:href", self.share.path + "news.ics"))
        one = self.phone.ask("REPORT", self.share.path, body, expect={207}, Depth="1", **XML_TYPE).only()
        require("SUMMARY:News" in one.text("C:calendar-data"), "data")

    def share_written(self):
        """With the right to write: offered, taken, refused where the tag is old, there for her."""
        self.share.grant("write")
        one = self.found(self.phone, self.share.path, *PRIVILEGES)
        require(one.holds("D:current-user-privilege-set", "D:write"), "not offered")
        path = self.share.path + "from-phone.ics"
        answer = self.phone.ask(
            "PUT", path, event("from-phone", "One"), expect={201}, Content_Type="text/calendar", If_None_Match="*"
        )
        etag = answer.headers["etag"]
        hers = self.calendar + "from-phone.ics"
        self.dora.ask(
            "PUT", hers, event("from-phone", "Two"), expect={204}, Content_Type="text/calendar", If_Match=etag
        )
        answer = self.phone.ask(
            "PUT", path, event("from-phone", "Three"), Content_Type="text/calendar", If_Match=etag
        )
        same(answer.status, 412, "PUT with the old tag")
        require("SUMMARY:Two" in self.phone.ask("GET", path, expect={200}).text, "hers won")

    def share_ends(self):
        """Taken back: it leaves the home at the next poll, and everything in it is not there."""
        home = self.found(self.phone, self.own_home, "CS:getctag").text("CS:getctag")
        self.share.revoke()
        listed = self.found(self.phone, self.own_home, "CS:getctag", depth="1")
        require(self.share.path not in listed, "still listed")
        require(listed[self.own_home].text("CS:getctag") != home, "the home's CTag did not move")
        for path in (self.share.path, self.share.path + "news.ics", self.calendar, self.calendar + "news.ics"):
            same(self.phone.ask("GET", path).status, 404, f"GET {path}")
            answer = self.phone.ask(
                "PROPFIND", path, apple_propfind("D:getetag"), Depth="0", **XML_TYPE
            )
            same(answer.status, 404, f"PROPFIND {path}")

    def run(self, check):
        """All checks in the order of a grant's life."""
        check("apple-sharing.principals", self.principals)
        first = ("apple-sharing.principals",)
        check("apple-sharing.search-a-person", self.search, needs=first)
        check("apple-sharing.nothing-before", self.nobody_first, needs=first)
        check("apple-sharing.proxy-read", self.read_proxy, needs=first)
        check("apple-sharing.proxy-write", self.write_proxy, needs=first)
        check("apple-sharing.proxy-membership", self.membership, needs=("apple-sharing.proxy-write",))
        check("apple-sharing.proxy-ends", self.proxy_ends, needs=("apple-sharing.proxy-write",))
        check("apple-sharing.share-appears", self.share_appears, needs=first)
        there = ("apple-sharing.share-appears",)
        check("apple-sharing.share-own-colour", self.own_colour, needs=there)
        check("apple-sharing.share-polled", self.share_polled, needs=there)
        check("apple-sharing.share-written", self.share_written, needs=there)
        check("apple-sharing.share-ends", self.share_ends, needs=there)
