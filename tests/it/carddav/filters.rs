//! addressbook-query: properties, parameters, texts, `test`, limits. RFC 6352 §8.6, §10.5.

use super::ask;
use crate::harness::{Client, TestServer, both, samples::card};

fn some(client: &Client) {
    for (name, body) in [
        (
            "ada",
            card(
                "ada",
                "Ada Lovelace",
                &["EMAIL;TYPE=WORK:ada@example.org", "EMAIL;TYPE=HOME:ada@home.example", "NICKNAME:Countess"],
            ),
        ),
        (
            "bernd",
            card(
                "bernd",
                "Bernd Müller",
                &[
                    "EMAIL;TYPE=HOME:bernd@example.org",
                    "ADR;TYPE=HOME:;;Hauptstraße 1;Köln;;50667;Deutschland",
                ],
            ),
        ),
        (
            "eve",
            card(
                "eve",
                "Ève Élégante",
                &[
                    "item1.TEL:+33 1 23 45 67 89",
                    "item1.X-ABLabel:Büro",
                    "NOTE:100% sure",
                    "ORG:Acme;Research",
                ],
            ),
        ),
        ("none", card("none", "Nobody", &[])),
    ] {
        client.put(&client.book(&format!("default/{name}.vcf")), body).created();
    }
}

fn fits(client: &Client, filter: &str) -> Vec<String> {
    let answer = ask(client, "", filter).multistatus();
    answer.names().into_iter().map(|name| name.trim_end_matches(".vcf").to_owned()).collect()
}

fn filter(inside: &str) -> String {
    format!("<R:filter>{inside}</R:filter>")
}

fn property(name: &str, inside: &str) -> String {
    format!("<R:prop-filter name=\"{name}\">{inside}</R:prop-filter>")
}

fn text(attributes: &str, value: &str) -> String {
    format!("<R:text-match {attributes}>{value}</R:text-match>")
}

