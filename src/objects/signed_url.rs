//! Signed URLs of the local object store: whoever holds one may read, or store, one object for a
//! while.
//!
//! The signature is HMAC-SHA256 over a domain tag, the method, the key and the expiry, so it
//! fits neither another object nor another purpose of the same key. Comparison is constant-time.
//! This module knows no HTTP and takes the time from the caller's clock.

use crate::{
    clock::SharedClock,
    domain::{object_key::ObjectKey, time::Timestamp},
    error::{Error, ErrorCode, Result},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::Duration;

/// What a URL is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Put,
}

/// Makes and checks the URLs of the local object store.
#[derive(Clone)]
pub struct UrlSigner {
    key: [u8; 32],
    clock: SharedClock,
}

impl UrlSigner {
    /// A signer with a secret of 32 random bytes.
    pub fn new(key: [u8; 32], clock: SharedClock) -> Self {
        Self { key, clock }
    }

    /// `/objects/<key>?expires=<unix seconds>&signature=<hex>`, relative to the API prefix.
    pub fn sign(&self, key: &ObjectKey, expires_at: Timestamp) -> String {
        self.signed(Method::Get, key, expires_at)
    }

    fn signed(&self, method: Method, key: &ObjectKey, expires_at: Timestamp) -> String {
        let expires = expires_at.millis().div_euclid(1000);
        let signature = hex::encode(self.mac(method, key, expires).finalize().into_bytes());
        format!("/objects/{key}?expires={expires}&signature={signature}")
    }

    /// A URL for storing `key`, valid for `lifetime` from now on.
    pub fn sign_put_for(&self, key: &ObjectKey, lifetime: Duration) -> String {
        self.signed(Method::Put, key, self.clock.now().after(lifetime))
    }

    /// As [`UrlSigner::sign`], valid for `lifetime` from now on.
    pub fn sign_for(&self, key: &ObjectKey, lifetime: Duration) -> String {
        self.sign(key, self.clock.now().after(lifetime))
    }

    /// Checks a URL's parts for reading `key` at `now`.
    ///
    /// # Errors
    /// `invalid_token` when the signature does not fit or the URL has expired.
    pub fn verify(
        &self,
        key: &ObjectKey,
        expires: i64,
        signature: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.verify_for(Method::Get, key, expires, signature, now)
    }

    /// As [`Self::verify`], for storing `key`.
    ///
    /// # Errors
    /// `invalid_token` when the signature does not fit or the URL has expired.
    pub fn verify_put(
        &self,
        key: &ObjectKey,
        expires: i64,
        signature: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.verify_for(Method::Put, key, expires, signature, now)
    }

    fn verify_for(
        &self,
        method: Method,
        key: &ObjectKey,
        expires: i64,
        signature: &str,
        now: Timestamp,
    ) -> Result<()> {
        let refused = |message: &str| Err(Error::new(ErrorCode::InvalidToken, message));
        let Ok(signature) = hex::decode(signature) else {
            return refused("The signature of this URL is not valid.");
        };
        if self
            .mac(method, key, expires)
            .verify_slice(&signature)
            .is_err()
        {
            return refused("The signature of this URL is not valid.");
        }
        if now.millis() >= expires.saturating_mul(1000) {
            return refused("This URL has expired; ask for a new one.");
        }
        Ok(())
    }

    fn mac(&self, method: Method, key: &ObjectKey, expires: i64) -> Hmac<Sha256> {
        // A fixed 32-byte key is below the block size, so it is used as it is.
        let mut block = [0_u8; 64];
        block[..32].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(match method {
            Method::Get => b"vega-object-url-v1\0GET\0",
            Method::Put => b"vega-object-url-v1\0PUT\0",
        });
        mac.update(key.as_str().as_bytes());
        mac.update(b"\0");
        mac.update(&expires.to_be_bytes());
        mac
    }
}
