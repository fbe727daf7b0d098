//! REST as far as it goes: methods, problem documents, and that they name what DAV names.

use crate::harness::{TestServer, both, xml};
use cenacle::dav;
use cenacle::domain::acl::Privilege;
use cenacle::domain::fault::{Condition, Fault, FilterPart};
use cenacle::domain::group::GroupRefusal;
use cenacle::rest::{self, problem};
use std::collections::BTreeSet;

/// Every condition there is. The last match does not compile with a new one until it is dealt with here.
fn every_condition() -> Vec<Condition> {
    use Condition::*;
    let why = || "why".to_owned();
    let mut all = vec![
        ValidCalendarData(why()),
        ValidCalendarObjectResource(why()),
        SupportedCalendarData,
        SupportedCalendarComponent(why()),
        SupportedRscale(why()),
        MaxImageSize(1),
        MaxInstances(1),
        MaxAttendees(1),
        MinDateTime,
        MaxDateTime,
        ValidTimezone,
        ValidFilter(why()),
        NumberOfMatchesWithinLimits,
        ValidAddressData(why()),
        SupportedAddressData,
        SupportedAddressDataConversion,
        NeedPrivileges { href: "/dav/".to_owned(), privilege: Privilege::Bind },
        CannotModifyProtectedProperty,
        ResourceMustBeNull,
        ValidResourceType,
        PropfindFiniteDepth,
        SupportedReport,
        QuotaNotExceeded,
        NoAceConflict,
        NoProtectedAceConflict,
        NoInheritedAceConflict,
        GrantOnly,
        NoInvert,
        LimitedNumberOfAces,
        NotSupportedPrivilege,
        RecognizedPrincipal,
        AllowedPrincipal,
        NoExternalEntities,
        WrongKindOfCollection { card: false },
    ];
    for card in [false, true] {
        let [owner, collection, href] = ["alice", "default", "a.ics"].map(str::to_owned);
        all.push(NoUidConflict { card, owner, collection, href });
        all.push(MaxResourceSize { card, bytes: 1 });
        all.push(CollectionLocationOk { card });
        all.push(SupportedFilter { card, part: Some(FilterPart::Property(why())) });
        all.push(SupportedCollation { card });
        all.push(ValidSyncToken { card });
        all.push(DefaultCalendarNeeded { card });
    }
    all.extend(
        [
            GroupRefusal::Cycle,
            GroupRefusal::TooDeep(1),
            GroupRefusal::TooMany(1),
            GroupRefusal::TooWide(1),
            GroupRefusal::LessVisible,
            GroupRefusal::LastOwner,
            GroupRefusal::NotEmpty,
            GroupRefusal::ManagerNeeded,
            GroupRefusal::OwnerNeeded,
            GroupRefusal::AdministratorNeeded,
        ]
        .map(Group),
    );
    let kinds: BTreeSet<usize> = all.iter().map(number).collect();
    assert_eq!(kinds, (0..KINDS).collect(), "each condition is in the list");
    all
}

const KINDS: usize = 51;

/// A number for each refusal about groups.
fn of_group(why: GroupRefusal) -> usize {
    match why {
        GroupRefusal::Cycle => 0,
        GroupRefusal::TooDeep(_) => 1,
        GroupRefusal::TooMany(_) => 2,
        GroupRefusal::TooWide(_) => 3,
        GroupRefusal::LessVisible => 4,
        GroupRefusal::LastOwner => 5,
        GroupRefusal::NotEmpty => 6,
        GroupRefusal::ManagerNeeded => 7,
        GroupRefusal::OwnerNeeded => 8,
        GroupRefusal::AdministratorNeeded => 9,
    }
}

/// A number for each kind of condition, below [`KINDS`].
fn number(condition: &Condition) -> usize {
    use Condition::*;
    match condition {
        ValidCalendarData(_) => 0,
        ValidCalendarObjectResource(_) => 1,
        SupportedCalendarData => 2,
        SupportedCalendarComponent(_) => 3,
        NoUidConflict { .. } => 4,
        MaxResourceSize { .. } => 5,
        MaxImageSize(_) => 6,
        MaxInstances(_) => 7,
        MaxAttendees(_) => 8,
        MinDateTime => 9,
        MaxDateTime => 10,
        CollectionLocationOk { .. } => 11,
        ValidTimezone => 12,
        ValidFilter(_) => 13,
        SupportedFilter { .. } => 14,
        SupportedCollation { .. } => 15,
        NumberOfMatchesWithinLimits => 16,
        ValidSyncToken { .. } => 17,
        ValidAddressData(_) => 18,
        SupportedAddressData => 19,
        SupportedAddressDataConversion => 20,
        NeedPrivileges { .. } => 21,
        CannotModifyProtectedProperty => 22,
        ResourceMustBeNull => 23,
        ValidResourceType => 24,
        PropfindFiniteDepth => 25,
        SupportedReport => 26,
        QuotaNotExceeded => 27,
        NoAceConflict => 28,
        NoProtectedAceConflict => 29,
        GrantOnly => 30,
        NoInvert => 31,
        LimitedNumberOfAces => 32,
        NotSupportedPrivilege => 33,
        RecognizedPrincipal => 34,
        AllowedPrincipal => 35,
        NoExternalEntities => 36,
        DefaultCalendarNeeded { .. } => 37,
        WrongKindOfCollection { .. } => 38,
        NoInheritedAceConflict => 39,
        SupportedRscale(_) => 40,
        Group(why) => 41 + of_group(*why),
    }
}

