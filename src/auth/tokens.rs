//! Access tokens (HS256 JWT, RFC 7519) and refresh tokens (opaque).
//!
//! An access token names its session; whether that session still lives is for the caller to look
//! up. A refresh token is `<session id>.<256 random bits>`; only its hash is kept.

use super::{random_text, sha256_hex};
use crate::{
    domain::{
        ids::{SessionId, UserId},
        time::Timestamp,
    },
    error::{Error, ErrorCode, Result},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long an access token lives.
pub const ACCESS_LIFETIME: Duration = Duration::from_secs(3600);
/// How long a refresh token lives.
pub const REFRESH_LIFETIME: Duration = Duration::from_secs(14 * 24 * 3600);

const ISSUER: &str = "vega";
const AUDIENCE: &str = "vega-api";

/// What an access token says (RFC 7519 names; `sid` as in OpenID Connect).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    exp: i64,
}

/// Who presented a valid access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    /// The user.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// For how long the token is still good.
    pub time_left: Duration,
}

/// Issues and checks access tokens.
pub struct TokenSigner {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner")
    }
}

fn invalid() -> Error {
    Error::of(ErrorCode::InvalidToken)
}

impl TokenSigner {
    /// Signs with `secret` (`VEGA_AUTH_SECRET`).
    pub fn new(secret: &[u8]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }

    /// An access token for a session, valid from `now` for [`ACCESS_LIFETIME`].
    pub fn issue(&self, user: UserId, session: SessionId, now: Timestamp) -> Result<String> {
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: user.to_string(),
            sid: session.to_string(),
            iat: now.millis() / 1000,
            exp: now.after(ACCESS_LIFETIME).millis() / 1000,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|error| Error::internal("signing an access token failed", error))
    }

    /// Checks signature, algorithm, issuer, audience and expiry. Every failure is the same
    /// `invalid_token`, so that nothing can be learned from it.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Presented> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Expiry is judged below by the clock this process was given.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|error| invalid().caused_by(error))?
            .claims;
        let seconds = claims.exp - now.millis() / 1000;
        let seconds = u64::try_from(seconds).ok().filter(|left| *left > 0);
        let seconds = seconds.ok_or_else(invalid)?;
        Ok(Presented {
            user_id: claims.sub.parse().map_err(|_| invalid())?,
            session_id: claims.sid.parse().map_err(|_| invalid())?,
            time_left: Duration::from_secs(seconds),
        })
    }
}

/// A new refresh token of a session, and the hash to keep.
pub fn new_refresh_token(session: SessionId) -> (String, String) {
    let token = format!("{session}.{}", random_text());
    let hash = sha256_hex(&token);
    (token, hash)
}

/// The session a refresh token names, and the hash to compare; `invalid_token` when malformed.
pub fn parse_refresh_token(token: &str) -> Result<(SessionId, String)> {
    let (session, _) = token.split_once('.').ok_or_else(invalid)?;
    let session = session.parse().map_err(|_| invalid())?;
    Ok((session, sha256_hex(token)))
}
