//! `vega runner --source`: a scan without server, store or configuration, for terminals and CI.
//!
//! The source is hostile until proven otherwise: no `.env`, no `v16/`, nothing of the working
//! directory is read; overrides come by flag or real environment only.

use super::{Format, RunnerArgs};
use crate::{
    engine::{
        self, Checkpoints, EngineEvent, EngineSettings, EventSink, LogLevel, ScanOutcome, report,
    },
    error::{Error, ErrorCode, Result},
    settings::{Env, LimitSettings, Reader, Role},
    shutdown::{Tasks, blocking},
    telemetry::{self, LogStream},
    workspace::{self, SourceLimits},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Scans the source and prints the result.
pub(super) async fn run(args: RunnerArgs) -> Result<ExitCode> {
    let env = Env::from_process();
    telemetry::init(&env, Role::Runner, LogStream::Stderr);
    let tasks = Tasks::new();
    tasks.listen_to_signals()?;
    let token = tasks.token();
    let fail_on = args.fail_on;
    let (outcome, rendered) = blocking(move || {
        let limits = read_limits(&env)?;
        engine::check_auditors(&args.auditors)?;
        let bar = progress_bar(&args);
        bar.set_message("getting the source");
        let source = open_source(&args, &limits, &token)?;
        let outcome = scan(&args, &source, &bar, &token)?;
        bar.finish_and_clear();
        let rendered = render(&args, &outcome)?;
        write_result(&args, &rendered)?;
        Ok((outcome, rendered.len()))
    })
    .await?;
    tracing::debug!(bytes = rendered, "result written");
    if outcome.cancelled {
        return Err(Error::new(
            ErrorCode::Timeout,
            "interrupted; the result is partial",
        ));
    }
    let worst = outcome
        .report
        .findings
        .iter()
        .filter(|finding| !finding.content.lead)
        .any(|finding| finding.content.severity.at_least(fail_on));
    Ok(ExitCode::from(u8::from(worst)))
}

fn read_limits(env: &Env) -> Result<LimitSettings> {
    let mut reader = Reader::new(env);
    let limits = LimitSettings::read(&mut reader);
    if reader.problems.is_empty() {
        Ok(limits)
    } else {
        Err(Error::validation(reader.problems))
    }
}

/// A tree to scan; a fetched one disappears with it.
struct OpenSource {
    root: PathBuf,
    _folder: Option<TempDir>,
}

fn open_source(
    args: &RunnerArgs,
    settings: &LimitSettings,
    token: &CancellationToken,
) -> Result<OpenSource> {
    let name = args.source.as_deref().unwrap_or_default();
    let path = Path::new(name);
    let limits = crate::services::ingest::source_limits(settings);
    if path.is_dir() {
        return Ok(OpenSource {
            root: path.to_owned(),
            _folder: None,
        });
    }
    if path.is_file() {
        return unpack(path, &limits, token);
    }
    if name.contains("://") {
        return clone(args, name, settings, limits, token);
    }
    Err(Error::field(
        "--source",
        format!("'{name}' is neither a directory, nor an archive, nor a git URL"),
    ))
}

fn folder() -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("vega-")
        .tempdir()
        .map_err(|error| {
            Error::new(
                ErrorCode::DependencyUnavailable,
                "no temporary folder can be made",
            )
            .caused_by(error)
        })
}

fn unpack(path: &Path, limits: &SourceLimits, token: &CancellationToken) -> Result<OpenSource> {
    let folder = folder()?;
    let root = folder.path().join("tree");
    workspace::archive::unpack(path, &root, limits, token)?;
    Ok(OpenSource {
        root,
        _folder: Some(folder),
    })
}

fn clone(
    args: &RunnerArgs,
    url: &str,
    settings: &LimitSettings,
    limits: SourceLimits,
    token: &CancellationToken,
) -> Result<OpenSource> {
    workspace::git::validate(url, args.git_ref.as_deref())?;
    let source = workspace::git::GitSource {
        url: url.to_owned(),
        reference: args.git_ref.clone(),
        token: None,
    };
    let git = workspace::git::GitSettings {
        allow_private_hosts: settings.git_allow_private_hosts.clone(),
        timeout: settings.git_timeout,
        limits,
    };
    let folder = folder()?;
    let root = folder.path().join("tree");
    workspace::git::fetch(&source, &root, &git, token)?;
    Ok(OpenSource {
        root,
        _folder: Some(folder),
    })
}

fn scan(
    args: &RunnerArgs,
    source: &OpenSource,
    bar: &ProgressBar,
    token: &CancellationToken,
) -> Result<ScanOutcome> {
    let profile = engine::generate_threat_profile(&source.root)?;
    let settings = EngineSettings {
        paths: args.paths.clone(),
        auditors: args.auditors.clone(),
        threads: 0,
        overrides: None,
    };
    let sink = BarSink(bar.clone());
    engine::scan_source(
        &source.root,
        Some(&profile),
        &sink,
        token,
        &NoCheckpoints,
        &settings,
    )
}

fn render(args: &RunnerArgs, outcome: &ScanOutcome) -> Result<Vec<u8>> {
    Ok(match args.format {
        Format::Json => report::to_json(&outcome.report)?,
        Format::Sarif => {
            let sarif = report::to_sarif(&outcome.report, &report::SarifContext::default());
            let mut bytes = serde_json::to_vec_pretty(&sarif)
                .map_err(|error| Error::internal("the SARIF report cannot be written", error))?;
            bytes.push(b'\n');
            bytes
        }
        Format::Text => {
            let terminal = args.output.is_none() && std::io::stdout().is_terminal();
            let color = if terminal {
                report::Color::Always
            } else {
                report::Color::Never
            };
            report::to_text(&outcome.report, color).into_bytes()
        }
    })
}

fn write_result(args: &RunnerArgs, bytes: &[u8]) -> Result<()> {
    match &args.output {
        Some(path) => std::fs::write(path, bytes).map_err(|error| {
            Error::new(
                ErrorCode::DependencyUnavailable,
                format!("the result cannot be written to {}", path.display()),
            )
            .caused_by(error)
        }),
        None => match std::io::stdout().lock().write_all(bytes) {
            // `vega runner … | head` is no fault.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            result => result.map_err(|error| {
                Error::internal("the result cannot be written to standard output", error)
            }),
        },
    }
}

fn progress_bar(args: &RunnerArgs) -> ProgressBar {
    let target = if args.quiet || !std::io::stderr().is_terminal() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let bar = ProgressBar::with_draw_target(Some(100), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}% {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

/// Shows progress, and tells warnings.
struct BarSink(ProgressBar);

impl EventSink for BarSink {
    fn emit(&self, event: EngineEvent) {
        match event {
            EngineEvent::Progress {
                progress, message, ..
            } => {
                self.0.set_position(u64::from(progress));
                self.0.set_message(message);
            }
            EngineEvent::Log { level, message } => match level {
                LogLevel::Info => tracing::debug!("{message}"),
                LogLevel::Warn => self.0.suspend(|| tracing::warn!("{message}")),
                LogLevel::Error => self.0.suspend(|| tracing::error!("{message}")),
            },
            EngineEvent::ComponentFinished { .. } => {}
        }
    }
}

/// A scan in a terminal starts from nothing.
struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn load(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn save(&self, _: &str, _: &[u8]) -> Result<()> {
        Ok(())
    }
}
