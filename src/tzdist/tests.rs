//! The time zone service (RFC 7808).

use super::*;
use crate::text::component::{Document, Limits};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};

async fn get(uri: &str, headers: &[(&'static str, &str)]) -> (u16, Option<String>, String) {
    let app = init_service(App::new().service(web::scope(BASE).configure(mount))).await;
    let request =
        headers.iter().fold(TestRequest::get().uri(uri), |request, header| request.insert_header(*header));
    let answer = call_service(&app, request.to_request()).await;
    let etag = answer.headers().get("etag").map(|value| value.to_str().expect("ASCII").to_owned());
    let status = answer.status().as_u16();
    (status, etag, String::from_utf8(read_body(answer).await.to_vec()).expect("UTF-8"))
}

async fn json_of(uri: &str) -> (u16, Value) {
    let (status, _, body) = get(uri, &[]).await;
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[actix_web::test]
async fn what_is_advertised_is_there() {
    let (status, capabilities) = json_of("/tzdist/capabilities").await;
    assert_eq!((status, &capabilities["version"]), (200, &json!(1)));
    let names: Vec<_> = capabilities["actions"]
        .as_array()
        .expect("list")
        .iter()
        .map(|action| action["name"].clone())
        .collect();
    assert_eq!(names, ["capabilities", "list", "get", "expand", "find"]);
    assert_eq!(
        capabilities["info"]["primary-source"],
        format!("IANA Time Zone Database {}", zone::release())
    );
    let (_, list) = json_of("/tzdist/zones").await;
    assert!(list["timezones"].as_array().expect("list").len() > 400);
    assert!(
        list["timezones"]
            .as_array()
            .expect("list")
            .iter()
            .all(|zone| zone["publisher"] == "IANA" && zone["version"] == zone::release())
    );
    let token = list["synctoken"].as_str().expect("text");
    let (_, later) = json_of(&format!("/tzdist/zones?changedsince={token}")).await;
    assert_eq!(later["timezones"], json!([]));
    let (status, refused) = json_of("/tzdist/zones?changedsince=x").await;
    assert_eq!(
        (status, &refused["type"]),
        (400, &json!("urn:ietf:params:tzdist:error:invalid-changedsince"))
    );
}

#[actix_web::test]
async fn a_zone_is_a_calendar_with_one_definition() {
    for uri in ["/tzdist/zones/Europe%2FParis", "/tzdist/zones/Europe/Paris", "/tzdist/zones/europe/paris"] {
        let (status, etag, body) = get(uri, &[]).await;
        assert_eq!(status, 200, "{uri}");
        let document = Document::parse(&body, Limits::default()).expect("readable");
        assert_eq!(
            document.roots[0].children_named("VTIMEZONE").next().and_then(|zone| zone.value("TZID")),
            Some("Europe/Paris")
        );
        let etag = etag.expect("has one");
        assert_eq!(get(uri, &[("If-None-Match", &etag)]).await.0, 304);
        let (_, found) = json_of("/tzdist/zones?pattern=europe/par*").await;
        assert_eq!(found["timezones"][0]["tzid"], "Europe/Paris");
        assert_eq!(format!("\"{}\"", found["timezones"][0]["etag"].as_str().expect("text")), etag);
    }
}

#[actix_web::test]
async fn observances_are_told_one_by_one() {
    let query = "observances?start=2008-01-01T00:00:00Z&end=2009-01-01T00:00:00Z";
    let expected = json!({
        "tzid": "America/New_York",
        "start": "2008-01-01T00:00:00Z",
        "end": "2009-01-01T00:00:00Z",
        "observances": [
            {"name": "EST", "onset": "2008-01-01T00:00:00Z", "utc-offset-from": -18_000, "utc-offset-to": -18_000},
            {"name": "EDT", "onset": "2008-03-09T07:00:00Z", "utc-offset-from": -18_000, "utc-offset-to": -14_400},
            {"name": "EST", "onset": "2008-11-02T06:00:00Z", "utc-offset-from": -14_400, "utc-offset-to": -18_000},
        ],
    });
    for zone in ["America%2FNew_York", "America/New_York", "america/new_york"] {
        let uri = format!("/tzdist/zones/{zone}/{query}");
        let (status, etag, body) = get(&uri, &[]).await;
        assert_eq!((status, serde_json::from_str::<Value>(&body).expect("JSON")), (200, expected.clone()));
        assert_eq!(get(&uri, &[("If-None-Match", &etag.expect("has one"))]).await.0, 304);
    }
    let encoded = "/tzdist/zones/UTC/observances?start=2008-01-01T00%3A00%3A00Z&end=2009-01-01T00%3A00%3A00Z";
    assert_eq!(json_of(encoded).await.1["observances"].as_array().map(Vec::len), Some(1));
}

#[actix_web::test]
async fn refusals_have_their_names() {
    let instants = "start=2026-01-01T00:00:00Z&end=2027-01-01T00:00:00Z";
    for (name, query, error) in [
        ("Europe%2FNowhere", instants, (404, "tzid-not-found")),
        ("Europe%2FParis", "", (400, "invalid-start")),
        ("Europe%2FParis", "end=2027-01-01T00:00:00Z", (400, "invalid-start")),
        ("Europe%2FParis", "start=2026-01-01T00:00:00Z", (400, "invalid-end")),
        ("Europe%2FParis", "start=2026-01-01&end=2027-01-01T00:00:00Z", (400, "invalid-start")),
        (
            "Europe%2FParis",
            "start=2026-01-01T00:00:00%2B01:00&end=2027-01-01T00:00:00Z",
            (400, "invalid-start"),
        ),
        ("Europe%2FParis", "start=2026-01-01T00:00:00Z&end=2026-13-01T00:00:00Z", (400, "invalid-end")),
        ("Europe%2FParis", "start=2026-01-01T00:00:00Z&end=2026-01-01T00:00:00Z", (400, "invalid-end")),
        ("Europe%2FParis", "start=2026-01-01T00:00:00Z&end=9999-01-01T00:00:00Z", (400, "invalid-end")),
        ("Europe%2FParis", &format!("{instants}&start=2026-01-01T00:00:00Z"), (400, "invalid-start")),
        ("Europe%2FParis", &format!("{instants}&end=2027-01-01T00:00:00Z"), (400, "invalid-end")),
    ] {
        let uri = format!("/tzdist/zones/{name}/observances?{query}");
        let (seen, problem) = json_of(&uri).await;
        let named = problem["type"].as_str().and_then(|name| name.rsplit(':').next());
        assert_eq!((seen, named), (error.0, Some(error.1)), "{uri}");
    }
    for (uri, status, name) in [
        ("/tzdist/zones/Europe/Nowhere", 404, "tzid-not-found"),
        ("/tzdist/zones/%ff", 404, "tzid-not-found"),
        ("/tzdist/zones?pattern=a*b", 400, "invalid-pattern"),
        ("/tzdist/zones?pattern=a&pattern=b", 400, "invalid-pattern"),
        ("/tzdist/zones?changedsince=a&changedsince=b", 400, "invalid-changedsince"),
        ("/tzdist/zones/Europe%2FParis?end=2020-01-01T00:00:00Z", 400, "invalid-end"),
        ("/tzdist/zones/Europe%2FParis?start=2020-01-01T00:00:00Z", 400, "invalid-start"),
        ("/tzdist/leapseconds", 400, "invalid-action"),
    ] {
        let (seen, problem) = json_of(uri).await;
        assert_eq!(
            (seen, problem["type"].as_str()),
            (status, Some(format!("urn:ietf:params:tzdist:error:{name}").as_str())),
            "{uri}"
        );
    }
    assert_eq!(get("/tzdist/zones/Europe%2FParis", &[("Accept", "application/calendar+xml")]).await.0, 406);
}
