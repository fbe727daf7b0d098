//! Series: overrides written, "this", "this and following" and "all".

use super::*;

const SERIES: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Paris:20260105T090000\r\nDTEND;TZID=Europe/Paris:20260105T100000\r\nRRULE:FREQ=WEEKLY;COUNT=10;X-R=1\r\nSUMMARY:s\r\nX-A;P=q:1\r\n 2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn series() -> String {
    SERIES.replace(";X-R=1", "")
}

#[test]
fn one_instance_is_changed_cancelled_and_restored() {
    let source = series();
    let key = "2026-01-19T09:00:00";
    let changed = change_instance(
        &source,
        key,
        &Change::Patch(json!({"title": "other", "start": "2026-01-19T14:00:00"})),
    )
    .expect("fits");
    assert!(
        changed.starts_with(source.trim_end_matches("END:VCALENDAR\r\n").trim_end_matches("END:VEVENT\r\n"))
            || changed.contains("BEGIN:VTIMEZONE")
    );
    assert_eq!(
        json_of(&changed)["recurrenceOverrides"],
        json!({key: {"title": "other", "start": "2026-01-19T14:00:00"}})
    );
    for line in [
        "RECURRENCE-ID;TZID=Europe/Paris:20260119T090000",
        "DTSTART;TZID=Europe/Paris:20260119T140000",
        "DTEND;TZID=Europe/Paris:20260119T150000",
        "SUMMARY:other",
    ] {
        assert!(changed.contains(&format!("{line}\r\n")), "{line}\n{changed}");
    }
    assert_eq!(changed.matches("X-A;P=q:1").count(), 2, "what nobody knows comes along");
    assert_eq!(
        changed.matches("RRULE").count(),
        source.matches("RRULE").count() + changed.matches("FREQ=YEARLY").count()
    );
    let again = change_instance(&changed, key, &Change::Merge(json!({"title": "third"}))).expect("fits");
    assert_eq!(
        json_of(&again)["recurrenceOverrides"][key],
        json!({"title": "third", "start": "2026-01-19T14:00:00"})
    );
    let cancelled = cancel(&again, key).expect("fits");
    assert_eq!(json_of(&cancelled)["recurrenceOverrides"], json!({key: {"excluded": true}}));
    assert!(
        cancelled.contains("EXDATE;TZID=Europe/Paris:20260119T090000\r\n")
            && !cancelled.contains("RECURRENCE-ID")
    );
    let restored = restore(&cancelled, key).expect("fits");
    assert!(!restored.contains("EXDATE"));
    assert_eq!(json_of(&restored), json_of(&source));
}

#[test]
fn only_instances_of_the_series_have_overrides() {
    let source = series();
    for key in ["2026-01-20T09:00:00", "2026-01-19", "2027-01-04T09:00:00"] {
        assert!(cancel(&source, key).is_err(), "{key}");
        assert!(change_instance(&source, key, &Change::Patch(json!({"title": "x"}))).is_err(), "{key}");
    }
    let fixed = change_instance(&source, "2026-01-19T09:00:00", &Change::Patch(json!({"uid": "x"})));
    assert_eq!(fixed.expect_err("refused").pointer, "/uid");
    assert!(
        cancel(
            &event("SUMMARY:x\r\nDTSTART:20260105T090000Z\r\n").replace("VEVENT", "VFREEBUSY"),
            "2026-01-05T09:00:00"
        )
        .is_err()
    );
}

#[test]
fn a_series_is_split_before_an_instance() {
    let source = cancel(&series(), "2026-01-12T09:00:00")
        .and_then(|text| cancel(&text, "2026-02-09T09:00:00"))
        .expect("fits");
    let change = Change::Patch(json!({"title": "later", "start": "2026-01-26T10:00:00"}));
    let Ok(Split::Two { before, after }) = change_following(&source, "2026-01-26T09:00:00", &change, "2")
    else {
        panic!("not split");
    };
    let (first, second) = (json_of(&before), json_of(&after));
    assert_eq!(first["recurrenceRules"][0]["count"], 3);
    assert_eq!(first["recurrenceOverrides"], json!({"2026-01-12T09:00:00": {"excluded": true}}));
    assert_eq!(first["relatedTo"], json!({"2": {"@type": "Relation", "relation": {"next": true}}}));
    assert_eq!(
        (&second["uid"], &second["title"], &second["start"]),
        (&json!("2"), &json!("later"), &json!("2026-01-26T10:00:00"))
    );
    assert_eq!(second["recurrenceRules"][0]["count"], 7);
    assert_eq!(second["recurrenceOverrides"], json!({"2026-02-09T10:00:00": {"excluded": true}}));
    assert_eq!(second["relatedTo"], json!({"1": {"@type": "Relation", "relation": {"first": true}}}));
    assert!(after.contains("X-A;P=q:1\r\n 2\r\n"), "{after}");
    let whole =
        change_following(&source, "2026-01-05T09:00:00", &Change::Merge(json!({"title": "all"})), "2");
    assert!(matches!(whole, Ok(Split::Whole(text)) if text.contains("SUMMARY:all")));
}

