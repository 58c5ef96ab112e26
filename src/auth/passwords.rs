//! Passwords: argon2id with the parameters OWASP recommends (19 MiB, 2 passes, 1 lane), stored in
//! PHC string format.
//!
//! Hashing takes tens of milliseconds of CPU on purpose: call it on a blocking thread.

use crate::error::{Error, ErrorCode, Result};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier},
};
use std::sync::OnceLock;

/// Shortest password accepted for a local user (NIST SP 800-63B-4 for passwords used alone asks 15;
/// 12 is the floor for accounts of a tool that runs behind a firewall or beside a second factor).
pub const MIN_LENGTH: usize = 12;

/// Hashes a password with a fresh salt.
pub fn hash(password: &str) -> Result<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::new(ErrorCode::InternalError, format!("password hash: {error}")))
}

/// Whether `password` is the one behind `stored`. Without a stored hash the same work is done, so
/// that the time taken does not tell whether a user exists.
pub fn verify(password: &str, stored: Option<&str>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let reference =
        stored.unwrap_or_else(|| NOBODY.get_or_init(|| hash("nobody").unwrap_or_default()));
    let matches = Argon2::default()
        .verify_password(password.as_bytes(), reference)
        .is_ok();
    matches && stored.is_some()
}

/// Checks a password chosen for a local user.
pub fn check_strength(password: &str) -> Result<()> {
    if password.chars().count() < MIN_LENGTH {
        return Err(Error::field(
            "password",
            format!("must have at least {MIN_LENGTH} characters"),
        ));
    }
    Ok(())
}