fn body(answer: actix_web::HttpResponse) -> String {
    use actix_web::body::MessageBody;
    let bytes = answer.into_body().try_into_bytes().expect("a whole body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// Both protocols say each condition, under the name that its RFC gives it.
#[test]
fn every_condition_has_a_problem_type_and_an_element() {
    let mut seen = BTreeSet::new();
    for condition in every_condition() {
        let fault = Fault::Condition(condition.clone());
        let answer = problem::response(&fault);
        let status = answer.status().as_u16();
        assert!((400..=507).contains(&status) && status != 500 && status != 401, "{condition:?}: {status}");
        let told: serde_json::Value = serde_json::from_str(&body(answer)).expect("JSON");
        assert_eq!(told["status"], status);
        let title = told["title"].as_str().expect("a title");
        let variant = format!("{condition:?}");
        let variant = variant.split(|c: char| !c.is_alphanumeric()).next().expect("a name");
        assert!(!title.is_empty() && !title.contains(variant), "{condition:?}: {title}");
        let name = told["type"]
            .as_str()
            .and_then(|kind| kind.strip_prefix("urn:cenacle:problem:"))
            .expect("a type")
            .to_owned();
        let dav = dav::fault::response(&fault, "/dav/");
        let element = xml::parse(&body(dav)).children[0].local.clone();
        // One name in REST where CalDAV and CardDAV have two, and where two kinds of data are meant.
        let expected = match &condition {
            Condition::CollectionLocationOk { .. } => "collection-location-ok",
            Condition::DefaultCalendarNeeded { .. } => "default-collection-needed",
            Condition::WrongKindOfCollection { .. } => "wrong-kind-of-collection",
            _ => element.as_str(),
        };
        assert_eq!(name, expected, "{condition:?}");
        seen.insert(name);
    }
    assert_eq!(seen.len(), KINDS, "no two kinds share a type");
}

both! {
    fn a_method_that_a_resource_lacks_is_told_as_such(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        let description: serde_json::Value = serde_json::from_str(rest::DOCUMENT).expect("JSON");
        let all = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "NONSENSE"];
        let paths = description["paths"].as_object().expect("paths");
        for (path, operations) in paths {
            // The path of an action on an item is also that of an item, and that of an action on something else that of one that cannot be.
            let whole = path.split(':').next().filter(|whole| *whole != path).and_then(|whole| paths.get(whole));
            let item = whole.filter(|_| path.contains("{item}:"));
            let has = |of: &serde_json::Value, method: &str| {
                of.get(if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() }).is_some()
            };
            let known = |method: &str| has(operations, method) || item.is_some_and(|item| has(item, method));
            let path = path.replace(['{', '}'], "x");
            for method in all {
                let answer = alice.request(method, &path).send();
                if known(method) {
                    // What is for administrators is not there for her, nor what she has not switched on.
                    let there = !path.contains('x') && !path.contains("/admin/") && !path.ends_with("/birthdays");
                    assert!(![404, 405].contains(&answer.status) || !there, "{method} {path}: {}", answer.status);
                    continue;
                }
                if whole.is_some_and(|whole| has(whole, method)) {
                    assert_eq!(answer.status, 404, "{method} {path}");
                    continue;
                }
                assert_eq!(answer.status, 405, "{method} {path}");
                assert_eq!(answer.header("Content-Type"), Some("application/problem+json"));
                if method != "HEAD" {
                    assert!(answer.text().contains("urn:cenacle:problem:method-not-allowed"), "{}", answer.text());
                }
                for other in all {
                    assert_eq!(answer.lists("Allow", other), known(other), "{method} {path}: {other}");
                }
            }
        }
        for path in ["/api/v1/", "/api/v1/nothing", "/api/v1/me/more"] {
            for method in ["GET", "POST"] {
                let answer = alice.request(method, path).status(404);
                assert!(answer.header("Allow").is_none());
                assert!(answer.text().contains("urn:cenacle:problem:not-found"));
            }
        }
    }

    fn who_has_not_logged_in_learns_no_methods(db) {
        let server = TestServer::start(db);
        let nobody = server.anonymous();
        for path in ["/api/v1/me", "/api/v1/nothing"] {
            let answer = nobody.request("DELETE", path).status(401);
            assert!(answer.header("Allow").is_none());
        }
        nobody.request("DELETE", rest::DESCRIPTION).status(405);
    }
}
