//! The published keys, by which anybody checks access tokens by himself. RFC 7517, RFC 8037.

use super::problem::Refused;
use crate::services::Core;
use crate::services::keys::{PUBLISHED_FOR, PublicKey};
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::Serialize;

/// Where they are: for everybody, and not below the API, for that is where programs look.
pub const PATH: &str = "/.well-known/jwks.json";

#[derive(Serialize)]
struct Set<'k> {
    keys: Vec<Key<'k>>,
}

/// The public half of a key, and nothing else.
#[derive(Serialize)]
struct Key<'k> {
    kty: &'static str,
    crv: &'static str,
    #[serde(rename = "use")]
    purpose: &'static str,
    alg: &'static str,
    kid: &'k str,
    x: &'k str,
}

fn published(key: &PublicKey) -> Key<'_> {
    Key { kty: "OKP", crv: "Ed25519", purpose: "sig", alg: "EdDSA", kid: &key.kid, x: &key.x }
}

/// All keys that verify: those that sign later, or did before, too.
pub async fn keys(core: Data<Core>) -> Result<HttpResponse, Refused> {
    let all = core.public_keys().await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, format!("public, max-age={PUBLISHED_FOR}")))
        .content_type("application/jwk-set+json")
        .json(Set { keys: all.iter().map(published).collect() }))
}
