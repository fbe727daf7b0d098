//! Single properties of a component, read for the index.

use super::super::component::Component;
use super::super::line::Line;
use super::super::recur::moment::Moment;
use super::super::zone::MICROS;
use super::index::*;
use super::validate::Invalid;
use super::values::{self, Duration, PeriodEnd};

/// The values of a list, empty ones left out.
pub(super) fn items<'l>(line: &'l Line<'_>) -> impl Iterator<Item = &'l str> {
    line.value().split(',').map(str::trim).filter(|value| !value.is_empty())
}

pub(super) fn byte_span(component: &Component<'_>) -> ByteSpan {
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    ByteSpan { start: narrow(component.span.start), end: narrow(component.span.end) }
}

pub(super) fn is_this_and_future(component: &Component<'_>) -> bool {
    component
        .line("RECURRENCE-ID")
        .and_then(|line| line.param("RANGE"))
        .is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"))
}

pub(super) fn duration_of(component: &Component<'_>) -> Result<Option<Duration>, Invalid> {
    match component.line("DURATION").filter(|line| !line.value().trim().is_empty()) {
        None => Ok(None),
        Some(line) => match values::duration(line.value()) {
            Some(duration) => Ok(Some(duration)),
            None => Err(Invalid::data("DURATION that cannot be read", line.number)),
        },
    }
}

/// A property that is always UTC, in microseconds; one without `Z` is read as UTC all the same.
pub(super) fn instant(component: &Component<'_>, name: &str) -> Option<i64> {
    Moment::parse(component.value(name)?).map(|moment| moment.literal() * MICROS)
}

pub(super) fn number(component: &Component<'_>, name: &str) -> Option<u32> {
    component.value(name)?.trim().parse().ok()
}

pub(super) fn word_is(component: &Component<'_>, name: &str, word: &str) -> bool {
    component.value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
}

pub(super) fn status(component: &Component<'_>) -> Status {
    let Some(value) = component.value("STATUS") else { return Status::None };
    match value.trim().to_ascii_uppercase().as_str() {
        "TENTATIVE" => Status::Tentative,
        "CONFIRMED" => Status::Confirmed,
        "CANCELLED" | "CANCELED" => Status::Cancelled,
        "NEEDS-ACTION" => Status::NeedsAction,
        "COMPLETED" => Status::Completed,
        "IN-PROCESS" => Status::InProcess,
        "DRAFT" => Status::Draft,
        "FINAL" => Status::Final,
        _ => Status::Other,
    }
}

pub(super) fn class(component: &Component<'_>) -> Class {
    let Some(value) = component.value("CLASS") else { return Class::Public };
    match value.trim().to_ascii_uppercase().as_str() {
        "PUBLIC" | "" => Class::Public,
        "CONFIDENTIAL" => Class::Confidential,
        _ => Class::Private,
    }
}

/// FBTYPE or BUSYTYPE; what is not known counts as busy, what is absent as `default`.
pub(super) fn busy_kind(value: &str, default: BusyKind) -> BusyKind {
    match value.trim().to_ascii_uppercase().as_str() {
        "" => default,
        "FREE" => BusyKind::Free,
        "BUSY-UNAVAILABLE" => BusyKind::Unavailable,
        "BUSY-TENTATIVE" => BusyKind::Tentative,
        _ => BusyKind::Busy,
    }
}

pub(super) fn free_busy(component: &Component<'_>) -> Result<Vec<BusyPeriod>, Invalid> {
    let mut periods = Vec::new();
    for line in component.lines_named("FREEBUSY") {
        let kind = busy_kind(&line.param("FBTYPE").unwrap_or_default(), BusyKind::Busy);
        for value in items(line) {
            let bad = Invalid::data("FREEBUSY that is not a period", line.number);
            let (start, end) = values::period(value).ok_or(bad)?;
            let start = start.literal();
            let end = match end {
                PeriodEnd::At(end) => end.literal(),
                PeriodEnd::After(duration) => start + duration.rough_seconds(),
            };
            periods.push(BusyPeriod { start: start * MICROS, end: end.max(start) * MICROS, kind });
        }
    }
    Ok(periods)
}

pub(super) fn attendee(line: &Line<'_>) -> Option<Attendee> {
    let address = values::calendar_address(line.value());
    let email =
        line.param("EMAIL").map(|email| values::calendar_address(&email)).filter(|email| *email != address);
    let part_stat = line.param("PARTSTAT").map(|value| value.trim().to_ascii_uppercase());
    let part_stat = match part_stat.as_deref() {
        None | Some("NEEDS-ACTION" | "") => PartStat::NeedsAction,
        Some("ACCEPTED") => PartStat::Accepted,
        Some("DECLINED") => PartStat::Declined,
        Some("TENTATIVE") => PartStat::Tentative,
        Some("DELEGATED") => PartStat::Delegated,
        Some("COMPLETED") => PartStat::Completed,
        Some("IN-PROCESS") => PartStat::InProcess,
        Some(_) => PartStat::Other,
    };
    (!address.is_empty()).then_some(Attendee { address, email, part_stat })
}
