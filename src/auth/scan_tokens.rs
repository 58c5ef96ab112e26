//! Tokens with which the runner of one attempt of one scan may ask the LLM proxy (HS256 JWT, RFC
//! 7519).
//!
//! Signed with `VEGA_LLM_PROXY_AUTH_SECRET`, which signs nothing else, so neither an access token
//! nor any other JWT of Vega passes as one. Whether the scan still runs, and whether a newer
//! attempt has taken over, is for the caller to look up.

use crate::{
    domain::{ids::ScanId, time::Timestamp},
    error::{Error, ErrorCode, Result},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const AUDIENCE: &str = "vega-llm-proxy";

/// The shortest secret that is accepted, in bytes: the length of the MAC (RFC 7518, 3.2).
pub const SHORTEST_SECRET: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    aud: String,
    scan_id: ScanId,
    attempt: u32,
    iat: i64,
    exp: i64,
}

/// For which attempt of which scan a valid token speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanGrant {
    /// The scan.
    pub scan_id: ScanId,
    /// The attempt; a token of an older one than the scan's is worth nothing.
    pub attempt: u32,
    /// For how long the token is still good.
    pub time_left: Duration,
}

/// Mints and checks scan tokens.
pub struct ScanTokenSigner {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for ScanTokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScanTokenSigner")
    }
}

fn invalid() -> Error {
    Error::of(ErrorCode::InvalidToken)
}

impl ScanTokenSigner {
    /// Signs with `secret` (`VEGA_LLM_PROXY_AUTH_SECRET`), of at least [`SHORTEST_SECRET`] bytes:
    /// the settings see to that.
    pub fn new(secret: &[u8]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }

    /// A token for an attempt of a scan, valid from `now` for `lifetime` (whole seconds).
    pub fn mint(
        &self,
        scan_id: ScanId,
        attempt: u32,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<String> {
        let claims = Claims {
            aud: AUDIENCE.into(),
            scan_id,
            attempt,
            iat: now.millis() / 1000,
            exp: now.after(lifetime).millis() / 1000,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| Error::internal("signing a scan token failed", error))
    }

    /// Checks signature, algorithm, audience and expiry. Every failure is the same
    /// `invalid_token`, so that nothing can be learned from it.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<ScanGrant> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "aud"]);
        // Expiry is judged below by the clock this process was given.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|error| invalid().caused_by(error))?
            .claims;
        let seconds = claims.exp.checked_sub(now.millis() / 1000);
        let seconds = seconds.and_then(|left| u64::try_from(left).ok());
        let seconds = seconds.filter(|left| *left > 0).ok_or_else(invalid)?;
        Ok(ScanGrant {
            scan_id: claims.scan_id,
            attempt: claims.attempt,
            time_left: Duration::from_secs(seconds),
        })
    }
}
