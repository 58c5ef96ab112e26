//! Secrets of webhooks and the signatures made with them.
//!
//! Format: the Standard Webhooks specification 1.0. A secret is `whsec_` and 24 to 64 bytes in
//! base64; a signature is `v1,` and HMAC-SHA-256 over `<id>.<timestamp>.<body>` in base64.

use crate::{
    clock::random_bytes,
    error::{Error, Result},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What every secret begins with.
const PREFIX: &str = "whsec_";

/// A fresh secret of 256 random bits.
pub fn generate() -> String {
    format!("{PREFIX}{}", STANDARD.encode(random_bytes::<32>()))
}

/// Checks a secret that a user brings.
///
/// # Errors
/// `validation_error` on `secret`.
pub fn check(secret: &str) -> Result<()> {
    let key = key(secret);
    if key.is_some_and(|key| (24..=64).contains(&key.len())) {
        return Ok(());
    }
    Err(Error::field(
        "secret",
        "must be whsec_ and 24 to 64 random bytes in base64; leave it out to have one made",
    ))
}

fn key(secret: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()
}

/// The value of `webhook-signature` for a message signed with each of `secrets`.
///
/// # Errors
/// `internal_error` for a secret that is none.
pub fn sign(secrets: &[String], id: &str, timestamp: i64, body: &[u8]) -> Result<String> {
    let mut signatures = Vec::new();
    for secret in secrets {
        let unusable = || Error::new(crate::error::ErrorCode::InternalError, "no webhook secret");
        let key = key(secret).ok_or_else(unusable)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| unusable())?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        signatures.push(format!("v1,{signature}"));
    }
    Ok(signatures.join(" "))
}
