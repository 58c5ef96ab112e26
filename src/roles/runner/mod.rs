//! `vega runner`: one scan and out. Of a queued scan (`--scan-id`), or of a source anyone names
//! (`--source`), without any server.

mod cache;
mod source;

use crate::{
    cli::{DataArgs, EXIT_ERROR, server_env},
    context::build,
    domain::{finding::Severity, ids::ScanId, lease::Fence, scan::ScanStatus},
    error::{Error, Result},
    services::runner::{self, RunEnd, RunnerOptions, RunnerOrder},
    settings::{Env, Role, RunnerSettings},
    shutdown::Tasks,
    telemetry::{self, LogStream},
};
use clap::{Args, ValueEnum};
use std::{io::Read, path::PathBuf, process::ExitCode, time::Duration};
use tracing::Instrument;

/// What to scan, and how to tell the result.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["source", "scan_id"]))]
pub struct RunnerArgs {
    /// A directory, an archive (zip, tar, tar.gz, tar.zst, tar.xz) or a git URL (https). Nothing in it is trusted:
    /// no settings are read from it or from the working directory.
    #[arg(long, value_name = "DIR|ARCHIVE|GIT_URL")]
    source: Option<String>,
    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "source")]
    format: Format,
    /// Write the result to this file instead of standard output (`-`).
    #[arg(long, value_name = "FILE", requires = "source")]
    output: Option<PathBuf>,
    /// Exit with 1 when there is a finding of this severity or worse (critical, high, medium, low,
    /// info).
    #[arg(long, value_name = "SEVERITY", default_value = "high", value_parser = parse_severity, requires = "source")]
    fail_on: Severity,
    /// List leads too, apart from findings: places worth a look, with hints too weak for a finding.
    /// They never count for the exit code. JSON and CSV list them anyway.
    #[arg(long, requires = "source")]
    include_leads: bool,
    /// Exit with 1 when something that should have been looked at was not, and name it: files that
    /// failed, cannot be read, are out of budget, or are source larger than 1 MiB or no text.
    #[arg(long, requires = "source")]
    fail_on_gaps: bool,
    /// An earlier report of Vega (JSON or SARIF): only findings that it does not have count for the
    /// exit code, the others are marked as existing.
    #[arg(long, value_name = "FILE", requires = "source")]
    baseline: Option<PathBuf>,
    /// Keep in this file what the scan worked out, and take over from it what did not change since
    /// the last one: the result is the same, sooner. One file per source, outside of it; it holds
    /// texts of the source. In CI, save and restore it between runs that may write the result: who can
    /// change the file decides what is found.
    #[arg(long, value_name = "FILE", requires = "source")]
    cache: Option<PathBuf>,
    /// Audit also what the source's `.vegaignore` names.
    #[arg(long, requires = "source")]
    no_vegaignore: bool,
    /// Report also what `vega:ignore` comments in the source pass over.
    #[arg(long, requires = "source")]
    no_suppressions: bool,
    /// Look only at files that match (gitignore-style, relative to the source, may be repeated). One
    /// that matches no file is an error.
    #[arg(long = "path", value_name = "PATTERN", requires = "source")]
    paths: Vec<String>,
    /// The auditors to use (may be repeated); by default every one that can run.
    #[arg(long = "auditor", value_name = "NAME", requires = "source")]
    auditors: Vec<String>,
    /// Branch, tag or commit, for a git URL.
    #[arg(long, value_name = "REF", requires = "source")]
    git_ref: Option<String>,
    /// No progress bar.
    #[arg(long, requires = "source")]
    quiet: bool,

    /// A scan queued in the store.
    #[arg(long, value_name = "SCAN_ID")]
    scan_id: Option<String>,
    /// The launcher's attempt.
    #[arg(long, hide = true, requires = "fencing")]
    attempt: Option<u32>,
    /// The launcher's fencing number.
    #[arg(long, hide = true, requires = "attempt")]
    fencing: Option<u64>,
    /// Started by another Vega process: its environment is complete, and it lives as long as
    /// standard input stays open.
    #[arg(long, hide = true)]
    launched: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// The form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// The full report.
    Json,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
    /// For job summaries and merge requests.
    Markdown,
    /// One page that needs nothing else.
    Html,
    /// A table, one line per finding.
    Csv,
    /// The packages the source uses, as a CycloneDX 1.6 bill of materials; no findings.
    Cyclonedx,
}

fn parse_severity(text: &str) -> std::result::Result<Severity, String> {
    Severity::parse(&text.to_ascii_lowercase()).ok_or_else(|| {
        let words: Vec<_> = Severity::ALL
            .iter()
            .map(|severity| severity.as_str())
            .collect();
        format!("must be one of {}", words.join(", "))
    })
}

/// Runs one scan.
pub async fn run(args: RunnerArgs) -> Result<ExitCode> {
    match (&args.source, &args.scan_id) {
        (Some(_), _) => source::run(args).await,
        (None, Some(id)) => {
            let id = id
                .parse()
                .map_err(|_| Error::field("--scan-id", "must be an id like scan_…"))?;
            run_queued(&args, id).await
        }
        (None, None) => Err(Error::field("--source", "is required, or --scan-id")),
    }
}

async fn run_queued(args: &RunnerArgs, id: ScanId) -> Result<ExitCode> {
    let mut env = if args.launched {
        Env::from_process()
    } else {
        server_env()?
    };
    args.data.apply(&mut env);
    telemetry::init(&env, Role::Runner, LogStream::Stdout);
    let settings = RunnerSettings::load(&env)?;
    let tasks = Tasks::new();
    tasks.listen_to_signals()?;
    if args.launched {
        end_with_parent(&tasks, settings.app.shutdown_grace);
    }
    let app = build::app(&settings.storage, tasks.clone()).await?;
    let options = RunnerOptions {
        lease: settings.lease,
        v16: settings.v16,
    };
    let claim = match (args.attempt, args.fencing) {
        (Some(attempt), Some(number)) => Some(Fence { attempt, number }),
        _ => None,
    };
    let order = RunnerOrder { scan_id: id, claim };
    let span = tracing::info_span!("scan", scan_id = %id, attempt = args.attempt);
    let end = runner::run(&app, &options, order).instrument(span).await?;
    Ok(match end {
        RunEnd::Ended(ScanStatus::Failed) => ExitCode::from(EXIT_ERROR),
        RunEnd::Ended(_) | RunEnd::HandedBack => ExitCode::SUCCESS,
        RunEnd::LeaseLost => {
            tracing::warn!(scan_id = %id, "another process has this scan; nothing was written");
            ExitCode::from(EXIT_ERROR)
        }
    })
}

/// Ends this process when standard input closes, which happens when the parent dies: in order
/// first, by force when that takes too long.
fn end_with_parent(tasks: &Tasks, grace: Duration) {
    let tasks = tasks.clone();
    // A plain thread: it blocks for as long as the process lives.
    std::thread::spawn(move || {
        let mut byte = [0];
        // Data or an error mean the same: whoever holds the other end does not behave like Vega.
        drop(std::io::stdin().lock().read(&mut byte));
        tasks.cancel();
        std::thread::sleep(grace);
        std::process::exit(i32::from(EXIT_ERROR));
    });
}
