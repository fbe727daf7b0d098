"""Items as clients send them: iCalendar, vCard, jCal and jCard, most of them right, some bent.

The description can only say that these are texts, and what is made of that alone is refused at its first octet. Made by a generator of
`random`, so that they are the same in every run. RFC 5545, 6350, 7265, 7095.
"""

import io
import zipfile

STARTS = ["20260105T090000Z", "20260105T090000", "20260105", "20261025T023000Z", "19700101T000000Z", "99991231T235959Z", "20260230", ""]
RULES = [
    "FREQ=DAILY;COUNT=3", "FREQ=WEEKLY;BYDAY=MO,WE", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=YEARLY;UNTIL=20300101T000000Z",
    "FREQ=SECONDLY", "FREQ=DAILY;INTERVAL=0", "FREQ=NEVER", "",
]  # fmt: skip
EXTRA = [
    "X-COLOUR:red", "CATEGORIES:a,b", "CLASS:PRIVATE", "TRANSP:TRANSPARENT", "STATUS:CANCELLED", "LOCATION:Paris", "GEO:48.85;2.35",
    "ATTENDEE;CN=Bob:mailto:bob@example.org", "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nEND:VALARM", "DURATION:PT1H",
    "DTEND:20260105T100000Z", "RDATE:20260107T090000Z", "EXDATE:20260112T090000Z", "NONSENSE", "BEGIN:VALARM",
]  # fmt: skip
OF_CARDS = [
    "EMAIL:a@example.org", "TEL:+33 1", "N:A;B;;;", "BDAY:--0101", "X-A:b", "PHOTO:data:image/png;base64,AA==", "KIND:group",
    "ADR:;;Rue;Lyon;;69001;France", "NONSENSE",
]  # fmt: skip
LETTERS = "abc éß漢😀 ,;\\\t\u202e\u0301\x7f"


def words(random):
    """Any text of one line."""
    return "".join(random.choice(LETTERS) for _ in range(random.randrange(20)))


def escaped(text):
    """Text as a value of a property (RFC 5545 section 3.3.11)."""
    for plain, written in [("\\", "\\\\"), (";", "\\;"), (",", "\\,")]:
        text = text.replace(plain, written)
    return text


def lines(*all_lines):
    """Content lines."""
    return "".join(f"{line}\r\n" for line in all_lines if line)


def some(random, known):
    """At most two of these."""
    return random.sample(known, random.randrange(3))


def uid(random):
    """One of a few, so that some are there already."""
    return f"uid-{random.randrange(40)}@example.org"


def component(random, path):
    """What belongs below this path; now and then what does not."""
    fitting = "VTODO" if "/tasks" in path else "VEVENT"
    return fitting if random.random() < 0.9 else random.choice(["VEVENT", "VTODO", "VJOURNAL", "VALARM"])


def calendar(random, path):
    """A VCALENDAR of one item."""
    name, start = component(random, path), random.choice(STARTS) if random.random() < 0.5 else STARTS[0]
    rule = random.choice(RULES) if random.random() < 0.4 else ""
    return lines(
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Conformance//EN", f"BEGIN:{name}", f"UID:{uid(random)}", "DTSTAMP:20260101T000000Z",
        start and f"DTSTART{';VALUE=DATE' if len(start) == 8 else ''}:{start}", rule and f"RRULE:{rule}",
        f"SUMMARY:{escaped(words(random))}", *some(random, EXTRA), f"END:{name}", "END:VCALENDAR",
    )  # fmt: skip


def card(random, _path):
    """A VCARD."""
    version = random.choice(["3.0", "4.0", "4.0", "4.0", "2.1"])
    name = escaped(words(random))
    return lines("BEGIN:VCARD", f"VERSION:{version}", f"UID:{uid(random)}", f"FN:{name}", *some(random, OF_CARDS), "END:VCARD")


def j_calendar(random, path):
    """jCal of one item."""
    start = random.choice(["2026-01-05T09:00:00Z", "2026-01-05T09:00:00Z", "2026-01-05T09:00:00", "2026"])
    inside = [
        ["uid", {}, "text", uid(random)], ["dtstamp", {}, "date-time", "2026-01-01T00:00:00Z"],
        ["dtstart", {}, "date-time", start], ["summary", {}, "text", words(random)],
    ]  # fmt: skip
    head = [["version", {}, "text", "2.0"], ["prodid", {}, "text", "-//Conformance//EN"]]
    return ["vcalendar", head, [[component(random, path).lower(), inside, []]]]


def j_card(random, _path):
    """jCard."""
    return ["vcard", [["version", {}, "text", "4.0"], ["uid", {}, "text", uid(random)], ["fn", {}, "text", words(random)]]]


def archive(random, _path):
    """A ZIP archive of loose files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as entries:
        entries.writestr(zipfile.ZipInfo("Agenda.ics"), calendar(random, "/events"))
        entries.writestr(zipfile.ZipInfo("Contacts.vcf"), card(random, ""))
    return out.getvalue()


def table(random, _path):
    """Contacts as a table."""
    return f"Full name,Email 1\r\n{words(random).replace(',', '').replace(chr(34), '')},a{random.randrange(9)}@example.org\r\n"


#: By their media types.
MAKE = {
    "text/calendar": calendar,
    "text/vcard": card,
    "application/calendar+json": j_calendar,
    "application/vcard+json": j_card,
    "application/zip": archive,
    "text/csv": table,
}
