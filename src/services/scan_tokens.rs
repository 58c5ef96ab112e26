//! Tokens for the LLM proxy, minted for an attempt of a scan.

use super::audit;
use crate::{
    auth::scan_tokens::ScanTokenSigner,
    context::AppContext,
    domain::{
        audit::{AuditAction, AuditActor},
        ids::ScanId,
        retention::RunMode,
        scan::ScanStatus,
        time::Timestamp,
    },
    error::{Error, Result},
};
use std::time::Duration;

/// A token and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MintedToken {
    /// The token.
    pub token: String,
    /// The scan it speaks for.
    pub scan_id: ScanId,
    /// The attempt it speaks for.
    pub attempt: u32,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Mints a token by hand: for the current attempt of a scan, or the next one of a queued scan,
/// unless another is named. An audit entry tells of it. In a
/// dry run there is none, and the token is to be thrown away.
///
/// # Errors
/// `not_found` for an unknown scan; `conflict` when the scan is final, was called off, or when its
/// attempt has passed.
pub async fn mint_by_hand(
    app: &AppContext,
    signer: &ScanTokenSigner,
    scan_id: ScanId,
    attempt: Option<u32>,
    (lifetime, mode): (Duration, RunMode),
) -> Result<MintedToken> {
    let scan = app.store.scan(scan_id).await?;
    if scan.status.is_final() || scan.cancel_requested_at.is_some() {
        let state = if scan.status.is_final() {
            scan.status.as_str()
        } else {
            "being cancelled"
        };
        return Err(Error::conflict(format!(
            "{scan_id} is {state}: the proxy would refuse the token"
        )));
    }
    // A claim raises the attempt: what is queued is spoken for by the next one.
    let current = match scan.status {
        ScanStatus::Queued => scan.attempt + 1,
        _ => scan.attempt,
    };
    let attempt = attempt.unwrap_or(current);
    if attempt < current || attempt > current + 1 {
        return Err(Error::conflict(format!(
            "attempt {attempt} of {scan_id} is not one that may ask: the current one is {current}"
        )));
    }
    let now = app.clock.now();
    let token = signer.mint(scan_id, attempt, now, lifetime)?;
    let entry = audit::draft(AuditActor::Cli, AuditAction::ScanTokenMinted, scan_id);
    if mode == RunMode::Apply {
        app.store.note_audit(entry).await?;
    }
    Ok(MintedToken {
        token,
        scan_id,
        attempt,
        expires_at: now.after(lifetime),
    })
}
