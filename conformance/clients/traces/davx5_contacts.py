"""DAVx5 with Android's contacts: vCard 4.0 when the server lists it, groups, photos, paging.

RFC 6352, 6350, 5689 (extended MKCOL), 6578.
"""

import base64

from report import require, same

from bodies import lines, multiget, propfind, rooted, sync
from davx5_calendar import ANDROID, XML_TYPE
from wire import Device, tag

REFRESH = (
    *(
        "D:current-user-privilege-set",
        "D:displayname",
        "D:owner",
        "D:resourcetype",
        "CR:addressbook-description",
    ),
    *("CR:supported-address-data", "P:transports", "P:topic"),
)
CAPABILITIES = (
    "CR:max-resource-size",
    "CR:supported-address-data",
    "D:supported-report-set",
    "CS:getctag",
    "D:sync-token",
)
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(600)).decode()


def folded(text):
    """One ASCII content line folded at 75 octets."""
    return [text[:75], *(f" {text[at : at + 74]}" for at in range(75, len(text), 74))]


def card(uid, name, *more):
    """A vCard 4.0 as DAVx5 writes it."""
    head = (
        "BEGIN:VCARD",
        "VERSION:4.0",
        "PRODID:+//IDN bitfire.at//DAVx5/4.4.6-ose ez-vcard/0.12.1",
        f"UID:urn:uuid:{uid}",
    )
    return lines(*head, f"FN:{name}", f"N:{name};;;;", *more, "END:VCARD")


def unfolded(text):
    """Content lines without folds, as a list."""
    return text.replace("\r\n", "\n").replace("\n ", "").splitlines()


