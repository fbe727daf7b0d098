//! Access tokens: what they say, who may check them, what is no token, and keys that follow each other without anybody being logged
//! out. RFC 7517, RFC 7519, RFC 8725.

use super::{id_of, json, problem, send};
use crate::harness::answer::Answer;
use crate::harness::{Client, TestServer, both, samples};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cenacle::config::Config;
use cenacle::domain::principal::PrincipalState;
use cenacle::services::keys::KeyState;
use cenacle::services::{Core, Limits};
use cenacle::store::{SigningKey, Store, Weight};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json as value};

const ME: &str = "/api/v1/me";
const JWKS: &str = "/.well-known/jwks.json";
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

fn text(told: &Value, member: &str) -> String {
    told[member].as_str().unwrap_or_else(|| panic!("{member}: {told}")).to_owned()
}

fn ask(server: &TestServer, password: &str) -> Answer {
    let body = value!({ "grant_type": "password", "username": "alice", "password": password });
    send(&server.anonymous(), "POST", "/api/v1/auth/token", &body)
}

/// Alice, whose password is `secret`, and her first tokens.
fn alice(server: &TestServer) -> Value {
    server.user("alice");
    server.wait(server.core().set_password("alice", "secret")).expect("a password");
    json(&ask(server, "secret"))
}

fn renew(server: &TestServer, told: &Value) -> Answer {
    let body = value!({ "grant_type": "refresh_token", "refresh_token": text(told, "refresh_token") });
    send(&server.anonymous(), "POST", "/api/v1/auth/token", &body)
}

/// What both doors answer to a token.
fn doors(server: &TestServer, token: &str) -> (u16, u16) {
    let client = Client::bearer(server.address(), token);
    let dav = client.propfind("/dav/calendars/alice/", "0", &["D:displayname"]).send().status;
    (client.get(ME).send().status, dav)
}

const IN: (u16, u16) = (200, 207);
const OUT: (u16, u16) = (401, 401);

fn access(told: &Value) -> String {
    text(told, "access_token")
}

