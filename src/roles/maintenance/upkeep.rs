//! `vega maintenance cleanup` and `recover`: what servers do by themselves, at once and by hand.
//! Both may be repeated, and run beside servers of the same data.

use super::{print, print_json};
use crate::{
    api::dto::{
        ops::{CleanupDto, RecoveryDto},
        scans::ScanDto,
    },
    context::AppContext,
    domain::{audit::AuditActor, retention::RunMode},
    error::Result,
    services::{cleanup, ops},
    settings::MaintenanceSettings,
};
use clap::Args;
use std::process::ExitCode;

/// How to run, and how to tell.
#[derive(Debug, Clone, Copy, Args)]
pub struct UpkeepArgs {
    /// Change nothing; tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Tell it as JSON.
    #[arg(long)]
    json: bool,
}

/// Removes what retention lets go, and files that nothing refers to.
pub async fn clean_up(
    app: &AppContext,
    settings: &MaintenanceSettings,
    args: UpkeepArgs,
) -> Result<ExitCode> {
    let mode = RunMode::from_dry_run(args.dry_run);
    let done = cleanup::run(app, &settings.retention.policy, mode, AuditActor::Cli).await?;
    let done = CleanupDto::new(done, args.dry_run);
    if args.json {
        return print_json(&done);
    }
    let verb = if args.dry_run {
        "would remove"
    } else {
        "removed"
    };
    print(&format!(
        "{verb} the files of {} scans, {} snapshots, {} sessions, {} jobs, {} git uploads, \
         {} webhook deliveries, \
         {} idempotency keys, {} forgotten files ({} bytes)\n",
        done.artifacts_of_scans.len(),
        done.snapshots.len(),
        done.sessions,
        done.jobs,
        done.git_uploads,
        done.deliveries,
        done.idempotency_keys,
        done.orphaned_objects.len(),
        done.orphaned_bytes
    ))
}

/// Recovers scans without a living owner.
pub async fn recover(
    app: &AppContext,
    settings: &MaintenanceSettings,
    args: UpkeepArgs,
) -> Result<ExitCode> {
    let mode = RunMode::from_dry_run(args.dry_run);
    let scans = ops::recover(app, settings.scans.recovery, mode, AuditActor::Cli).await?;
    if args.json {
        return print_json(&RecoveryDto {
            dry_run: args.dry_run,
            scans: scans.into_iter().map(ScanDto::from).collect(),
        });
    }
    let verb = if args.dry_run { "would be" } else { "is" };
    let mut text = format!("{} scans without a living owner\n", scans.len());
    for scan in scans {
        text.push_str(&format!("{} {verb} {}\n", scan.id, scan.status));
    }
    print(&text)
}
