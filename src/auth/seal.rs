//! Sealing small secrets (git tokens) at rest: XChaCha20-Poly1305, bound to what they belong to.

use crate::{
    clock::random_bytes,
    domain::repository::SealedSecret,
    error::{Error, ErrorCode, Result},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};

const NONCE_BYTES: usize = 24;

/// A named sealing key; the name is stored beside what it sealed, so that keys can be rotated.
pub struct SealingKey {
    id: String,
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingKey({})", self.id)
    }
}

impl SealingKey {
    /// A key from 32 bytes.
    pub fn new(id: impl Into<String>, key: &[u8; 32]) -> Self {
        Self {
            id: id.into(),
            cipher: XChaCha20Poly1305::new(key.into()),
        }
    }

    /// Reads `VEGA_SECRETS_KEY`: 32 bytes in base64, optionally with a name (`2026-11:…`).
    pub fn parse(text: &str) -> Result<Self> {
        let (id, key) = text.split_once(':').unwrap_or(("default", text));
        let key: [u8; 32] = STANDARD
            .decode(key)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| Error::field("VEGA_SECRETS_KEY", "must be 32 bytes in base64"))?;
        Ok(Self::new(id, &key))
    }

    /// Seals `plain` for `owner`: it opens only with the same owner.
    pub fn seal(&self, plain: &str, owner: &str) -> Result<SealedSecret> {
        let nonce = random_bytes::<NONCE_BYTES>();
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: owner.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt((&nonce).into(), payload)
            .map_err(|_| Error::new(ErrorCode::InternalError, "sealing failed"))?;
        Ok(SealedSecret {
            key_id: self.id.clone(),
            ciphertext: STANDARD.encode([nonce.as_slice(), &sealed].concat()),
        })
    }

    /// Opens what was sealed for `owner` with this key.
    pub fn open(&self, sealed: &SealedSecret, owner: &str) -> Result<String> {
        let cannot = || {
            Error::new(
                ErrorCode::InternalError,
                format!(
                    "a secret sealed with key '{}' cannot be opened with key '{}'",
                    sealed.key_id, self.id
                ),
            )
        };
        let bytes = STANDARD.decode(&sealed.ciphertext).map_err(|_| cannot())?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(cannot)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| cannot())?;
        let payload = Payload {
            msg: ciphertext,
            aad: owner.as_bytes(),
        };
        let plain = self
            .cipher
            .decrypt((&nonce).into(), payload)
            .map_err(|_| cannot())?;
        String::from_utf8(plain).map_err(|_| cannot())
    }
}
