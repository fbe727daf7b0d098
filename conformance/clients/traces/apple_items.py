"""What Apple's calendar programs ask for and store: property lists and objects, spelled as theirs."""

from bodies import PARIS, event, task, vcalendar

PRINCIPAL_PROPERTIES = (
    *("C:calendar-home-set", "C:calendar-user-address-set", "D:current-user-principal", "D:displayname"),
    *("CS:dropbox-home-URL", "CS:email-address-set", "C:max-attendees-per-instance", "CS:notification-URL"),
    *("D:principal-collection-set", "D:principal-URL", "D:resource-id", "C:schedule-inbox-URL"),
    *("C:schedule-outbox-URL", "D:supported-report-set"),
)

HOME_PROPERTIES = (
    *(
        "D:add-member",
        "CS:allowed-sharing-modes",
        "I:autoprovisioned",
        "ME:bulk-requests",
        "C:calendar-alarm",
    ),
    *("I:calendar-color", "C:calendar-description", "C:calendar-free-busy-set", "I:calendar-order"),
    *("C:calendar-timezone", "D:current-user-privilege-set", "C:default-alarm-vevent-date"),
    *(
        "C:default-alarm-vevent-datetime",
        "D:displayname",
        "CS:getctag",
        "ME:guardian-restricted",
        "CS:invite",
    ),
    *(
        "I:language-code",
        "I:location-code",
        "C:managed-attachments-server-URL",
        "C:max-attendees-per-instance",
    ),
    *("D:owner", "CS:pre-publish-url", "CS:publish-url", "CS:push-transports", "CS:pushkey"),
    *("D:quota-available-bytes", "D:quota-used-bytes", "I:refreshrate", "D:resource-id", "D:resourcetype"),
    *(
        "C:schedule-calendar-transp",
        "C:schedule-default-calendar-URL",
        "CS:source",
        "CS:subscribed-strip-alarms",
    ),
    *("CS:subscribed-strip-attachments", "CS:subscribed-strip-todos", "C:supported-calendar-component-set"),
    *("C:supported-calendar-component-sets", "D:supported-report-set", "D:sync-token"),
)

ALARM = vcalendar(
    *(
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Reminder",
        "TRIGGER:-PT15M",
        "UID:7E4B1F0A-2C1B",
        "END:VALARM",
    )
)

LUNCH = vcalendar(
    *PARIS,
    "BEGIN:VEVENT",
    "CREATED:20261101T080000Z",
    "DTEND;TZID=Europe/Paris:20270118T140000",
    "DTSTAMP:20261101T080001Z",
    "DTSTART;TZID=Europe/Paris:20270118T123000",
    "LAST-MODIFIED:20261101T080000Z",
    "LOCATION:Chez Zoé\\n12 Rue des Écoles\\, 75005 Paris\\, France",
    "SEQUENCE:0",
    "SUMMARY:Déjeuner \U0001f37d",
    "TRANSP:OPAQUE",
    "UID:5C2F8F5B-3C55-4C2E-9D6B-1B8F0A6E0001",
    "URL;VALUE=URI:",
    "X-APPLE-CREATOR-IDENTITY:com.apple.mobilecal",
    "X-APPLE-CREATOR-TEAM-IDENTITY:0000000000",
    'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="12 Rue des Écoles^n75005 ',
    ' Paris^nFrance";X-APPLE-MAPKIT-HANDLE=CAESnAEaEg;X-APPLE-RADIUS=70.58;X-TITL',
    " E=Chez Zoé:geo:48.846,2.349",
    "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC",
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    "DESCRIPTION:Reminder",
    "TRIGGER:-PT15M",
    "UID:0B6B1D5E-0001",
    "X-WR-ALARMUID:0B6B1D5E-0001",
    "END:VALARM",
    "END:VEVENT",
)

REMINDER = task(
    "A1-REMINDER",
    "Acheter du pain",
    "DUE;VALUE=DATE:20270120",
    "PRIORITY:5",
    "X-APPLE-SORT-ORDER:694224000",
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    "DESCRIPTION:Reminder",
    "TRIGGER;VALUE=DATE-TIME:19760401T005545Z",
    "X-APPLE-PROXIMITY:ARRIVE",
    "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-RADIUS=100;X-TITLE=Boulangerie:geo:48.85,2.35",
    "END:VALARM",
)

MEETING = event(
    "meeting",
    "Meeting",
    'ORGANIZER;CN="Alice Example";EMAIL=alice@example.org:mailto:alice@example.org',
    'ATTENDEE;CN="Alice Example";CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:alice@example.org',
    'ATTENDEE;CN="Guest";CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:guest@example.net',
)
