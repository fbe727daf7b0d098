//! Small calendar objects and contacts, made from their lines.

/// Text with CRLF after each line.
pub fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\r\n")).collect()
}

/// A calendar object of these lines.
pub fn calendar(inside: &[&str]) -> String {
    let head = lines(&["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tests//EN"]);
    format!("{head}{}END:VCALENDAR\r\n", lines(inside))
}

/// A component with a UID and a DTSTAMP.
pub fn component(name: &str, uid: &str, inside: &[&str]) -> String {
    let (begin, end, uid) = (format!("BEGIN:{name}"), format!("END:{name}"), format!("UID:{uid}"));
    let mut all = vec![begin.as_str(), uid.as_str(), "DTSTAMP:20260101T000000Z"];
    all.extend_from_slice(inside);
    all.push(&end);
    calendar(&all)
}

/// An event.
pub fn event(uid: &str, inside: &[&str]) -> String {
    component("VEVENT", uid, inside)
}

/// An event of one hour on 1 March 2026 at 9 UTC.
pub fn meeting(uid: &str) -> String {
    event(uid, &["DTSTART:20260301T090000Z", "DTEND:20260301T100000Z", "SUMMARY:Meeting"])
}

/// A task.
pub fn todo(uid: &str, inside: &[&str]) -> String {
    component("VTODO", uid, inside)
}

/// A contact in version 3.0.
pub fn card(uid: &str, full_name: &str, inside: &[&str]) -> String {
    let (uid, full) = (format!("UID:{uid}"), format!("FN:{full_name}"));
    let name = format!("N:{full_name};;;;");
    let mut all = vec!["BEGIN:VCARD", "VERSION:3.0", uid.as_str(), full.as_str(), name.as_str()];
    all.extend_from_slice(inside);
    all.push("END:VCARD");
    lines(&all)
}