#[test]
fn a_split_without_a_count_ends_by_a_date() {
    let source = series().replace("COUNT=10", "BYDAY=MO,WE");
    let Ok(Split::Two { before, after }) =
        change_following(&source, "2026-04-01T09:00:00", &Change::Patch(json!({"title": "x"})), "2")
    else {
        panic!("not split");
    };
    assert!(before.contains("UNTIL=20260401T065959Z"), "{before}");
    assert_eq!(json_of(&after)["start"], "2026-04-01T09:00:00");
    assert!(!after.contains("UNTIL="));
}

#[test]
fn a_moved_series_takes_its_exceptions_along() {
    let source =
        cancel(&series().replace("COUNT=10", "UNTIL=20260302T080000Z"), "2026-01-12T09:00:00").expect("fits");
    let moved = change_all(&source, &Change::Merge(json!({"start": "2026-01-05T10:30:00"}))).expect("fits");
    let json = json_of(&moved);
    assert_eq!(json["recurrenceOverrides"], json!({"2026-01-12T10:30:00": {"excluded": true}}));
    assert_eq!(json["recurrenceRules"][0]["until"], "2026-03-02T10:30:00");
}

#[test]
fn a_change_of_the_series_reaches_its_overrides() {
    let key = "2026-01-19T09:00:00";
    let source = change_instance(&series(), key, &Change::Patch(json!({"start": "2026-01-19T14:00:00"})))
        .expect("fits");
    let all = patch(&source, &Change::Merge(json!({"title": "new", "timeZone": "Etc/UTC"}))).expect("fits");
    assert_eq!(all.matches("SUMMARY:new").count(), 2, "{all}");
    assert!(
        all.contains("RECURRENCE-ID:20260119T090000Z") && all.contains("DTSTART:20260119T140000Z"),
        "{all}"
    );
    assert_eq!(json_of(&all)["recurrenceOverrides"], json!({key: {"start": "2026-01-19T14:00:00"}}));
    let own = change_instance(&source, key, &Change::Merge(json!({"title": "own"}))).expect("fits");
    let all = patch(&own, &Change::Merge(json!({"title": "new"}))).expect("fits");
    assert!(all.contains("SUMMARY:new") && all.contains("SUMMARY:own"));
}

#[test]
fn dates_of_their_own_are_written_where_the_rules_do_not_give_them() {
    let change = json!({"recurrenceOverrides": {"2026-01-06T09:00:00": {"title": "extra"}, "2026-01-12T09:00:00": {"title": "rule"},
        "2026-01-07T09:00:00": {}}});
    let text = patch(&series(), &Change::Merge(change.clone())).expect("fits");
    assert!(text.contains("RDATE;TZID=Europe/Paris:20260106T090000\r\n"), "{text}");
    assert!(text.contains("RDATE;TZID=Europe/Paris:20260107T090000\r\n"), "{text}");
    assert!(!text.contains("RDATE;TZID=Europe/Paris:20260112T090000"), "{text}");
    assert_eq!(json_of(&text)["recurrenceOverrides"], change["recurrenceOverrides"]);
    let less = patch(&text, &Change::Merge(json!({"recurrenceOverrides": {"2026-01-06T09:00:00": null}})))
        .expect("fits");
    assert!(!less.contains("20260106T090000") && less.contains("20260107T090000"));
}

