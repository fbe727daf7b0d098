"""Request bodies in the two spellings that matter: Apple's (every element declares its namespace itself)
and DAVx5's (one default namespace, prefixes declared at the root). It must know no server.
"""

from wire import NAMESPACES

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def escaped(text):
    """Text for an element's content."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def apple(name, content=""):
    """One element that declares its own namespace, as Apple's programs write each of them."""
    prefix, local = name.split(":", 1)
    letter = {"D": "A", "C": "B", "CR": "B", "CS": "C", "I": "D", "ME": "E"}[prefix]
    head = f'{letter}:{local} xmlns:{letter}="{NAMESPACES[prefix]}"'
    return f"<{head}>{content}</{letter}:{local}>" if content else f"<{head}/>"


def apple_propfind(*names):
    """A propfind of Apple's."""
    return XML + apple("D:propfind", apple("D:prop", "".join(map(apple, names))))


def apple_proppatch(*elements):
    """A propertyupdate that sets the given elements."""
    return XML + apple("D:propertyupdate", apple("D:set", apple("D:prop", "".join(elements))))


def rooted(root, content, default="D"):
    """A document whose root declares every prefix, the one of `default` as the default namespace."""
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items() if prefix != default)
    return f'{XML}<{root} xmlns="{NAMESPACES[default]}"{declared}>{content}</{root.split(" ")[0]}>'


def unprefixed(names):
    """Empty elements, `DAV:` ones in the default namespace."""
    return "".join(f"<{name.removeprefix('D:')}/>" for name in names)


def propfind(*names):
    """A propfind of DAVx5's."""
    return rooted("propfind", f"<prop>{unprefixed(names)}</prop>")


def multiget(kind, properties, hrefs):
    """A multiget; `kind` is `C:calendar-multiget` or `CR:addressbook-multiget`, `properties` is XML."""
    listed = "".join(f"<href>{escaped(href)}</href>" for href in hrefs)
    return rooted(kind, f"<prop>{properties}</prop>{listed}")


def sync(token="", level="1", limit=None, properties="<getetag/>"):
    """A sync-collection; `level` None leaves the element out."""
    parts = f"<sync-token>{escaped(token)}</sync-token>" if token else "<sync-token/>"
    parts += f"<sync-level>{level}</sync-level>" if level else ""
    parts += f"<limit><nresults>{limit}</nresults></limit>" if limit else ""
    return rooted("sync-collection", f"{parts}<prop>{properties}</prop>")


def calendar_query(component, inner="", properties="<getetag/>"):
    """A calendar-query on one component type with filters `inner` within it."""
    filters = f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="{component}">{inner}</C:comp-filter></C:comp-filter>'
    return rooted("C:calendar-query", f"<prop>{properties}</prop><C:filter>{filters}</C:filter>")


def lines(*content):
    """Content lines ended by CRLF."""
    return "".join(f"{line}\r\n" for line in content)


def vcalendar(*content, product="-//Apple Inc.//iPhone OS 18.1.1//EN"):
    """A VCALENDAR."""
    return lines(
        "BEGIN:VCALENDAR", "CALSCALE:GREGORIAN", f"PRODID:{product}", "VERSION:2.0", *content, "END:VCALENDAR"
    )


def event(uid, summary, *more, start="20270115T090000Z", end="20270115T100000Z"):
    """A small event."""
    body = (
        f"UID:{uid}",
        "DTSTAMP:20261101T080000Z",
        f"DTSTART:{start}",
        f"DTEND:{end}",
        f"SUMMARY:{summary}",
        *more,
    )
    return vcalendar("BEGIN:VEVENT", *body, "END:VEVENT")


def task(uid, summary, *more):
    """A small task."""
    return vcalendar(
        "BEGIN:VTODO", f"UID:{uid}", "DTSTAMP:20261101T080000Z", f"SUMMARY:{summary}", *more, "END:VTODO"
    )


PARIS = (
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Paris",
    "BEGIN:DAYLIGHT",
    "TZOFFSETFROM:+0100",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "DTSTART:19810329T020000",
    "TZNAME:UTC+2",
    "TZOFFSETTO:+0200",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "TZOFFSETFROM:+0200",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "DTSTART:19961027T030000",
    "TZNAME:UTC+1",
    "TZOFFSETTO:+0100",
    "END:STANDARD",
    "END:VTIMEZONE",
)
