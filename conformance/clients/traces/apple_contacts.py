"""iOS and macOS contacts: set-up, vCard 3.0 with Apple's labels, photos and groups, sync.

RFC 6352, 2426 (vCard 3.0), 6578. Apple's programs ask for `address-data` without a version and read 3.0.
"""

import base64

from report import require, same

from bodies import XML, apple, apple_propfind, apple_proppatch, escaped, lines
from wire import Device, tag

PHONE = {
    "User_Agent": "iOS/18.1.1 (22B91) dataaccessd/1.0",
    "Brief": "t",
    "Prefer": "return=minimal",
    "Accept": "*/*",
}
XML_TYPE = {"Content_Type": "text/xml"}

PRINCIPAL_PROPERTIES = (
    *("CR:addressbook-home-set", "D:current-user-principal", "CR:directory-gateway", "D:displayname"),
    *(
        "CS:email-address-set",
        "D:principal-collection-set",
        "D:principal-URL",
        "D:resource-id",
        "D:supported-report-set",
    ),
)

HOME_PROPERTIES = (
    *(
        "D:add-member",
        "ME:bulk-requests",
        "D:current-user-privilege-set",
        "D:displayname",
        "ME:guardian-restricted",
    ),
    *(
        "CR:max-image-size",
        "CR:max-resource-size",
        "CS:me-card",
        "D:owner",
        "CS:push-transports",
        "CS:pushkey",
    ),
    *(
        "D:quota-available-bytes",
        "D:quota-used-bytes",
        "D:resource-id",
        "D:resourcetype",
        "D:supported-report-set",
    ),
    *("D:sync-token", "CS:getctag"),
)


def photo():
    """A folded PHOTO of some kilobytes, as 3.0 has it."""
    data = base64.b64encode(bytes(range(256)) * 12).decode()
    text = f"PHOTO;ENCODING=b;TYPE=JPEG:{data}"
    return [text[:75], *(f" {text[at : at + 74]}" for at in range(75, len(text), 74))]


PERSON = lines(
    "BEGIN:VCARD",
    "VERSION:3.0",
    "PRODID:-//Apple Inc.//iPhone OS 18.1.1//EN",
    "N:Müller;Renée;;Dr.;",
    "FN:Dr. Renée Müller",
    "ORG:Société Générale;Direction",
    "EMAIL;type=INTERNET;type=HOME;type=pref:renee@example.net",
    "TEL;type=CELL;type=VOICE;type=pref:+33 6 12 34 56 78",
    "item1.ADR;type=HOME;type=pref:;;12 Rue des Écoles;Paris;;75005;France",
    "item1.X-ABADR:fr",
    "item2.X-ABDATE;type=pref:2010-06-05",
    "item2.X-ABLabel:_$!<Anniversary>!$_",
    "item3.X-ABRELATEDNAMES;type=pref:Zoé",
    "item3.X-ABLabel:Voisine",
    "BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20",
    "NOTE:Ligne une\\nligne deux\\, avec virgule",
    *photo(),
    "REV:2026-11-01T08:00:00Z",
    "UID:0E2C7C1A-APPLE-PERSON",
    "END:VCARD",
)

GROUP = lines(
    "BEGIN:VCARD",
    "VERSION:3.0",
    "PRODID:-//Apple Inc.//macOS 14.6//EN",
    "N:Voisins;;;;",
    "FN:Voisins",
    "X-ADDRESSBOOKSERVER-KIND:group",
    "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:0E2C7C1A-APPLE-PERSON",
    "REV:2026-11-01T08:00:00Z",
    "UID:0E2C7C1A-APPLE-GROUP",
    "END:VCARD",
)


