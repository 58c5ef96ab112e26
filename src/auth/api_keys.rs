//! API keys: `vega_` and 256 random bits, kept as SHA-256.

use super::{random_text, sha256_hex};

/// What every API key begins with.
pub const PREFIX: &str = "vega_";

/// A new key: the secret to show once, and what is kept of it.
#[derive(Debug)]
pub struct NewApiKey {
    /// Shown once, never stored.
    pub secret: String,
    /// The first characters, to recognise it by.
    pub prefix: String,
    /// SHA-256 (hex) of the secret.
    pub hash: String,
}

/// Makes a new key.
pub fn generate() -> NewApiKey {
    let secret = format!("{PREFIX}{}", random_text());
    NewApiKey {
        prefix: secret.chars().take(PREFIX.len() + 6).collect(),
        hash: sha256_hex(&secret),
        secret,
    }
}
