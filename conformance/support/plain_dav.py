"""A WebDAV client with nothing clever in it, to look at a server from outside a real client.

It must know nothing of any one server's paths: everything is found by RFC 6764 and RFC 5397,
so that what it reports is the server's own truth against which a client's view is compared.
RFC 4918 (WebDAV), 4791 (CalDAV), 6352 (CardDAV), 5689 (extended MKCOL).
"""

import base64
import http.client
import urllib.parse
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

DAV = "DAV:"
CALDAV = "urn:ietf:params:xml:ns:caldav"
CARDDAV = "urn:ietf:params:xml:ns:carddav"
CALENDARSERVER = "http://calendarserver.org/ns/"
APPLE = "http://apple.com/ns/ical/"

PREFIXES = {"D": DAV, "C": CALDAV, "CR": CARDDAV, "CS": CALENDARSERVER, "A": APPLE}
NAMESPACES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items())

#: Seconds to wait for one answer.
TIMEOUT = 30
#: Redirects followed before giving up.
MAX_REDIRECTS = 5


class Unexpected(Exception):
    """The server answered with a status that the caller did not allow."""


@dataclass
class Answer:
    """One HTTP answer: status, headers with lower-case names, body as text."""

    status: int
    headers: dict
    body: str
    path: str

    @property
    def etag(self):
        """The strong ETag as sent, quotes included, or None."""
        return self.headers.get("etag")


@dataclass
class Resource:
    """One `DAV:response` of a multistatus."""

    path: str
    properties: dict = field(default_factory=dict)

    def text(self, name):
        """Text of a property (`D:getetag`), or None when it was not answered with 200."""
        element = self.properties.get(qualified(name))
        return None if element is None else (element.text or "")

    def has(self, name, child):
        """Whether property `name` was answered with an element `child` somewhere within."""
        element = self.properties.get(qualified(name))
        return element is not None and element.find(f".//{qualified(child)}") is not None

    def href(self, name):
        """Text of the first `DAV:href` within a property, or None."""
        element = self.properties.get(qualified(name))
        found = None if element is None else element.find(f".//{{{DAV}}}href")
        return None if found is None else (found.text or "").strip()

    @property
    def is_calendar(self):
        """RFC 4791 section 4.2."""
        return self.has("D:resourcetype", "C:calendar")

    @property
    def is_address_book(self):
        """RFC 6352 section 5.2."""
        return self.has("D:resourcetype", "CR:addressbook")

    @property
    def components(self):
        """Names in `supported-calendar-component-set`, as a set."""
        element = self.properties.get(qualified("C:supported-calendar-component-set"))
        return set() if element is None else {comp.get("name") for comp in element}


def qualified(name):
    """`D:href` in ElementTree's own spelling."""
    prefix, local = name.split(":", 1)
    return f"{{{PREFIXES[prefix]}}}{local}"