both! {
    fn by_what_is_there(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        assert_eq!(fits(&alice, &filter("")).len(), 4);
        assert_eq!(fits(&alice, &filter(&property("EMAIL", ""))), ["ada", "bernd"]);
        assert_eq!(fits(&alice, &filter(&property("EMAIL", "<R:is-not-defined/>"))), ["eve", "none"]);
        assert_eq!(fits(&alice, &filter(&property("X-UNKNOWN", ""))), Vec::<String>::new());
        // A group in front does not hide a property; named, it is asked for.
        assert_eq!(fits(&alice, &filter(&property("TEL", ""))), ["eve"]);
        assert_eq!(fits(&alice, &filter(&property("item1.TEL", ""))), ["eve"]);
        assert_eq!(fits(&alice, &filter(&property("item2.TEL", ""))), Vec::<String>::new());
    }

    fn by_text_and_collation(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        let name = |attributes: &str, value: &str| fits(&alice, &filter(&property("FN", &text(attributes, value))));
        // i;unicode-casemap is the default.
        assert_eq!(name("", "MÜLLER"), ["bernd"]);
        assert_eq!(name("", "élÉg"), ["eve"]);
        assert_eq!(name("collation=\"i;ascii-casemap\"", "MÜLLER"), Vec::<String>::new());
        assert_eq!(name("collation=\"i;octet\"", "lovelace"), Vec::<String>::new());
        assert_eq!(name("collation=\"i;octet\"", "Lovelace"), ["ada"]);
        assert_eq!(name("match-type=\"equals\"", "nobody"), ["none"]);
        assert_eq!(name("match-type=\"equals\"", "nobod"), Vec::<String>::new());
        assert_eq!(name("match-type=\"starts-with\"", "ada"), ["ada"]);
        assert_eq!(name("match-type=\"ends-with\"", "ada"), Vec::<String>::new());
        assert_eq!(name("match-type=\"ends-with\"", "lovelace"), ["ada"]);
        assert_eq!(name("negate-condition=\"yes\"", "e"), ["none"]);
        assert_eq!(name("negate-condition=\"yes\"", "love"), ["bernd", "eve", "none"]);
        // Nothing in a text is a pattern.
        assert_eq!(fits(&alice, &filter(&property("NOTE", &text("", "100%")))), ["eve"]);
        assert_eq!(name("", "%"), Vec::<String>::new());
        assert_eq!(name("", "_"), Vec::<String>::new());
        ask(&alice, "", &filter(&property("FN", &text("collation=\"i;klingon\"", "x")))).refused(403, "R:supported-collation");
    }

    fn structured_values_are_text_too(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        assert_eq!(fits(&alice, &filter(&property("ADR", &text("", "köln")))), ["bernd"]);
        assert_eq!(fits(&alice, &filter(&property("ORG", &text("", "research")))), ["eve"]);
        assert_eq!(fits(&alice, &filter(&property("N", &text("", "lovelace")))), ["ada"]);
    }

    fn any_of_or_all_of(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        let two = format!("{}{}", property("FN", &text("", "ada")), property("EMAIL", &text("", "bernd")));
        assert_eq!(fits(&alice, &filter(&two)), ["ada", "bernd"]);
        assert_eq!(fits(&alice, &format!("<R:filter test=\"anyof\">{two}</R:filter>")), ["ada", "bernd"]);
        assert_eq!(fits(&alice, &format!("<R:filter test=\"allof\">{two}</R:filter>")), Vec::<String>::new());
        let mixed = format!("{}{}", property("FN", &text("", "ada")), property("EMAIL", &text("", "example.org")));
        assert_eq!(fits(&alice, &format!("<R:filter test=\"allof\">{mixed}</R:filter>")), ["ada"]);
        let inner = |test: &str| {
            filter(&format!("<R:prop-filter name=\"EMAIL\" test=\"{test}\">{}{}</R:prop-filter>", text("", "ada"), text("", "home")))
        };
        assert_eq!(fits(&alice, &inner("allof")), ["ada"]);
        assert_eq!(fits(&alice, &inner("anyof")), ["ada"]);
        ask(&alice, "", "<R:filter test=\"someof\"/>").status(400);
    }

    fn by_parameters(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        let kind = |value: &str| format!("<R:param-filter name=\"TYPE\">{}</R:param-filter>", text("", value));
        assert_eq!(fits(&alice, &filter(&property("EMAIL", &kind("home")))), ["ada", "bernd"]);
        assert_eq!(fits(&alice, &filter(&property("EMAIL", &kind("work")))), ["ada"]);
        let home_of_ada = format!(
            "<R:prop-filter name=\"EMAIL\" test=\"allof\">{}{}</R:prop-filter>",
            text("", "ada@example.org"),
            kind("home")
        );
        assert_eq!(fits(&alice, &filter(&home_of_ada)), Vec::<String>::new());
        let bare = property("TEL", "<R:param-filter name=\"TYPE\"><R:is-not-defined/></R:param-filter>");
        assert_eq!(fits(&alice, &filter(&bare)), ["eve"]);
        // Version 4.0 may write a list of types in quotes (RFC 6350 §5.6): each is a value.
        let four = card("four", "Vera", &["EMAIL;TYPE=\"work,home\":vera@example.org"]).replace("VERSION:3.0", "VERSION:4.0");
        alice.put(&alice.book("default/four.vcf"), four).created();
        let is = |value: &str| {
            let equals = text("match-type=\"equals\"", value);
            fits(&alice, &filter(&property("EMAIL", &format!("<R:param-filter name=\"TYPE\">{equals}</R:param-filter>"))))
        };
        assert_eq!(is("work"), ["ada", "four"]);
        assert_eq!(is("home"), ["ada", "bernd", "four"]);
        assert_eq!(is("work,home"), Vec::<String>::new());
    }

    /// RFC 6352 §8: cards have the reports too, and say so.
    fn a_report_on_a_card_is_about_it_alone(db) {
        let server = TestServer::start(db);
        let (alice, bob) = (server.user("alice"), server.user("bob"));
        some(&alice);
        let card = alice.book("default/ada.vcf");
        let query = |client: &Client, inside: &str| {
            client.report(&card, "R:addressbook-query", &format!("<D:prop><D:getetag/><R:address-data/></D:prop>{inside}")).send()
        };
        let answer = query(&alice, &filter(&property("FN", &text("", "lovelace")))).multistatus();
        assert_eq!(answer.only().href, card);
        assert!(answer.only().prop("R:address-data").text.contains("FN:Ada Lovelace"));
        assert_eq!(query(&alice, &filter(&property("FN", &text("", "bernd")))).multistatus().members.len(), 0);
        assert_eq!(query(&alice, &filter("<R:prop-filter/>")).status, 400);
        let multiget = |named: &str| {
            let inside = format!("<D:prop><R:address-data/></D:prop><D:href>{named}</D:href>");
            alice.report(&card, "R:addressbook-multiget", &inside).send()
        };
        assert_eq!(multiget(&card).multistatus().only().href, card);
        assert_eq!(multiget(&alice.book("default/bernd.vcf")).status, 400);
        alice.report(&card, "C:calendar-query", "<C:filter/>").refused(403, "D:supported-report");
        let member = alice.propfind(&card, "0", &["D:supported-report-set", "R:supported-collation-set"]).multistatus().only().clone();
        let reports = member.prop("D:supported-report-set");
        assert!(reports.holds("R:addressbook-query") && reports.holds("R:addressbook-multiget") && !reports.holds("C:calendar-query"));
        assert!(member.prop("R:supported-collation-set").holds("R:supported-collation"));
        assert_eq!(query(&bob, &filter("")).status, 404);
    }

    fn answers_have_a_limit_when_asked(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        some(&alice);
        let limited = |n: usize| format!("{}<R:limit><R:nresults>{n}</R:nresults></R:limit>", filter(""));
        let answer = ask(&alice, "", &limited(2)).multistatus();
        assert_eq!(answer.present().len(), 2);
        let cut = answer.members.iter().find(|member| member.status == Some(507)).expect("told as cut off");
        assert_eq!(cut.href, alice.book("default/"));
        assert!(cut.xml.holds("D:number-of-matches-within-limits"));
        let whole = ask(&alice, "", &limited(4)).multistatus();
        assert!(whole.members.iter().all(|member| member.status.is_none()) && whole.members.len() == 4);
    }

    fn what_is_not_understood_is_never_ignored(db) {
        let server = TestServer::start(db);
        let alice = server.user("alice");
        ask(&alice, "", &filter("<R:nonsense/>")).refused(403, "R:supported-filter");
        ask(&alice, "", &filter(&property("FN", "<C:time-range start=\"20260101T000000Z\"/>"))).refused(403, "R:supported-filter");
        // RFC 6352 §8.6: the prop-filter that is not supported is named.
        let answer = ask(&alice, "", &filter(&property("NOTE", "<R:param-filter name=\"TYPE\"><R:nonsense/></R:param-filter>")));
        let named = answer.refused(403, "R:supported-filter").names_condition("R:supported-filter");
        let named = named.child("R:prop-filter").expect("a prop-filter").clone();
        assert_eq!(named.attributes, [("name".to_owned(), "NOTE".to_owned())]);
        for invalid in [
            "".to_owned(),
            filter("<R:prop-filter/>"),
            filter(&property("FN", &text("match-type=\"sounds-like\"", "x"))),
            filter(&property("FN", "<R:is-not-defined/><R:text-match>x</R:text-match>")),
        ] {
            // RFC 6352 §8.6 has no precondition for a broken filter, and CalDAV's is not its.
            let answer = ask(&alice, "", &invalid).status(400);
            assert!(!answer.text().contains("caldav") && !answer.text().contains("valid-filter"), "{invalid}");
        }
    }
}