#[test]
fn what_is_said_of_one_instance_reaches_the_others() {
    let source = event(
        "DTSTART;TZID=Europe/Paris:20260105T090000\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nRDATE;TZID=Europe/Paris:20260107T090000\r\nSUMMARY:s\r\n",
    );
    let key = "2026-01-19T09:00:00";
    for (id, found) in [
        (key, Found::There),
        ("2026-01-07T09:00:00", Found::There),
        ("2026-01-20T09:00:00", Found::Absent),
        ("2026-02-02T09:00:00", Found::Absent),
        ("no time", Found::Absent),
    ] {
        assert_eq!(find(&source, id).expect("read"), found, "{id}");
    }
    let single = event("DTSTART:20260105T090000Z\r\n");
    assert_eq!(find(&single, "2026-01-05T09:00:00").expect("read"), Found::NoSeries);
    // All move as far as this one.
    let own =
        change_instance(&source, key, &Change::Merge(json!({"title": "t", "priority": 1}))).expect("fits");
    let change = Change::Merge(json!({"title": "u", "start": "2026-01-19T10:30:00"}));
    let all = change_all_from(&own, key, &change).expect("fits");
    assert_eq!(
        (json_of(&all)["start"].clone(), json_of(&all)["title"].clone()),
        (json!("2026-01-05T10:30:00"), json!("u"))
    );
    assert_eq!(json_of(&all)["recurrenceOverrides"]["2026-01-19T10:30:00"], json!({"priority": 1}));
    // An end, also where the rules had one before.
    let ended = end_before(&source, key).expect("fits").expect("something is left");
    assert_eq!(json_of(&ended)["recurrenceRules"][0]["count"], 2);
    assert_eq!(end_before(&source, "2026-01-05T09:00:00"), Ok(None));
    let until = event(
        "DTSTART:20260105T090000Z\r\nRRULE:FREQ=DAILY;UNTIL=20260107T090000Z\r\nRDATE:20260201T090000Z\r\n",
    );
    let ended = end_before(&until, "2026-02-01T09:00:00").expect("fits").expect("something is left");
    assert!(ended.contains("UNTIL=20260107T090000Z") && !ended.contains("RDATE"), "{ended}");
    // No other series could go on from a date beside the rules.
    let beside =
        change_following(&source, "2026-01-07T09:00:00", &Change::Merge(json!({"title": "x"})), "new");
    assert_eq!(beside.expect_err("refused").pointer, "/recurrenceOverrides/2026-01-07T09:00:00");
    // Some come back, or all.
    let less =
        cancel(&cancel(&source, "2026-01-12T09:00:00").expect("fits"), "2026-01-26T09:00:00").expect("fits");
    let some = restore_from(&less, Some(key)).expect("fits");
    assert_eq!(
        json_of(&some)["recurrenceOverrides"],
        json!({"2026-01-07T09:00:00": {}, "2026-01-12T09:00:00": {"excluded": true}})
    );
    assert_eq!(restore_from(&less, None).expect("fits"), source);
}

#[test]
fn a_range_is_told_of_what_follows_and_is_changed_by_nobody() {
    let source = event(
        "DTSTART:20260105T090000Z\r\nRRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:s\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260106T090000Z\r\nDTSTART:20260106T110000Z\r\nSUMMARY:later\r\n",
    );
    let told = |id: &str| read_instance(&source, id).expect("told");
    assert_eq!(
        (told("2026-01-05T09:00:00")["title"].clone(), told("2026-01-05T09:00:00")["start"].clone()),
        (json!("s"), json!("2026-01-05T09:00:00"))
    );
    assert_eq!(
        (told("2026-01-08T09:00:00")["title"].clone(), told("2026-01-08T09:00:00")["start"].clone()),
        (json!("later"), json!("2026-01-08T11:00:00"))
    );
    let change = Change::Merge(json!({"priority": 1}));
    for refused in [
        change_instance(&source, "2026-01-06T09:00:00", &change),
        cancel(&source, "2026-01-06T09:00:00"),
        restore(&source, "2026-01-06T09:00:00"),
        change_following(&source, "2026-01-08T09:00:00", &change, "new").map(|_| String::new()),
    ] {
        assert!(refused.expect_err("refused").what.contains("RANGE"));
    }
    let changed = change_instance(&source, "2026-01-08T09:00:00", &change).expect("fits");
    let own = json_of(&changed)["recurrenceOverrides"]["2026-01-08T09:00:00"].clone();
    assert_eq!(own, json!({"title": "later", "start": "2026-01-08T11:00:00", "priority": 1}));
}