/// A part of a token that is not its signature.
fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn published(server: &TestServer) -> Value {
    let answer = server.anonymous().get(JWKS).ok();
    assert_eq!(answer.header("Content-Type"), Some("application/jwk-set+json"));
    assert_eq!(answer.header("Cache-Control"), Some("public, max-age=900"));
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// What somebody makes of a token who has the published keys and the issuer's name, and nothing else.
fn checked_elsewhere(keys: &Value, issuer: &str, token: &str) -> Option<Value> {
    let set: JwkSet = serde_json::from_value(keys.clone()).expect("a set of keys");
    let header = jsonwebtoken::decode_header(token).ok()?;
    let key = DecodingKey::from_jwk(set.find(&header.kid?)?).ok()?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    jsonwebtoken::decode::<Value>(token, &key, &validation).ok().map(|token| token.claims)
}

/// The database below a server, as only its owner sees it.
fn database(server: &TestServer) -> Store {
    Store::open(server.location()).expect("the database opens")
}

fn keys(server: &TestServer) -> Vec<SigningKey> {
    let store = database(server);
    server.wait(store.read(Weight::Point, |tx| tx.signing_keys())).expect("keys")
}

/// Puts the keys' times earlier, as if that much time had gone by.
fn age_keys(server: &TestServer, by: i64) {
    let store = database(server);
    let aged = store.write(move |tx| {
        let keys = tx.signing_keys()?;
        tx.remove_signing_keys(&keys.iter().map(|key| key.number).collect::<Vec<_>>())?;
        keys.iter().try_for_each(|key| {
            let earlier = |at: i64| if at > 0 { at - by } else { at };
            let (created_at, signs_from) = (earlier(key.created_at), earlier(key.signs_from));
            tx.add_signing_key(&SigningKey {
                created_at,
                signs_from,
                needed_until: earlier(key.needed_until),
                ..key.clone()
            })
        })
    });
    server.wait(aged).expect("aged");
}

/// The private half of a key, as its owner would use it.
fn private(key: &SigningKey) -> EncodingKey {
    let seed = URL_SAFE_NO_PAD.decode(&key.secret).expect("base64url");
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    EncodingKey::from_ed_der(&head.into_iter().chain(seed).collect::<Vec<u8>>())
}

fn header(algorithm: Algorithm, kid: Option<&str>, kind: &str) -> Header {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    header.typ = Some(kind.to_owned());
    header
}

fn forged(header: &Header, claims: &Value, key: &EncodingKey) -> String {
    jsonwebtoken::encode(header, claims, key).expect("a token")
}

/// The claims with one changed, or left out.
fn but(claims: &Value, member: &str, other: Value) -> Value {
    let mut claims = claims.clone();
    let members = claims.as_object_mut().expect("claims");
    if other.is_null() {
        members.remove(member);
    } else {
        members.insert(member.to_owned(), other);
    }
    claims
}

both! {
    fn anybody_checks_a_token_with_the_published_key(db) {
        let server = TestServer::start(db);
        let told = alice(&server);
        let set = published(&server);
        let all = set["keys"].as_array().expect("keys");
        assert_eq!(all.len(), 1);
        let mut members: Vec<&String> = all[0].as_object().expect("a key").keys().collect();
        members.sort();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"], "nothing private");
        assert!(!set.to_string().contains(&keys(&server)[0].secret));
        let token = access(&told);
        let issuer = server.core().issuer().to_owned();
        let claims = checked_elsewhere(&set, &issuer, &token).expect("a good signature");
        assert_eq!(part(&token, 0), value!({ "typ": "at+jwt", "alg": "EdDSA", "kid": all[0]["kid"] }));
        assert_eq!((&claims["iss"], &claims["aud"], &claims["preferred_username"]), (&value!(issuer), &value!(issuer), &value!("alice")));
        assert_eq!((&claims["sid"], &claims["scope"]), (&told["session"], &value!("")));
        assert_eq!(claims["exp"].as_u64().zip(claims["iat"].as_u64()).map(|(exp, iat)| exp - iat), Some(900));
        let again = json(&ask(&server, "secret"));
        let other = part(&access(&again), 1);
        assert_eq!(other["sub"], claims["sub"]);
        assert_ne!(other["jti"], claims["jti"]);
        // What is changed on its way is seen, and a renewing token is none of this kind.
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[1] = URL_SAFE_NO_PAD.encode(but(&claims, "scope", value!("admin")).to_string());
        assert_eq!(checked_elsewhere(&set, &issuer, &parts.join(".")), None);
        assert_eq!(checked_elsewhere(&set, &issuer, &text(&told, "refresh_token")), None);
        assert_eq!(doors(&server, &parts.join(".")), OUT);
    }

    fn what_is_no_token_of_ours_opens_nothing(db) {
        let server = TestServer::start(db);
        let told = alice(&server);
        let token = access(&told);
        let (claims, key) = (part(&token, 1), keys(&server).remove(0));
        let (ours, kid) = (private(&key), Some(key.kid.as_str()));
        let good = header(Algorithm::EdDSA, kid, "at+jwt");
        // Made by hand with the right key it is good, so that what follows is refused for what was changed.
        assert_eq!(doors(&server, &forged(&good, &claims, &ours)), IN);
        let unsigned = |alg: &str| {
            let head = value!({ "alg": alg, "typ": "at+jwt", "kid": key.kid });
            format!("{}.{}.", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
        };
        for alg in ["none", "None", "NONE", "", "EdDSA", "HS256"] {
            assert_eq!(doors(&server, &unsigned(alg)), OUT, "{alg}");
        }
        // The published key taken for a secret, in every spelling in which it is known.
        let raw = URL_SAFE_NO_PAD.decode(&key.public_key).expect("base64url");
        let published = server.anonymous().get(JWKS).ok().body;
        for secret in [raw.as_slice(), key.public_key.as_bytes(), key.kid.as_bytes(), published.as_slice(), b""] {
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let token = forged(&header(algorithm, kid, "at+jwt"), &claims, &EncodingKey::from_secret(secret));
                assert_eq!(doors(&server, &token), OUT, "{algorithm:?}");
                let (_, rest) = token.split_once('.').expect("parts");
                let head = value!({ "alg": "EdDSA", "typ": "at+jwt", "kid": key.kid });
                assert_eq!(doors(&server, &format!("{}.{rest}", URL_SAFE_NO_PAD.encode(head.to_string()))), OUT);
            }
        }
        // Another key, unknown, or under the name of ours; and one that the token brings along.
        let stranger = private(&SigningKey { secret: URL_SAFE_NO_PAD.encode([7; 32]), ..key.clone() });
        let brought = jsonwebtoken::jwk::Jwk::from_encoding_key(&stranger, Algorithm::EdDSA).expect("a key");
        for (kid, brings) in [(Some("unknown"), false), (kid, false), (None, false), (Some(""), false), (kid, true), (Some("unknown"), true)] {
            let mut header = header(Algorithm::EdDSA, kid, "at+jwt");
            header.jwk = brings.then(|| brought.clone());
            assert_eq!(doors(&server, &forged(&header, &claims, &stranger)), OUT, "{kid:?} {brings}");
        }
        for (kid, kind) in [(None, "at+jwt"), (kid, "JWT"), (kid, "rt+jwt")] {
            assert_eq!(doors(&server, &forged(&header(Algorithm::EdDSA, kid, kind), &claims, &ours)), OUT, "{kid:?} {kind}");
        }
        let mut critical = header(Algorithm::EdDSA, kid, "at+jwt");
        critical.crit = Some(vec!["b64".to_owned()]);
        assert_eq!(doors(&server, &forged(&critical, &claims, &ours)), OUT, "what is not understood");
        let now = claims["iat"].as_u64().expect("a time");
        assert_eq!(doors(&server, &forged(&good, &but(&claims, "nbf", value!(now)), &ours)), IN);
        for (member, other) in [
            ("nbf", value!(now + 600)), ("nbf", value!("soon")),
            ("exp", value!(now - 10)), ("exp", Value::Null), ("exp", value!("never")), ("iss", value!("urn:cenacle:00000000")), ("iss", Value::Null),
            ("aud", value!("https://elsewhere.example")), ("aud", Value::Null), ("sub", value!("1")), ("sub", Value::Null), ("sub", value!("x")),
            ("ver", value!(99)), ("ver", Value::Null), ("sid", value!("1")), ("sid", value!("x")), ("scope", value!("everything")), ("scope", Value::Null),
        ] {
            assert_eq!(doors(&server, &forged(&good, &but(&claims, member, other.clone()), &ours)), OUT, "{member}: {other}");
        }
        // As older versions signed them, with the secret that still seals renewing tokens.
        let secret = EncodingKey::from_secret(database(&server).signing_secret().as_bytes());
        for old in [value!({ "sub": claims["sub"], "exp": now + 600, "ver": claims["ver"], "scope": "" }), claims.clone()] {
            assert_eq!(doors(&server, &forged(&Header::new(Algorithm::HS256), &old, &secret)), OUT);
        }
        let long = format!("{token}{}", "A".repeat(5000));
        assert_eq!(doors(&server, &long), OUT);
        assert_eq!(doors(&server, &token), IN);
    }

    fn a_session_of_before_the_keys_goes_on(db) {
        let server = TestServer::start(db);
        let told = alice(&server);
        // As older versions sealed them: nothing of this has changed, or everybody would be logged out by an upgrade.
        let claims = part(&access(&told), 1);
        let number = |member: &str| claims[member].as_str().and_then(|text| text.parse::<i64>().ok());
        let old = value!({
            "sub": claims["sub"], "exp": claims["exp"], "ver": claims["ver"], "sid": number("sid"), "generation": 0,
        });
        let secret = EncodingKey::from_secret(database(&server).signing_secret().as_bytes());
        let renewing = forged(&Header::new(Algorithm::HS256), &old, &secret);
        let next = json(&renew(&server, &value!({ "refresh_token": renewing })));
        assert_eq!(doors(&server, &access(&next)), IN);
        // Sealed with anything else it is none.
        let other = EncodingKey::from_secret(keys(&server)[0].public_key.as_bytes());
        let forged = forged(&Header::new(Algorithm::HS256), &but(&old, "generation", value!(1)), &other);
        problem(&renew(&server, &value!({ "refresh_token": forged })), 401, "unauthenticated");
        assert_eq!(doors(&server, &access(&next)), IN, "and ends nothing");
    }

    fn a_session_of_another_is_not_one_s_own(db) {
        let server = TestServer::start(db);
        let told = alice(&server);
        server.user("bob");
        let bob = server.wait(server.core().issue_token("bob", "", 600)).expect("a token");
        let key = keys(&server).remove(0);
        let stolen = but(&part(&bob, 1), "sid", told["session"].clone());
        let token = forged(&header(Algorithm::EdDSA, Some(&key.kid), "at+jwt"), &stolen, &private(&key));
        assert_eq!(Client::bearer(server.address(), &token).get(ME).send().status, 401);
        assert_eq!(Client::bearer(server.address(), &bob).get(ME).send().status, 200);
    }

    fn a_token_ends_with_its_account_its_session_and_its_password(db) {
        let server = TestServer::start(db);
        let node = server.beside(Limits::default());
        let first = alice(&server);
        let everywhere = |token: &str, wanted: (u16, u16)| {
            for node in [&server, &node] {
                assert_eq!(doors(node, token), wanted);
            }
        };
        let long = server.wait(server.core().issue_token("alice", "", 86_400)).expect("a token");
        // Remembered on both nodes, and still asked for each time.
        everywhere(&access(&first), IN);
        everywhere(&long, IN);
        let body = value!({ "token": access(&first) });
        assert_eq!(send(&node.anonymous(), "POST", "/api/v1/auth/revoke", &body).status, 204);
        everywhere(&access(&first), OUT);
        everywhere(&long, IN);
        let second = json(&ask(&server, "secret"));
        everywhere(&access(&second), IN);
        server.wait(server.core().set_account_state("alice", PrincipalState::Suspended)).expect("suspended");
        everywhere(&access(&second), OUT);
        everywhere(&long, OUT);
        server.wait(server.core().set_account_state("alice", PrincipalState::Active)).expect("resumed");
        everywhere(&access(&second), OUT);
        everywhere(&long, OUT);
        let third = json(&ask(&node, "secret"));
        everywhere(&access(&third), IN);
        server.wait(node.core().set_password("alice", "other")).expect("a password");
        everywhere(&access(&third), OUT);
        problem(&renew(&server, &third), 401, "unauthenticated");
    }

    fn taking_an_application_password_away_ends_what_it_opened_and_nothing_else(db) {
        let server = TestServer::start(db);
        let node = server.beside(Limits::default());
        let own = alice(&server);
        let made = |name: &str| server.wait(server.core().add_app_password("alice", name, "")).expect("a password");
        let ((gone, lost), (_, kept)) = (made("lost"), made("kept"));
        assert!(lost.starts_with("cen_") && lost.len() == 32, "{lost}");
        let (of_lost, of_kept) = (json(&ask(&server, &lost)), json(&ask(&node, &kept)));
        let long = server.wait(server.core().issue_token("alice", "", 86_400)).expect("a token");
        let basic = |node: &TestServer, password: &str| node.client("alice", password).get(ME).send().status;
        for node in [&server, &node] {
            for told in [&own, &of_lost, &of_kept] {
                assert_eq!(doors(node, &access(told)), IN);
            }
            assert_eq!(doors(node, &lost), IN);
            for password in ["secret", &lost, &kept] {
                assert_eq!(basic(node, password), 200);
            }
        }
        Client::bearer(node.address(), &access(&own)).delete(&format!("/api/v1/app-passwords/{gone}")).no_content();
        for node in [&server, &node] {
            assert_eq!((doors(node, &access(&of_lost)), doors(node, &lost), basic(node, &lost)), (OUT, OUT, 401));
            for told in [&own, &of_kept] {
                assert_eq!(doors(node, &access(told)), IN);
            }
            assert_eq!(doors(node, &long), IN);
            for password in ["secret", &kept] {
                assert_eq!(basic(node, password), 200);
            }
        }
        problem(&renew(&server, &of_lost), 401, "unauthenticated");
        for told in [&own, &of_kept] {
            assert_eq!(renew(&server, told).status, 200);
        }
        // A slip of the pen in one is no login, and neither is the form that only looks like one.
        let other = if kept.ends_with('x') { 'y' } else { 'x' };
        for wrong in [format!("{}{other}", &kept[..31]), "cen_".to_owned(), "cen-".to_owned()] {
            assert_eq!(doors(&server, &wrong), OUT);
        }
    }

    fn keys_follow_each_other_and_nobody_is_logged_out(db) {
        let server = TestServer::start(db);
        let node = server.beside(Limits::default());
        let first = alice(&server);
        assert_eq!(doors(&node, &access(&first)), IN);
        let kid = |told: &Value| part(&access(told), 0)["kid"].clone();
        let next = server.wait(server.core().rotate_keys()).expect("a key");
        assert_eq!(next.state, KeyState::Next);
        // Published to everybody by every node, and not yet used; one is enough.
        for node in [&server, &node] {
            let kids: Vec<Value> = published(node)["keys"].as_array().expect("keys").iter().map(|key| key["kid"].clone()).collect();
            assert_eq!(kids, [kid(&first), value!(next.kid)]);
        }
        assert_eq!(server.wait(node.core().rotate_keys()).expect("a key").kid, next.kid);
        assert_eq!(kid(&json(&ask(&server, "secret"))), kid(&first));
        // An hour later: a node that has just begun signs with the new one, the others take it, and the old one still verifies.
        age_keys(&server, HOUR + SECOND);
        let late = server.beside(Limits::default());
        let second = json(&renew(&late, &first));
        assert_eq!(kid(&second), value!(next.kid));
        for node in [&server, &node, &late] {
            assert_eq!(doors(node, &access(&second)), IN);
            assert_eq!(doors(node, &access(&first)), IN, "of the key before");
        }
        let states = |server: &TestServer| -> Vec<KeyState> {
            server.wait(server.core().public_keys()).expect("keys").iter().map(|key| key.state).collect()
        };
        assert_eq!(states(&server), [KeyState::Old, KeyState::Current]);
        assert!(!server.wait(server.core().tend_keys(Some(100 * HOUR))).expect("done"), "there is nothing to do yet");
        // And when its last token has ended it is forgotten; the session goes on.
        age_keys(&server, 2 * HOUR);
        assert!(server.wait(server.core().tend_keys(Some(100 * HOUR))).expect("done"));
        assert_eq!(states(&server), [KeyState::Current]);
        assert_eq!(published(&node)["keys"].as_array().map(Vec::len), Some(1));
        assert_eq!(doors(&server, &access(&first)), OUT);
        let third = json(&renew(&late, &second));
        for node in [&server, &node, &late] {
            assert_eq!(doors(node, &access(&third)), IN);
        }
    }

    fn a_key_stays_as_long_as_its_longest_token(db) {
        let server = TestServer::start(db);
        server.user("alice");
        let long = server.wait(server.core().issue_token("alice", "read", 86_400)).expect("a token");
        server.wait(server.core().rotate_keys()).expect("a key");
        // Its successor began three hours ago, but a token of a day has been given.
        let store = database(&server);
        let all = keys(&server);
        let (old, mut new) = (all[0].clone(), all[1].clone());
        new.signs_from -= 4 * HOUR;
        let before = SigningKey { signs_from: old.signs_from - 5 * HOUR, ..old };
        let put = store.write(move |tx| {
            tx.remove_signing_keys(&[before.number, new.number])?;
            tx.add_signing_key(&before)?;
            tx.add_signing_key(&new)
        });
        server.wait(put).expect("put");
        assert!(!server.wait(server.core().tend_keys(None)).expect("done"));
        let late = server.beside(Limits::default());
        assert_eq!(doors(&late, &long), IN);
        age_keys(&server, 25 * HOUR);
        assert!(server.wait(server.core().tend_keys(None)).expect("done"));
        assert_eq!(doors(&server, &long), OUT);
    }

    fn a_key_is_followed_at_its_age_by_one_of_many_nodes(db) {
        let server = TestServer::start(db);
        let first = alice(&server);
        let nodes = [server.beside(Limits::default()), server.beside(Limits::default())];
        age_keys(&server, 48 * HOUR);
        std::thread::scope(|scope| {
            for node in &nodes {
                scope.spawn(|| node.wait(node.core().tend_keys(Some(48 * HOUR))).expect("done"));
            }
        });
        assert_eq!(keys(&server).len(), 2, "one new key, whoever made it");
        assert_eq!(doors(&server, &access(&first)), IN);
    }

    fn keys_that_somebody_else_has_end_at_once(db) {
        let server = TestServer::start(db);
        let node = server.beside(Limits::default());
        let first = alice(&server);
        for node in [&server, &node] {
            assert_eq!(doors(node, &access(&first)), IN);
        }
        let made = server.wait(server.core().replace_keys()).expect("a key");
        assert_eq!(keys(&server).iter().map(|key| key.kid.clone()).collect::<Vec<_>>(), [made.kid]);
        let second = json(&renew(&server, &first));
        for node in [&server, &node] {
            assert_eq!(doors(node, &access(&first)), OUT);
            assert_eq!(doors(node, &access(&second)), IN);
        }
    }

    fn no_node_signs_with_a_key_that_was_taken_away(db) {
        let server = TestServer::start(db);
        let node = server.beside(Limits::default());
        let kid = |token: &str| part(token, 0)["kid"].clone();
        let first = alice(&server);
        // Each way to a token is warm: the other node has just read the keys.
        let before = [
            access(&json(&ask(&node, "secret"))),
            server.wait(node.core().issue_token("alice", "", 600)).expect("a token"),
            server.wait(node.core().issue_token("alice", "", 86_400)).expect("a token"),
        ];
        assert!(before.iter().all(|token| kid(token) == kid(&access(&first))));
        let ways: [&dyn Fn() -> String; 4] = [
            &|| access(&json(&ask(&node, "secret"))),
            &|| access(&json(&renew(&node, &json(&ask(&server, "secret"))))),
            &|| server.wait(node.core().issue_token("alice", "", 600)).expect("a token"),
            &|| server.wait(node.core().issue_token("alice", "", 86_400)).expect("a token"),
        ];
        for way in ways {
            let old = access(&json(&ask(&node, "secret")));
            let made = server.wait(server.core().replace_keys()).expect("a key");
            // What somebody signs who has the old key ends no session.
            let body = value!({ "token": old });
            assert_eq!(send(&node.anonymous(), "POST", "/api/v1/auth/revoke", &body).status, 204);
            let token = way();
            assert_eq!(kid(&token), value!(made.kid));
            assert_eq!((doors(&node, &token), doors(&server, &token)), (IN, IN));
            assert_eq!((doors(&node, &old), doors(&server, &old)), (OUT, OUT));
        }
        for token in before {
            assert_eq!((doors(&node, &token), doors(&server, &token)), (OUT, OUT));
        }
        // One a login and none a renewal, though some were begun with a key that was gone.
        let last = Client::bearer(server.address(), &access(&json(&ask(&node, "secret"))));
        assert_eq!(json(&last.get("/api/v1/sessions").ok())["items"].as_array().map(Vec::len), Some(9));
    }

    fn the_issuer_is_who_the_administrator_says(db) {
        let issuer = "https://agenda.example.org";
        let server = TestServer::with_config(db, Config { issuer: Some(issuer.to_owned()), ..Config::default() });
        let told = alice(&server);
        let claims = checked_elsewhere(&published(&server), issuer, &access(&told)).expect("good");
        assert_eq!((&claims["iss"], &claims["aud"]), (&value!(issuer), &value!(issuer)));
        assert_eq!(doors(&server, &access(&told)), IN);
        // The very same key, in the name of another.
        let other = Core::new(database(&server), Limits::default()).issued_by(Some("https://other.example"));
        let token = server.wait(other.issue_token("alice", "", 600)).expect("a token");
        assert_eq!(part(&token, 0)["kid"], part(&access(&told), 0)["kid"]);
        assert_eq!(doors(&server, &token), OUT);
    }

    fn a_token_of_one_collection_opens_that_one_at_dav_too(db) {
        let server = TestServer::start(db);
        alice(&server);
        let client = server.client("alice", "secret");
        client.put("/dav/calendars/alice/default/a.ics", samples::meeting("a")).created();
        let id = id_of(&client, "calendars", "default");
        let body = value!({ "grant_type": "password", "username": "alice", "password": "secret", "scope": format!("read collection:{id}") });
        let told = json(&send(&server.anonymous(), "POST", "/api/v1/auth/token", &body));
        let narrow = Client::bearer(server.address(), &access(&told));
        narrow.get("/dav/calendars/alice/default/a.ics").ok();
        narrow.put("/dav/calendars/alice/default/a.ics", samples::meeting("a")).refused(403, "D:need-privileges");
        narrow.delete("/dav/calendars/alice/default/a.ics").refused(403, "D:need-privileges");
        narrow.propfind("/dav/calendars/alice/tasks/", "0", &["D:displayname"]).status(404);
        narrow.propfind("/dav/addressbooks/alice/default/", "0", &["D:displayname"]).status(404);
        // As where there is no such collection.
        narrow.put("/dav/calendars/alice/tasks/b.ics", samples::meeting("b")).status(409);
        narrow.put("/dav/calendars/alice/none/b.ics", samples::meeting("b")).status(409);
    }
}

#[test]
fn the_documentation_page_is_for_everybody_and_of_this_server_alone() {
    let server = TestServer::start(crate::harness::Db::Sqlite);
    let nobody = server.anonymous();
    let moved = nobody.get("/api/docs").status(308);
    assert_eq!(moved.header("Location"), Some("/api/docs/"));
    for (path, media) in [
        ("/api/docs/", "text/html; charset=utf-8"),
        ("/api/docs/page.css", "text/css; charset=utf-8"),
        ("/api/docs/page.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = nobody.get(path).ok();
        assert_eq!(answer.header("Content-Type"), Some(media));
        let policy = answer.header("Content-Security-Policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        let text = answer.text();
        for elsewhere in
            ["http://", "https://", "localStorage", "sessionStorage", "document.cookie", "innerHTML", "eval("]
        {
            assert!(!text.contains(elsewhere), "{path}: {elsewhere}");
        }
    }
    assert_eq!(nobody.get("/api/docs/none").send().status, 404);
    // Elsewhere no page may do anything.
    let policy = nobody.get("/api/v1/openapi.json").ok();
    assert_eq!(policy.header("Content-Security-Policy"), Some("default-src 'none'; sandbox"));
}
