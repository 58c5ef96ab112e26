//! `vega runner --source`: a scan without server, store or configuration, for terminals and CI.
//!
//! The source is hostile until proven otherwise: no `.env`, no `v16/`, nothing of the working
//! directory is read; overrides come by flag or real environment only.

use super::{Format, RunnerArgs, cache::CacheFile};
use crate::{
    clock::{Clock, SystemClock},
    engine::{
        self, Checkpoints, EngineEvent, EngineSettings, EventSink, IgnoreFile, LogLevel, ScanCache,
        ScanOutcome, TreeNotes, report,
    },
    error::{Error, ErrorCode, Result},
    settings::{Env, LimitSettings, Reader, Role, V16Settings},
    shutdown::{Tasks, blocking},
    telemetry::{self, LogStream},
    workspace::{self, SourceLimits},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    collections::BTreeSet,
    io::{IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
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
    let output = output_file(&args).map(Path::to_owned);
    let lists_leads = args.include_leads || matches!(args.format, Format::Json | Format::Csv);
    let (outcome, rendered) = blocking(move || {
        let limits = read_limits(&env)?;
        let overrides = V16Settings::chosen_overrides(&env)?;
        engine::check_auditors(&args.auditors)?;
        check_patterns(&args.paths)?;
        let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
        let bar = progress_bar(&args);
        bar.set_message("getting the source");
        let source = open_source(&args, &limits, &token)?;
        check_matches(&args.paths, &source.root, &token)?;
        let mut outcome = scan(&args, overrides, &source, &bar, &token)?;
        if let Some(baseline) = &baseline {
            report::compare(&mut outcome.report, baseline);
        }
        bar.finish_and_clear();
        let rendered = render(&args, &outcome, &source)?;
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
    let fresh = report
        .shown()
        .filter(|finding| report.is_existing(finding) != Some(true));
    let worst = fresh.filter(|finding| finding.content.severity.at_least(fail_on));
    let worst = worst.count() as u64;
    let gaps = match fail_on_gaps {
        true => report.gaps(),
        false => BTreeSet::new(),
    };
    if let Some(path) = output {
        tell(&format!(
            "{}; written to {}",
            report.outline(lists_leads),
            path.display()
        ));
    }
    if worst > 0 {
        tell(&format!(
            "exit 1: --fail-on {fail_on}, {}",
            report::counted(worst, "finding")
        ));
    }
    if !gaps.is_empty() {
        let files = report::counted(gaps.len() as u64, "file");
        tell(&format!(
            "exit 1: --fail-on-gaps, {files}: {}",
            named(&gaps)
        ));
    }
    Ok(ExitCode::from(u8::from(worst > 0 || !gaps.is_empty())))
}

/// Places that are named in one line.
const MAX_NAMED: usize = 20;

fn named(places: &BTreeSet<&str>) -> String {
    let named: Vec<String> = places
        .iter()
        .take(MAX_NAMED)
        .map(|place| report::printable(place))
        .collect();
    let more = places.len().saturating_sub(MAX_NAMED);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    named.join(", ") + &rest
}

/// A line for whoever started the command, beside the result.
#[expect(
    clippy::print_stderr,
    reason = "the result goes to standard output, what is said of it to standard error"
)]
fn tell(line: &str) {
    eprintln!("vega: {line}");
}

fn check_patterns(patterns: &[String]) -> Result<()> {
    for pattern in patterns {
        engine::check_pattern(pattern).map_err(|reason| {
            Error::field("--path", format!("'{pattern}' is no pattern: {reason}"))
        })?;
    }
    Ok(())
}

/// A mistyped path must not pass for a clean source.
fn check_matches(patterns: &[String], root: &Path, token: &CancellationToken) -> Result<()> {
    let idle = engine::unmatched_patterns(root, patterns, token)?;
    if idle.is_empty() {
        return Ok(());
    }
    let named = idle.join("', '");
    let message = format!("no file matches '{named}'; patterns are relative to the source");
    Err(Error::field("--path", message))
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
    report::Baseline::parse(&bytes).map_err(|reason| refuse(format!("{} {reason}", path.display())))
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
    /// The header of the report: a name, never a path of this machine.
    about: Vec<(&'static str, String)>,
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
    if args.git_ref.is_some() && (path.is_dir() || path.is_file()) {
        let message = format!("is for a git URL; {name} is scanned as it lies there");
        return Err(Error::field("--git-ref", message));
    }
    if path.is_dir() {
        return Ok(OpenSource {
            about: about(path),
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
    if let Some(address) = https_of(name) {
        let message = format!("'{name}' is an address for ssh, which is not used; try {address}");
        return Err(Error::field("--source", message));
    }
    Err(Error::field(
        "--source",
        format!("'{name}' is neither a directory, nor an archive, nor a git URL"),
    ))
}

/// What `git@host:path` is over https.
fn https_of(name: &str) -> Option<String> {
    let (user, place) = name.split_once('@')?;
    let (host, path) = place.split_once(':')?;
    let plain = |text: &str| !text.is_empty() && !text.contains(['/', ' ', '@', ':']);
    let path = path.trim_start_matches('/');
    (plain(user) && plain(host) && !path.is_empty()).then(|| format!("https://{host}/{path}"))
}

/// What to do about a file that is no archive at all.
fn not_an_archive(error: Error, path: &Path) -> Error {
    let unknown = workspace::Reason::UnknownFormat.as_str();
    if error.details().get("reason").and_then(|it| it.as_str()) != Some(unknown) {
        return error;
    }
    if is_archive_name(path) {
        let message = format!(
            "'{}' is named like an archive and is none: it may be cut off or damaged",
            path.display()
        );
        return Error::field("--source", message);
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

/// The folder's or archive's own name.
fn about(path: &Path) -> Vec<(&'static str, String)> {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = whole
        .file_name()
        .map(|it| it.to_string_lossy().into_owned());
    name.map(|name| ("Source", name)).into_iter().collect()
}

fn is_archive_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    let endings = [
        ".zip", ".tar", ".tgz", ".gz", ".txz", ".xz", ".tzst", ".zst",
    ];
    endings.iter().any(|ending| name.ends_with(ending))
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
        about: about(path),
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
    let checkout = workspace::git::fetch(&source, &root, &git, token)?;
    Ok(OpenSource {
        about: vec![("Source", source.url), ("Commit", checkout.commit)],
        root,
        _folder: Some(folder),
    })
}

fn scan(
    args: &RunnerArgs,
    overrides: Option<PathBuf>,
    source: &OpenSource,
    bar: &ProgressBar,
    token: &CancellationToken,
) -> Result<ScanOutcome> {
    let cache = args.cache.as_deref();
    let cache = cache.map(|path| CacheFile::new(path, &source.root, output_file(args)));
    let cache = cache.transpose()?;
    let profile = engine::generate_threat_profile(&source.root)?;
    let settings = EngineSettings {
        paths: args.paths.clone(),
        auditors: args.auditors.clone(),
        threads: 0,
        overrides,
        notes: notes_of(args),
        cache: cache.map(|cache| Arc::new(cache) as Arc<dyn ScanCache>),
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

fn render(args: &RunnerArgs, outcome: &ScanOutcome, source: &OpenSource) -> Result<Vec<u8>> {
    let context = report::ReportContext {
        about: source.about.clone(),
        include_leads: args.include_leads,
        ..report::ReportContext::default()
    };
    Ok(match args.format {
        Format::Json => report::to_json(&outcome.report)?,
        Format::Sarif => {
            let context = report::SarifContext {
                include_leads: args.include_leads,
                ..report::SarifContext::default()
            };
            document(&report::to_sarif(&outcome.report, &context))?
        }
        Format::Cyclonedx => document(&engine::packages::cyclonedx::to_cyclonedx(
            &outcome.packages,
        ))?,
        Format::Markdown => report::to_markdown(&outcome.report, &context).into_bytes(),
        Format::Html => report::to_html(&outcome.report, &context).into_bytes(),
        Format::Csv => report::to_csv(&outcome.report, &context).into_bytes(),
        Format::Text => {
            let terminal = output_file(args).is_none() && std::io::stdout().is_terminal();
            let color = if terminal {
                report::Color::Always
            } else {
                report::Color::Never
            };
            report::to_text(&outcome.report, color, args.include_leads).into_bytes()
        }
    })
}

fn document(value: &serde_json::Value) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| Error::internal("the result cannot be written as JSON", error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The file the result goes to; `-` is standard output, as everywhere.
fn output_file(args: &RunnerArgs) -> Option<&Path> {
    args.output
        .as_deref()
        .filter(|path| *path != Path::new("-"))
}

fn write_result(args: &RunnerArgs, bytes: &[u8]) -> Result<()> {
    match output_file(args) {
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