class AppleContacts:
    """One iPhone of bob's and what it has learnt so far."""

    def __init__(self, url):
        self.device = Device(url, "bob", **PHONE)
        self.principal = self.home = self.book = None

    def propfind(self, path, *names, depth="0"):
        """A PROPFIND as the phone sends it."""
        return self.device.ask(
            "PROPFIND", path, apple_propfind(*names), expect={207}, Depth=depth, **XML_TYPE
        )

    def put(self, path, text, **headers):
        """A PUT as the phone sends it."""
        return self.device.ask("PUT", path, text, Content_Type="text/vcard", **headers)

    def sync(self, token):
        """One sync-collection: (changed paths, gone paths, token)."""
        first = apple("D:sync-token", token) + apple("D:sync-level", "1")
        body = XML + apple("D:sync-collection", first + apple("D:prop", apple("D:getetag")))
        answer = self.device.ask("REPORT", self.book, body, expect={207}, **XML_TYPE)
        found = answer.responses()
        gone = {path for path, each in found.items() if each.status == 404}
        return set(found) - gone, gone, answer.token()

    def set_up(self):
        """From the well-known address to the one home and the book in it."""
        body = apple_propfind("D:current-user-principal", "D:principal-URL", "D:resourcetype")
        answer, _ = self.device.follow("PROPFIND", "/.well-known/carddav", body, Depth="0", **XML_TYPE)
        (self.principal,) = answer.only().hrefs("D:current-user-principal")
        require(
            "addressbook" in self.device.ask("OPTIONS", self.principal, expect={200, 204}).dav,
            "no addressbook in DAV",
        )
        found = self.propfind(self.principal, *PRINCIPAL_PROPERTIES).only()
        require(not found.missing, f"return=minimal, yet a propstat for {found.missing}")
        (self.home,) = found.hrefs("CR:addressbook-home-set")

    def home_listing(self):
        """The home at Depth 1: books with what the phone needs to write."""
        found = self.propfind(self.home, *HOME_PROPERTIES, depth="1").responses()
        require(found[self.home].text("CS:getctag"), "no getctag on the home")
        books = [each for each in found.values() if tag("CR:addressbook") in each.children("D:resourcetype")]
        writable = [each for each in books if each.holds("D:current-user-privilege-set", "D:write")]
        require(writable, "no address book to write to")
        self.book = writable[0].path
        for each in writable:
            require(
                int(each.text("CR:max-resource-size")) >= 102400, "max-resource-size is too small for a photo"
            )
            for report in ("D:sync-collection", "CR:addressbook-multiget", "CR:addressbook-query"):
                require(each.holds("D:supported-report-set", report), f"{each.path}: no {report}")

    def me_card(self):
        """PROPPATCH of me-card on the home: no 5xx; kept when it was taken."""
        value = apple("D:href", self.home + "me.vcf")
        answer = self.device.ask(
            "PROPPATCH", self.home, apple_proppatch(apple("CS:me-card", value)), **XML_TYPE
        )
        require(answer.status in (204, 207, 403), f"PROPPATCH: {answer.status}")
        if answer.status == 204 or (answer.status == 207 and tag("CS:me-card") in answer.only().found):
            same(
                self.propfind(self.home, "CS:me-card").only().hrefs("CS:me-card"),
                [self.home + "me.vcf"],
                "me-card",
            )

    def put_person(self):
        """A person with labels, a photo and a birthday without year, kept to the byte."""
        path = self.book + "0E2C7C1A-APPLE-PERSON.vcf"
        answer = self.put(path, PERSON, If_None_Match="*")
        same(answer.status, 201, "PUT")
        got = self.device.ask("GET", path, expect={200})
        same(got.text, PERSON, "GET")
        require(got.headers["content-type"].lower().startswith("text/vcard"), got.headers["content-type"])
        same(got.headers["etag"], answer.headers.get("etag"), "ETag")

    def put_group(self):
        """A group as macOS makes it stays a group in 3.0, with its members."""
        path = self.book + "0E2C7C1A-APPLE-GROUP.vcf"
        same(self.put(path, GROUP, If_None_Match="*").status, 201, "PUT")
        same(self.device.ask("GET", path, expect={200}).text, GROUP, "GET")

    def multiget(self):
        """`address-data` without a version is vCard 3.0, bytes as sent; a missing href has its own 404."""
        changed, _, _ = self.sync("")
        missing = self.book + "not-there.vcf"
        hrefs = "".join(apple("D:href", escaped(path)) for path in [*changed, missing])
        properties = apple("D:prop", apple("D:getetag") + apple("CR:address-data"))
        body = XML + apple("CR:addressbook-multiget", properties + hrefs)
        found = self.device.ask("REPORT", self.book, body, expect={207}, Depth="0", **XML_TYPE).responses()
        same(set(found), {*changed, missing}, "paths")
        same(found[missing].status, 404, "status of the missing one")
        text = found[self.book + "0E2C7C1A-APPLE-PERSON.vcf"].text("CR:address-data")
        same(text.replace("\r\n", "\n"), PERSON.replace("\r\n", "\n"), "address-data")

    def old_card_as_three(self):
        """A card that Android stored in 4.0 reaches the phone in 3.0, its group as Apple's programs know groups."""
        person = lines(
            "BEGIN:VCARD",
            "VERSION:4.0",
            "UID:urn:uuid:four-person",
            "FN:Quatre",
            "N:Quatre;;;;",
            "BDAY:--0820",
            "END:VCARD",
        )
        group = lines(
            "BEGIN:VCARD",
            "VERSION:4.0",
            "UID:urn:uuid:four-group",
            "KIND:group",
            "FN:Groupe",
            "MEMBER:urn:uuid:four-person",
            "END:VCARD",
        )
        for name, text in (("four-person", person), ("four-group", group)):
            same(self.put(f"{self.book}{name}.vcf", text, If_None_Match="*").status, 201, f"PUT {name}")
        hrefs = "".join(apple("D:href", f"{self.book}four-{name}.vcf") for name in ("person", "group"))
        body = XML + apple("CR:addressbook-multiget", apple("D:prop", apple("CR:address-data")) + hrefs)
        found = self.device.ask("REPORT", self.book, body, expect={207}, Depth="0", **XML_TYPE).responses()
        text = found[self.book + "four-person.vcf"].text("CR:address-data")
        require("VERSION:3.0" in text and "FN:Quatre" in text, f"person: {text}")
        require("X-APPLE-OMIT-YEAR=1604:1604-08-20" in text, f"birthday without year: {text}")
        text = (
            found[self.book + "four-group.vcf"]
            .text("CR:address-data")
            .replace("\r\n ", "")
            .replace("\n ", "")
        )
        require("VERSION:3.0" in text and "X-ADDRESSBOOKSERVER-KIND:group" in text, f"group: {text}")
        require("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:four-person" in text, f"members: {text}")

    def search(self):
        """A search as the phone's field sends it: any of name, mail, nickname contains the text."""

        def contains(name, text):
            match = f'<C:text-match collation="i;unicode-casemap" match-type="contains">{text}</C:text-match>'
            return f'<C:prop-filter name="{name}">{match}</C:prop-filter>'

        filters = "".join(contains(name, "RENEE@") for name in ("FN", "EMAIL", "NICKNAME", "ORG"))
        body = (
            f'{XML}<C:addressbook-query xmlns:C="urn:ietf:params:xml:ns:carddav" xmlns:A="DAV:">'
            f'<A:prop><A:getetag/><C:address-data/></A:prop><C:filter test="anyof">{filters}</C:filter>'
            "<C:limit><C:nresults>50</C:nresults></C:limit></C:addressbook-query>"
        )
        found = self.device.ask("REPORT", self.book, body, expect={207}, Depth="1", **XML_TYPE).responses()
        same(list(found), [self.book + "0E2C7C1A-APPLE-PERSON.vcf"], "found")

    def changes(self):
        """A change and a deletion, by If-Match, are what the next sync tells."""
        _, _, token = self.sync("")
        person, group = self.book + "0E2C7C1A-APPLE-PERSON.vcf", self.book + "0E2C7C1A-APPLE-GROUP.vcf"
        old = self.device.ask("GET", person, expect={200}).headers["etag"]
        text = PERSON.replace("+33 6 12 34 56 78", "+33 6 00 00 00 00")
        same(self.put(person, text, If_Match=old).status, 204, "PUT")
        same(self.put(person, text, If_Match=old).status, 412, "PUT with an old ETag")
        same(self.device.ask("DELETE", group).status, 204, "DELETE")
        changed, gone, _ = self.sync(token)
        same((changed, gone), ({person}, {group}), "sync")

    def run(self, check):
        """All checks in the order of an account's life."""
        check("apple-contacts.set-up", self.set_up)
        check("apple-contacts.home", self.home_listing, needs=("apple-contacts.set-up",))
        needs = ("apple-contacts.home",)
        check("apple-contacts.me-card", self.me_card, needs=("apple-contacts.set-up",))
        check("apple-contacts.put-person", self.put_person, needs=needs)
        check("apple-contacts.put-group", self.put_group, needs=needs)
        check("apple-contacts.multiget", self.multiget, needs=("apple-contacts.put-person",))
        check("apple-contacts.four-read-as-three", self.old_card_as_three, needs=needs)
        check("apple-contacts.search", self.search, needs=("apple-contacts.put-person",))
        check(
            "apple-contacts.changes",
            self.changes,
            needs=("apple-contacts.put-person", "apple-contacts.put-group"),
        )
