//! `vega maintenance mint-token`: a credential for the LLM proxy, to try things by hand.

use super::{print, print_json};
use crate::{
    auth::scan_tokens::ScanTokenSigner, context::AppContext, domain::ids::ScanId, error::Result,
    services::scan_tokens, settings::ScanTokenSettings,
};
use clap::Args;
use serde_json::json;
use std::{process::ExitCode, time::Duration};

/// For which scan, and for how long.
#[derive(Debug, Clone, Args)]
pub struct MintTokenArgs {
    /// The scan; it must exist and not have ended.
    #[arg(long, value_name = "ID")]
    scan_id: ScanId,
    /// The attempt; the current one by default, the next one of a queued scan.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    attempt: Option<u32>,
    /// How long it is valid; VEGA_LLM_PROXY_TOKEN_TTL_SECONDS by default.
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=ScanTokenSettings::LONGEST.as_secs())
    )]
    ttl_seconds: Option<u64>,
    /// Print it as JSON, with what it says.
    #[arg(long)]
    json: bool,
}

/// Prints a token and nothing else.
pub async fn mint(
    app: &AppContext,
    settings: &ScanTokenSettings,
    args: MintTokenArgs,
) -> Result<ExitCode> {
    let signer = ScanTokenSigner::new(settings.secret.expose().as_bytes());
    let lifetime = args
        .ttl_seconds
        .map_or(settings.lifetime, Duration::from_secs);
    let minted =
        scan_tokens::mint_by_hand(app, &signer, args.scan_id, args.attempt, lifetime).await?;
    if args.json {
        return print_json(&json!({
            "token": minted.token,
            "scan_id": minted.scan_id,
            "attempt": minted.attempt,
            "expires_at": minted.expires_at,
        }));
    }
    print(&(minted.token + "\n"))
}
