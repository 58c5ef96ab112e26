//! `vega runner --source`: a scan without server, store or configuration, for terminals and CI.
//!
//! The source is hostile until proven otherwise: no `.env`, no `v16/`, nothing of the working
//! directory is read; overrides come by flag or real environment only.

use super::{Format, RunnerArgs};
use crate::{
    clock::{Clock, SystemClock},
    engine::{
        self, Checkpoints, EngineEvent, EngineSettings, EventSink, IgnoreFile, LogLevel,
        ScanOutcome, TreeNotes, report,
    },
    error::{Error, ErrorCode, Result},
    settings::{Env, LimitSettings, Reader, Role},
    shutdown::{Tasks, blocking},
    telemetry::{self, LogStream},
    workspace::{self, SourceLimits},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{IsTerminal, Read, Write},
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
    let (fail_on, fail_on_gaps) = (args.fail_on, args.fail_on_gaps);
    let (outcome, rendered) = blocking(move || {
        let limits = read_limits(&env)?;
        engine::check_auditors(&args.auditors)?;
        let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
        let bar = progress_bar(&args);
        bar.set_message("getting the source");
        let source = open_source(&args, &limits, &token)?;
        let mut outcome = scan(&args, &source, &bar, &token)?;
        if let Some(baseline) = &baseline {
            report::compare(&mut outcome.report, baseline);
        }
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
    let report = &outcome.report;
    let worst = report
        .shown()
        .filter(|finding| report.is_existing(finding) != Some(true))
        .any(|finding| finding.content.severity.at_least(fail_on));
    let gaps = fail_on_gaps && report.has_gaps();
    Ok(ExitCode::from(u8::from(worst || gaps)))
}

/// A larger report is refused (bytes).
const MAX_BASELINE: u64 = 256 * 1_048_576;

fn read_baseline(path: &Path) -> Result<report::Baseline> {
    let refuse = |text: String| Error::field("--baseline", text);
    let unreadable = |error: std::io::Error| {
        refuse(format!("{} cannot be read", path.display())).caused_by(error)
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_BASELINE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BASELINE {
        return Err(refuse(format!("{} is larger than 256 MiB", path.display())));
    }
    report::Baseline::parse(&bytes)
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
        return unpack(path, &limits, token).map_err(|error| not_an_archive(error, path));
    }
    if name.contains("://") {
        return clone(args, name, settings, limits, token);
    }
    Err(Error::field(
        "--source",
        format!("'{name}' is neither a directory, nor an archive, nor a git URL"),
    ))
}

/// What to do about a file that is no archive at all.
fn not_an_archive(error: Error, path: &Path) -> Error {
    let unknown = workspace::Reason::UnknownFormat.as_str();
    if error.details().get("reason").and_then(|it| it.as_str()) != Some(unknown) {
        return error;
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default();
    let message = format!(
        "'{}' is not an archive; to scan one file, name its folder: --source {} --path {}",
        path.display(),
        folder.display(),
        Path::new(name).display(),
    );
    Error::field("--source", message)
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
        notes: notes_of(args),
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

/// What the source may say about its own audit: both ways can be closed by a flag.
fn notes_of(args: &RunnerArgs) -> TreeNotes {
    TreeNotes {
        ignore_file: if args.no_vegaignore {
            IgnoreFile::Disregarded
        } else {
            IgnoreFile::Obeyed
        },
        suppressions_on: (!args.no_suppressions).then(|| SystemClock.now().day()),
    }
}

fn render(args: &RunnerArgs, outcome: &ScanOutcome) -> Result<Vec<u8>> {
    Ok(match args.format {
        Format::Json => report::to_json(&outcome.report)?,
        Format::Sarif => {
            let context = report::SarifContext::default();
            document(&report::to_sarif(&outcome.report, &context))?
        }
        Format::Cyclonedx => document(&engine::packages::cyclonedx::to_cyclonedx(
            &outcome.packages,
        ))?,
        Format::Markdown => report::to_markdown(&outcome.report).into_bytes(),
        Format::Html => report::to_html(&outcome.report).into_bytes(),
        Format::Csv => report::to_csv(&outcome.report).into_bytes(),
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

fn document(value: &serde_json::Value) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Error::internal("the result cannot be written as JSON", error))?;
    bytes.push(b'\n');
    Ok(bytes)
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