class Davx5Contacts:
    """One Android phone of carol's and what it has learnt so far."""

    def __init__(self, url):
        self.device = Device(url, "carol", **ANDROID)
        self.principal = self.home = self.book = None

    def propfind(self, path, *names, depth="0"):
        """A PROPFIND as DAVx5 sends it."""
        return self.device.ask("PROPFIND", path, propfind(*names), expect={207}, Depth=depth, **XML_TYPE)

    def put(self, path, text, version="4.0", **headers):
        """A PUT as DAVx5 sends it."""
        return self.device.ask(
            "PUT", path, text, Content_Type=f"text/vcard; charset=utf-8; version={version}", **headers
        )

    def data(self, path, version):
        """One card by multiget in a version, as unfolded lines."""
        wanted = f'<getetag/><CR:address-data content-type="text/vcard" version="{version}"/>'
        body = multiget("CR:addressbook-multiget", wanted, [path])
        found = self.device.ask("REPORT", self.book, body, expect={207}, **XML_TYPE).responses()[path]
        return unfolded(found.text("CR:address-data"))

    def detection(self):
        """OPTIONS on the principal must name addressbook; one home."""
        answer, _ = self.device.follow(
            "PROPFIND", "/.well-known/carddav", propfind("D:current-user-principal"), Depth="0", **XML_TYPE
        )
        (self.principal,) = answer.only().hrefs("D:current-user-principal")
        options = self.device.ask("OPTIONS", self.principal, expect={200, 204}, Accept_Encoding="identity")
        require("addressbook" in options.dav, f"DAV of the principal: {options.dav}")
        (self.home,) = (
            self.propfind(self.principal, "CR:addressbook-home-set").only().hrefs("CR:addressbook-home-set")
        )

    def make_book(self):
        """Extended MKCOL as DAVx5 sends it, then the collection list."""
        self.book = self.home + "9d1f-davx5/"
        content = (
            "<resourcetype><collection/><CR:addressbook/></resourcetype><displayname>Carnet</displayname>"
            "<CR:addressbook-description>Clients &amp; amis</CR:addressbook-description>"
        )
        body = rooted("mkcol", f"<set><prop>{content}</prop></set>")
        self.device.ask("MKCOL", self.book, body, expect={201}, **XML_TYPE)
        found = self.propfind(self.home, *REFRESH, depth="1").responses()[self.book]
        same(found.text("D:displayname"), "Carnet", "displayname")
        same(found.text("CR:addressbook-description"), "Clients & amis", "addressbook-description")
        require(tag("CR:addressbook") in found.children("D:resourcetype"), "not an address book")

    def versions(self):
        """supported-address-data lists 3.0 first and 4.0."""
        found = self.propfind(self.book, *CAPABILITIES).only()
        listed = [
            (each.get("content-type"), each.get("version"))
            for each in found.found[tag("CR:supported-address-data")]
        ]
        same(listed[0], ("text/vcard", "3.0"), "first type")
        require(("text/vcard", "4.0") in listed, f"no vCard 4.0: {listed}")

    def four(self):
        """A card in 4.0: back as sent when 4.0 is asked, a right 3.0 when 3.0 is asked."""
        text = card(
            "d-person",
            "Élodie Durand",
            "EMAIL;PREF=1;TYPE=home:elodie@example.net",
            "TEL;TYPE=cell:+33 6 11 22 33 44",
            "BDAY:--0820",
            *folded(f"PHOTO:data:image/png;base64,{PIXEL}"),
        )
        path = self.book + "d-person.vcf"
        same(self.put(path, text, If_None_Match="*").status, 201, "PUT")
        same(
            self.device.ask(
                "GET", path, expect={200}, Accept="text/vcard; version=4.0, text/vcard;q=0.8"
            ).text,
            text,
            "GET in 4.0",
        )
        same(self.data(path, "4.0"), unfolded(text), "multiget in 4.0")
        three = self.data(path, "3.0")
        require("VERSION:3.0" in three and "FN:Élodie Durand" in three, f"3.0: {three}")
        photo = next((line for line in three if line.upper().startswith("PHOTO")), "")
        require(photo.endswith(":" + PIXEL), f"the photo in 3.0: {photo[:120]}")
        require(
            "ENCODING=B" in photo.upper() and "DATA:" not in photo.upper(), f"the photo in 3.0: {photo[:120]}"
        )
        mail = next((line for line in three if line.upper().startswith("EMAIL")), "")
        require(
            "PREF=1" not in mail.upper() and "TYPE=" in mail.upper() and "PREF" in mail.upper(),
            f"the address in 3.0: {mail}",
        )

    def three_as_four(self):
        """A card stored in 3.0 is a right 4.0 when 4.0 is asked; its labels are kept."""
        three = lines(
            *(
                "BEGIN:VCARD",
                "VERSION:3.0",
                "UID:d-three",
                "FN:Trois",
                "N:Trois;;;;",
                "item1.EMAIL;TYPE=INTERNET,PREF:trois@example.net",
            ),
            *(
                "item1.X-ABLabel:Bureau",
                "TEL;TYPE=WORK,VOICE:+33 1 23 45 67 89",
                "BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20",
                "END:VCARD",
            ),
        )
        path = self.book + "d-three.vcf"
        same(self.put(path, three, version="3.0", If_None_Match="*").status, 201, "PUT")
        four = self.data(path, "4.0")
        require("VERSION:4.0" in four, f"4.0: {four}")
        mail = next((line for line in four if "EMAIL" in line.upper()), "")
        require(
            mail.startswith("item1.") and "PREF=1" in mail.upper() and "item1.X-ABLabel:Bureau" in four,
            f"4.0: {four}",
        )
        require(
            any(line.upper().startswith("BDAY") and line.endswith(":--0820") for line in four),
            f"birthday in 4.0: {four}",
        )

    def group(self):
        """A group of 4.0, and one of Apple's read in 4.0."""
        path = self.book + "d-group.vcf"
        text = card("d-group", "Amis", "KIND:group", "MEMBER:urn:uuid:d-person")
        same(self.put(path, text, If_None_Match="*").status, 201, "PUT")
        same(self.data(path, "4.0"), unfolded(text), "multiget in 4.0")
        apple = lines(
            *(
                "BEGIN:VCARD",
                "VERSION:3.0",
                "UID:d-apple",
                "FN:Collègues",
                "N:Collègues;;;;",
                "X-ADDRESSBOOKSERVER-KIND:group",
            ),
            *("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:d-person", "END:VCARD"),
        )
        same(
            self.put(self.book + "d-apple.vcf", apple, version="3.0", If_None_Match="*").status,
            201,
            "PUT of Apple's",
        )
        four = self.data(self.book + "d-apple.vcf", "4.0")
        require("KIND:group" in four and "MEMBER:urn:uuid:d-person" in four, f"4.0: {four}")

    def paged(self):
        """sync-collection with a limit: 507 until all is told; then changes and deletions."""
        for number in range(12):
            same(
                self.put(f"{self.book}p-{number}.vcf", card(f"p-{number}", f"Page {number}")).status,
                201,
                "PUT",
            )
        members = set(self.propfind(self.book, "D:getetag", depth="1").responses()) - {self.book}
        token, seen = "", []
        for _ in range(12):
            answer = self.device.ask("REPORT", self.book, sync(token, limit=5), expect={207}, **XML_TYPE)
            found, token = answer.responses(), answer.token()
            more = found.pop(self.book, None)
            seen += found
            if more is None:
                break
            same(more.status, 507, "status of the collection")
        same(sorted(seen), sorted(members), "members told")
        same(self.put(self.book + "p-1.vcf", card("p-1", "Changed")).status, 204, "PUT")
        self.device.ask("DELETE", self.book + "p-2.vcf", expect={204})
        found = self.device.ask("REPORT", self.book, sync(token), expect={207}, **XML_TYPE).responses()
        same(
            {path: each.status for path, each in found.items()},
            {self.book + "p-1.vcf": None, self.book + "p-2.vcf": 404},
            "changes",
        )

    def multiget_in_tens(self):
        """Tens of cards, one of them missing; the ETag is the same through every door."""
        listed = self.propfind(self.book, "D:getetag", depth="1").responses()
        paths = [path for path in sorted(listed) if path != self.book][:9]
        missing = self.book + "p-missing.vcf"
        body = multiget(
            "CR:addressbook-multiget",
            '<getetag/><CR:address-data content-type="text/vcard" version="4.0"/>',
            [*paths, missing],
        )
        found = self.device.ask("REPORT", self.book, body, expect={207}, **XML_TYPE).responses()
        same(set(found), {*paths, missing}, "paths")
        same(found[missing].status, 404, "status of the missing one")
        for path in paths:
            etag = self.device.ask("GET", path, expect={200}).headers["etag"]
            same(
                [found[path].text("D:getetag"), listed[path].text("D:getetag")],
                [etag, etag],
                f"ETags of {path}",
            )

    def foreign_token(self):
        """A token that was never given: 400 with valid-sync-token, from which Thunderbird's book and DAVx5 both recover."""
        answer = self.device.ask("REPORT", self.book, sync("http://example.org/ns/sync/12345"), **XML_TYPE)
        same(answer.status, 400, "status")
        require(answer.says("D:valid-sync-token"), f"body {answer.text[:300]}")

    def too_large(self):
        """A card beyond max-resource-size is refused with the precondition in a body (RFC 6352 section 6.3.2.1)."""
        limit = int(self.propfind(self.book, "CR:max-resource-size").only().text("CR:max-resource-size"))
        note = "x" * 70
        text = card("huge", "Huge", *(f"NOTE:{note}" for _ in range(limit // 75 + 10)))
        answer = self.put(self.book + "huge.vcf", text, If_None_Match="*")
        same(answer.status, 403, "status")
        require(answer.says("CR:max-resource-size"), f"body {answer.text[:300]}")

    def run(self, check):
        """All checks in the order of an account's life."""
        check("davx5-contacts.detection", self.detection)
        check("davx5-contacts.mkcol", self.make_book, needs=("davx5-contacts.detection",))
        for name, function in (
            ("versions", self.versions),
            ("four", self.four),
            ("three-read-as-four", self.three_as_four),
            ("groups", self.group),
            ("paged-507", self.paged),
            ("multiget-in-tens", self.multiget_in_tens),
            ("foreign-token", self.foreign_token),
            ("max-resource-size", self.too_large),
        ):
            check(f"davx5-contacts.{name}", function, needs=("davx5-contacts.mkcol",))
