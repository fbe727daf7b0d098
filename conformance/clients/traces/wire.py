"""One device's kept-alive HTTP connection, and answers taken apart strictly.

It must know nothing of the traces. Every multistatus is checked while it is read for what clients
rely on: absolute percent-encoded hrefs, a status line with the exact version, the propstat with
status 200 before any other, a Content-Type of XML (RFC 4918 sections 8.3, 13, 14).
"""

import base64
import gzip
import http.client
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ET

from report import CheckFailed, require

#: Seconds to wait for one answer.
TIMEOUT = 30

NAMESPACES = {
    "D": "DAV:",
    "C": "urn:ietf:params:xml:ns:caldav",
    "CR": "urn:ietf:params:xml:ns:carddav",
    "CS": "http://calendarserver.org/ns/",
    "I": "http://apple.com/ns/ical/",
    "ME": "http://me.com/_namespace/",
    "P": "https://bitfire.at/webdav-push",
}

HREF = re.compile(r"(/|https?://)([A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*")
STATUS = re.compile(r"HTTP/1\.1 (\d{3}) .*")


def tag(name):
    """`D:href` in ElementTree's spelling."""
    prefix, local = name.split(":", 1)
    return f"{{{NAMESPACES[prefix]}}}{local}"


def decoded(href):
    """The decoded path of an href."""
    return urllib.parse.unquote(urllib.parse.urlsplit(href).path)


class Response:
    """One `DAV:response`: `found` and `missing` properties, or the status of the whole."""

    def __init__(self, element):
        self.href = (element.findtext(tag("D:href")) or "").strip()
        require(HREF.fullmatch(self.href), f"not an absolute, encoded href: {self.href!r}")
        self.path = decoded(self.href)
        line = element.findtext(tag("D:status"))
        self.status = None if line is None else _status(line)
        self.element = element
        self.found, self.missing, order = {}, set(), []
        for propstat in element.findall(tag("D:propstat")):
            status = _status(propstat.findtext(tag("D:status")))
            order.append(status)
            for each in propstat.find(tag("D:prop")):
                if status == 200:
                    self.found[each.tag] = each
                else:
                    self.missing.add(each.tag)
        require(200 not in order[1:], f"propstat with 200 is not the first: {order} for {self.href}")

    def has(self, name):
        """Whether the property was answered with 200."""
        return tag(name) in self.found

    def text(self, name):
        """Its text, or CheckFailed when it was not answered."""
        require(self.has(name), f"{self.path} has no {name}")
        return self.found[tag(name)].text or ""

    def hrefs(self, name):
        """Decoded paths of the `DAV:href`s within a property."""
        require(self.has(name), f"{self.path} has no {name}")
        return [decoded(each.text.strip()) for each in self.found[tag(name)].iter(tag("D:href"))]

    def children(self, name):
        """Tags of the property's child elements."""
        require(self.has(name), f"{self.path} has no {name}")
        return [each.tag for each in self.found[tag(name)]]

    def holds(self, name, child):
        """Whether `child` is somewhere within the property."""
        return self.has(name) and self.found[tag(name)].find(f".//{tag(child)}") is not None


class Answer:
    """One HTTP answer; header names in lower case."""

    def __init__(self, request, raw, body):
        self.request, self.status = request, raw.status
        self.headers = {}
        for name, value in raw.getheaders():
            key = name.lower()
            self.headers[key] = f"{self.headers[key]}, {value}" if key in self.headers else value
        self.body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body

    @property
    def text(self):
        """The body as UTF-8 text."""
        return self.body.decode("utf-8")

    @property
    def dav(self):
        """Words of the `DAV` header."""
        return {word.strip() for word in self.headers.get("dav", "").split(",")}

    def root(self):
        """The body as XML."""
        require("xml" in self.headers.get("content-type", ""), f"{self.request}: no XML: {self.headers}")
        try:
            return ET.fromstring(self.body)
        except ET.ParseError as problem:
            raise CheckFailed(f"{self.request}: bad XML: {problem}") from problem

    def responses(self):
        """The multistatus as {decoded path: Response}, in order."""
        require(self.status == 207, f"{self.request}: {self.status} {self.text[:300]}")
        root = self.root()
        require(root.tag == tag("D:multistatus"), f"{self.request}: root is {root.tag}")
        listed = [Response(each) for each in root.findall(tag("D:response"))]
        by_path = {each.path: each for each in listed}
        require(len(by_path) == len(listed), f"{self.request}: a path stands twice")
        return by_path

    def only(self):
        """The one response of a Depth 0 request."""
        responses = list(self.responses().values())
        require(len(responses) == 1, f"{self.request}: {len(responses)} responses")
        return responses[0]

    def token(self):
        """The multistatus's `sync-token`, which must look like a URI."""
        token = self.root().findtext(tag("D:sync-token")) or ""
        require(":" in token or "/" in token, f"{self.request}: sync-token {token!r} is no URI")
        return token

    def says(self, precondition):
        """Whether the error body names a precondition."""
        try:
            return self.root().find(tag(precondition)) is not None or self.root().tag == tag(precondition)
        except CheckFailed:
            return False


def _status(line):
    match = STATUS.fullmatch((line or "").strip())
    require(match, f"not a status line of HTTP/1.1: {line!r}")
    return int(match.group(1))


class Device:
    """A connection that stays open, with the headers that this device always sends."""

    def __init__(self, url, user=None, password=None, **headers):
        parts = urllib.parse.urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if user:
            self.log_in(user, password or f"{user}-secret")

    def log_in(self, user, password):
        """Send this login from now on."""
        secret = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.headers["Authorization"] = f"Basic {secret}"

    def log_out(self):
        """Send no login from now on."""
        self.headers.pop("Authorization", None)

    def ask(self, method, path, body=None, expect=None, **headers):
        """One request, no redirects. `expect`: allowed statuses. A header with value None is left out."""
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent = {name: value for name, value in sent.items() if value is not None}
        data = body.encode() if isinstance(body, str) else body
        target = urllib.parse.quote(path, safe="/%?=&:@!$'()*+,;~-._")
        request = f"{method} {path}"
        try:
            raw = self._send(method, target, data, sent)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # A server may close an idle connection; a device then asks once more on a new one.
            raw = self._send(method, target, data, sent)
        answer = Answer(request, raw, raw.read())
        if expect is not None and answer.status not in expect:
            print(
                f"{request}\n{sent}\n{body}\n-> {answer.status} {answer.headers}\n{answer.body[:2000]}",
                file=sys.stderr,
            )
            raise CheckFailed(f"{request}: {answer.status} {answer.body[:200]!r}, wanted {sorted(expect)}")
        return answer

    def _send(self, method, target, data, headers):
        try:
            self.connection.request(method, target, body=data, headers=headers)
            return self.connection.getresponse()
        except (OSError, http.client.HTTPException):
            # What was left half done must not meet the next request.
            self.connection.close()
            raise

    def follow(self, method, path, body=None, **headers):
        """The same request again at each target of a redirect, at most five; the last answer and its path."""
        for _ in range(5):
            answer = self.ask(method, path, body, **headers)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer, path
            require("location" in answer.headers, f"{answer.request}: {answer.status} without Location")
            path = urllib.parse.urlsplit(urllib.parse.urljoin(path, answer.headers["location"])).path
        raise CheckFailed(f"{method} {path}: more than five redirects")
