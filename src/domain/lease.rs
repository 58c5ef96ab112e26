//! Leases and fencing: how exactly one process works on a thing, and how one that lost it is kept
//! from writing.
//!
//! A lease ends by the **store's** clock, never the caller's. Every claim and every adoption raises
//! the fencing number; a write that carries an older number is refused (`conflict`, detail
//! `reason: lease_lost`).

use super::{ids::WorkerId, time::Timestamp};
use crate::error::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

/// Who holds a thing, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The process that holds it.
    pub owner: WorkerId,
    /// When it ends, by the store's clock.
    pub expires_at: Timestamp,
}

/// The proof a holder shows with every write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// Which attempt of the work this is, from 1.
    pub attempt: u32,
    /// The fencing number this holder was given.
    pub number: u64,
}

/// The refusal a holder meets who is not the holder any more.
pub fn lease_lost(what: &str, id: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorCode::Conflict,
        format!("The lease on {what} {id} is held by another process"),
    )
    .with_detail("reason", "lease_lost")
}

/// Whether `error` says that the lease was lost.
pub fn is_lease_lost(error: &Error) -> bool {
    error.code() == ErrorCode::Conflict
        && error
            .details()
            .get("reason")
            .and_then(|reason| reason.as_str())
            == Some("lease_lost")
}
