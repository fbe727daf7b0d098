"""Texts of test data: iCalendar components and streams, vCards (RFC 5545, RFC 6350).

Lines are separated by a bare LF; whoever sends them ends them as the format wants.
"""


def stream(*components):
    """An iCalendar stream around components' texts (RFC 5545 section 3.4)."""
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Conformance//Plain//EN"]
    return "\n".join([*head, *components, "END:VCALENDAR"])


def component(kind, uid, summary, *lines):
    """One component with what each must have; `lines` are added as they are."""
    head = [f"BEGIN:{kind}", f"UID:{uid}", "DTSTAMP:20300101T000000Z", f"SUMMARY:{summary}"]
    return "\n".join([*head, *lines, f"END:{kind}"])


def vevent(uid, summary, *lines, start="20301014T090000Z", end="20301014T100000Z"):
    """A VEVENT alone."""
    return component("VEVENT", uid, summary, f"DTSTART:{start}", f"DTEND:{end}", *lines)


def event(uid, summary, *lines, start="20301014T090000Z", end="20301014T100000Z"):
    """A stream with one VEVENT."""
    return stream(vevent(uid, summary, *lines, start=start, end=end))


def task(uid, summary, *lines):
    """A stream with one VTODO."""
    return stream(component("VTODO", uid, summary, *lines))


def memo(uid, summary, *lines):
    """A stream with one VJOURNAL."""
    return stream(component("VJOURNAL", uid, summary, *lines))


def card(uid, name, *lines, version="4.0"):
    """A vCard for "First Last"."""
    first, last = name.split(" ", 1)
    head = ["BEGIN:VCARD", f"VERSION:{version}", f"UID:{uid}", f"FN:{name}", f"N:{last};{first};;;"]
    return "\n".join([*head, *lines, "END:VCARD"])


def in_zone(text, name):
    """The same with UTC starts and ends read as times of day in the zone `name`."""
    lines = []
    for line in text.splitlines():
        for kind in ["DTSTART:", "DTEND:"]:
            if line.startswith(kind):
                line = f"{kind[:-1]};TZID={name}:{line[len(kind):].removesuffix('Z')}"
        lines.append(line)
    return "\n".join(lines)


#: The rules of Paris since 1996.
PARIS = "\n".join(
    [
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Paris",
        "BEGIN:DAYLIGHT",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "TZNAME:CEST",
        "DTSTART:19700329T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "TZNAME:CET",
        "DTSTART:19701025T030000",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]
)


def paris_series(uid, summary, rule, *moved):
    """A stream with a series at nine in Paris from 14 October 2030, over the end of summer time.

    `moved` are `(day, start, end)`: the instance of that October day, moved to local times.
    """
    master = in_zone(vevent(uid, summary, f"RRULE:{rule}"), "Europe/Paris")
    overrides = [
        in_zone(
            vevent(
                uid,
                f"{summary} (moved)",
                f"RECURRENCE-ID;TZID=Europe/Paris:203010{day}T090000",
                start=start,
                end=end,
            ),
            "Europe/Paris",
        )
        for day, start, end in moved
    ]
    return stream(PARIS, master, *overrides)