class PlainDav:
    """One user's plain view of one server. Each request opens a connection of its own."""

    def __init__(self, url, user, password):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.authorization = f"Basic {token}"

    def request(self, method, path, body=None, headers=None, expect=None):
        """One request without following redirects.

        `expect` is a set of allowed statuses; any other raises `Unexpected`.
        """
        sent = {"Authorization": self.authorization, "User-Agent": "plain-dav"}
        sent.update(headers or {})
        data = body.encode() if isinstance(body, str) else body
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        try:
            connection.request(method, path, body=data, headers=sent)
            raw = connection.getresponse()
            text = raw.read().decode("utf-8", "replace")
            answer = Answer(raw.status, {k.lower(): v for k, v in raw.getheaders()}, text, path)
        finally:
            connection.close()
        if expect is not None and answer.status not in expect:
            raise Unexpected(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer

    def propfind(self, path, names, depth=0):
        """PROPFIND that follows redirects; answers a list of `Resource`."""
        wanted = "".join(f"<{name}/>" for name in names)
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<D:propfind {NAMESPACES}><D:prop>{wanted}</D:prop></D:propfind>"
        )
        headers = {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"}
        for _ in range(MAX_REDIRECTS):
            answer = self.request("PROPFIND", path, body, headers)
            if answer.status not in (301, 302, 303, 307, 308):
                break
            target = urllib.parse.urljoin(path, answer.headers.get("location", ""))
            path = urllib.parse.urlsplit(target).path
        if answer.status != 207:
            raise Unexpected(f"PROPFIND {path}: {answer.status} {answer.body[:300]!r}")
        return parse_multistatus(answer.body)

    def principal(self, service):
        """Path of the current user's principal, by `/.well-known/caldav` or `carddav`."""
        found = self.propfind(f"/.well-known/{service}", ["D:current-user-principal"])
        return found[0].href("D:current-user-principal")

    def calendar_home(self):
        """Path of the first calendar home (RFC 4791 section 6.2.1)."""
        found = self.propfind(self.principal("caldav"), ["C:calendar-home-set"])
        return found[0].href("C:calendar-home-set")

    def address_book_home(self):
        """Path of the first address-book home (RFC 6352 section 7.1.1)."""
        found = self.propfind(self.principal("carddav"), ["CR:addressbook-home-set"])
        return found[0].href("CR:addressbook-home-set")

    def calendars(self):
        """The calendars of the home, as `Resource`s with name, colour and components."""
        names = [
            "D:resourcetype",
            "D:displayname",
            "A:calendar-color",
            "C:supported-calendar-component-set",
        ]
        return [r for r in self.propfind(self.calendar_home(), names, 1) if r.is_calendar]

    def address_books(self):
        """The address books of the home, as `Resource`s with their names."""
        names = ["D:resourcetype", "D:displayname"]
        return [r for r in self.propfind(self.address_book_home(), names, 1) if r.is_address_book]

    def make_calendar(self, path, name, components, colour=None):
        """Extended MKCOL of a calendar (RFC 5689)."""
        parts = "".join(f'<C:comp name="{component}"/>' for component in components)
        extra = f"<C:supported-calendar-component-set>{parts}</C:supported-calendar-component-set>"
        if colour:
            extra += f"<A:calendar-color>{colour}</A:calendar-color>"
        self._make_collection(path, "C:calendar", name, extra)

    def make_address_book(self, path, name):
        """Extended MKCOL of an address book (RFC 5689)."""
        self._make_collection(path, "CR:addressbook", name, "")

    def _make_collection(self, path, kind, name, extra):
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<D:mkcol {NAMESPACES}><D:set><D:prop>"
            f"<D:resourcetype><D:collection/><{kind}/></D:resourcetype>"
            f"<D:displayname>{escape(name)}</D:displayname>{extra}"
            "</D:prop></D:set></D:mkcol>"
        )
        self.request("MKCOL", path, body, {"Content-Type": "application/xml"}, expect={201})

    def put(self, path, text, content_type="text/calendar; charset=utf-8", match=None):
        """PUT with CRLF line ends; `match` is an ETag, or `*` for "only if new"."""
        headers = {"Content-Type": content_type}
        if match == "*":
            headers["If-None-Match"] = "*"
        elif match:
            headers["If-Match"] = match
        return self.request("PUT", path, crlf(text), headers, expect={200, 201, 204})

    def get(self, path):
        """GET; the answer's status may be anything."""
        return self.request("GET", path)

    def delete(self, path):
        """DELETE without a condition."""
        return self.request("DELETE", path, expect={200, 204})

    def members(self, collection):
        """`{path: etag}` of the collection's non-collection members."""
        found = self.propfind(collection, ["D:getetag", "D:resourcetype"], 1)
        return {
            r.path: r.text("D:getetag")
            for r in found
            if not r.has("D:resourcetype", "D:collection") and r.path != collection
        }

    def in_range(self, collection, component, start, end):
        """Paths that a calendar-query finds between two UTC date-times (RFC 4791 section 7.8)."""
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<C:calendar-query {NAMESPACES}><D:prop><D:getetag/></D:prop>"
            f'<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="{component}">'
            f'<C:time-range start="{start}" end="{end}"/>'
            "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
        )
        headers = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8"}
        answer = self.request("REPORT", collection, body, headers, expect={207})
        return [found.path for found in parse_multistatus(answer.body)]

    def find(self, collection, needle):
        """`(path, body)` of the first member whose body holds `needle`, or `(None, None)`."""
        for path in self.members(collection):
            answer = self.get(path)
            if answer.status == 200 and needle in unfold(answer.body):
                return path, answer.body
        return None, None


def parse_multistatus(body):
    """The `Resource`s of a multistatus; properties whose propstat is not 2xx are left out."""
    resources = []
    for response in ET.fromstring(body).findall(f"{{{DAV}}}response"):
        href = (response.findtext(f"{{{DAV}}}href") or "").strip()
        resource = Resource(urllib.parse.urlsplit(href).path)
        for propstat in response.findall(f"{{{DAV}}}propstat"):
            status = propstat.findtext(f"{{{DAV}}}status") or ""
            if " 2" not in status:
                continue
            for element in propstat.find(f"{{{DAV}}}prop"):
                resource.properties[element.tag] = element
        resources.append(resource)
    return resources


def escape(text):
    """Text for an XML element's content."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def crlf(text):
    """The same lines, each ended by CRLF (RFC 5545 section 3.1, RFC 6350 section 3.2)."""
    return "".join(f"{line}\r\n" for line in text.strip().splitlines())


def unfold(text):
    """Content lines unfolded (RFC 5545 section 3.1), separated by a bare LF."""
    return text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
