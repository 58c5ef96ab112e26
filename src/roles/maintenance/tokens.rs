//! `vega maintenance mint-token`: a credential for the LLM proxy, to try things by hand.

use super::{parse_id, print, print_json};
use crate::{
    auth::scan_tokens::ScanTokenSigner,
    context::AppContext,
    domain::{
        ids::{ScanId, ScanKind},
        retention::RunMode,
    },
    error::Result,
    services::scan_tokens,
    settings::ScanTokenSettings,
};
use clap::Args;
use serde_json::json;
use std::{process::ExitCode, time::Duration};

/// For which scan, and for how long.
#[derive(Debug, Clone, Args)]
pub struct MintTokenArgs {
    /// The scan; it must exist and not have ended.
    #[arg(long, value_name = "ID", value_parser = parse_id::<ScanKind>)]
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
    /// Mint nothing; check, and tell for which attempt and until when it would be.
    #[arg(long)]
    dry_run: bool,
    /// Print it as JSON, with what it says.
    #[arg(long)]
    json: bool,
}

/// Prints a token and nothing else; in a dry run what it would say.
pub async fn mint(
    app: &AppContext,
    settings: &ScanTokenSettings,
    args: MintTokenArgs,
) -> Result<ExitCode> {
    let signer = ScanTokenSigner::new(settings.secret.expose().as_bytes());
    let lifetime = args
        .ttl_seconds
        .map_or(settings.lifetime, Duration::from_secs);
    let mode = RunMode::from_dry_run(args.dry_run);
    let minted =
        scan_tokens::mint_by_hand(app, &signer, args.scan_id, args.attempt, (lifetime, mode))
            .await?;
    let token = (!args.dry_run).then_some(minted.token);
    if args.json {
        return print_json(&json!({
            "dry_run": args.dry_run,
            "token": token,
            "scan_id": minted.scan_id,
            "attempt": minted.attempt,
            "expires_at": minted.expires_at,
        }));
    }
    print(&match token {
        Some(token) => token + "\n",
        None => format!(
            "would be for attempt {} of {}, until {}\n",
            minted.attempt, minted.scan_id, minted.expires_at
        ),
    })
}
