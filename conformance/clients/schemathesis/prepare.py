"""What others made before the requests begin: shares, series, a group, deleted collections. Some operations are about nothing else.

It makes each thing several times, for generated requests delete. What it tells is what `pools.py` would have learnt from the answers.
"""

import base64
import json
import urllib.parse
import urllib.request

#: How many of each.
COPIES = 3
SERIES = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Conformance//EN\r\nBEGIN:{name}\r\nUID:{name}@example.org\r\n"
    "DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nRRULE:FREQ=DAILY;COUNT=9\r\nSUMMARY:Series\r\nEND:{name}\r\nEND:VCALENDAR\r\n"
)
CARD = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:card@example.org\r\nFN:Somebody\r\nEND:VCARD\r\n"
#: Collections by their segment: what they are made of, and the items that go into each.
KINDS = {
    "calendars": ({"components": ["VEVENT", "VTODO"]}, {"events": ("text/calendar", SERIES.format(name="VEVENT")),
                                                        "tasks": ("text/calendar", SERIES.format(name="VTODO"))}),
    "address-books": ({}, {"contacts": ("text/vcard", CARD)}),
}  # fmt: skip


class Maker:
    """Asks as one of the accounts, and keeps what there is then."""

    def __init__(self, url):
        self.url = url
        self.known = []

    def ask(self, who, method, path, body=None, media="application/json"):
        """The JSON answer; anything but success is an error."""
        data = json.dumps(body) if isinstance(body, dict) else body
        login = base64.b64encode(f"{who}:{who}-secret".encode()).decode()
        headers = {"Authorization": f"Basic {login}", **({"Content-Type": media} if data else {})}
        address = f"{self.url}/api/v1{urllib.parse.quote(path, safe='/:')}"
        request = urllib.request.Request(address, data and data.encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            told = answer.read()
        return json.loads(told) if told else {}

    def make(self, who, path, body, media="application/json"):
        """POST of something new; its id, which is known from then on."""
        made = self.ask(who, "POST", path, body, media)["id"]
        self.known.append((f"/api/v1{path}", made))
        return made

    def collection(self, who, segment, number):
        """A collection with an item of each kind."""
        wish, items = KINDS[segment]
        made = self.make(who, f"/{segment}", {"name": f"{who} {number}", **wish})
        for below, (media, text) in items.items():
            item = self.make(who, f"/{segment}/{made}/{below}", text, media)
            if media == "text/calendar":
                at = f"/{segment}/{made}/{below}/{item}/instances"
                days = range(5, 14)
                self.known += [(f"/api/v1{at}", f"2026-01-{day:02}T09:00:00Z") for day in days]
        return made


def prepare(url):
    """Makes it all; pairs of an address and an id below it."""
    maker = Maker(url)
    for number in range(COPIES):
        for segment in KINDS:
            shared = maker.collection("bob", segment, number)
            maker.ask("bob", "POST", f"/{segment}/{shared}/shares", {"with": "alice", "role": "write"})
            own = maker.collection("alice", segment, number)
            maker.ask("alice", "POST", f"/{segment}/{own}/shares", {"with": "bob", "role": "read"})
            maker.known.append((f"/api/v1/{segment}/{own}/shares", "bob"))
            gone = maker.collection("alice", segment, f"{number} gone")
            maker.ask("alice", "DELETE", f"/{segment}/{gone}")
            maker.known = [pair for pair in maker.known if pair[1] != gone and f"/{gone}/" not in pair[0]]
            maker.known.append((f"/api/v1/deleted-{segment}", gone))
        group = maker.ask("alice", "POST", "/groups", {"name": f"Team {number}"})["id"]
        maker.ask("alice", "POST", f"/groups/{group}/members", {"members": [{"id": "carol"}]})
        maker.known += [("/api/v1/groups", group), (f"/api/v1/groups/{group}/members", "carol")]
    return maker.known
