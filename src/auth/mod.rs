//! Credentials: pure cryptography over values given by the caller.
//!
//! No store, no settings, no HTTP: who exists and what is revoked is looked up in
//! `services/accounts`. Every comparison of secrets takes constant time.

pub mod api_keys;
pub mod passwords;
pub mod scan_tokens;
pub mod seal;
pub mod tokens;
pub mod webhook_secrets;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// SHA-256 in hex. For secrets with at least 128 random bits only, never for passwords.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// 256 random bits as text that fits into URLs and shells.
pub(crate) fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(crate::clock::random_bytes::<32>())
}

/// A new password of a git upload: 256 random bits. Shown once, kept as [`sha256_hex`].
pub fn new_upload_password() -> String {
    random_text()
}

#[cfg(test)]
mod tests;
