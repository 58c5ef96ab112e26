//! `vega maintenance export` and `import`: moving an installation, as its administrator types it.

use super::{parse_id, print, print_json};
use crate::{
    context::AppContext,
    domain::{
        ids::{ProjectId, ProjectKind},
        portable::Credentials,
        retention::RunMode,
    },
    error::{Error, Result},
    services::transfer::{self, ExportOptions, ExportReport, ImportReport, Progress},
};
use clap::Args;
use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// What to export, and where to.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// The file to write; `-` is standard output. It appears only once it is whole.
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    output: Option<PathBuf>,
    /// Only this project and what belongs to it, without the audit log. May be repeated.
    #[arg(long = "project", value_name = "ID", value_parser = parse_id::<ProjectKind>)]
    projects: Vec<ProjectId>,
    /// Include password hashes and API keys. Without it, passwords and keys have to be set anew.
    #[arg(long)]
    with_credentials: bool,
    /// Replace FILE if it exists.
    #[arg(long)]
    force: bool,
    /// Read everything, write nothing; tell how much it would be.
    #[arg(long)]
    dry_run: bool,
    /// Tell what was exported as JSON.
    #[arg(long)]
    json: bool,
}

/// What to import, and how to tell.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// A file that `vega maintenance export` wrote. Import into a data folder in which nobody has
    /// signed in yet: users keep their ids, so no other user may have the email of one in FILE.
    file: PathBuf,
    /// Verify and compare; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Tell what was imported as JSON.
    #[arg(long)]
    json: bool,
}

/// Writes an export.
pub async fn export(app: &AppContext, args: ExportArgs) -> Result<ExitCode> {
    let to_stdout = args.output.as_deref() == Some(Path::new("-")) && !args.dry_run;
    if to_stdout && std::io::stdout().is_terminal() {
        return Err(Error::field(
            "--output",
            "an export is no text for a terminal: redirect it or name a file",
        ));
    }
    let options = ExportOptions {
        output: args.output.filter(|_| !to_stdout),
        mode: RunMode::from_dry_run(args.dry_run),
        replace: args.force,
        projects: args.projects,
        credentials: if args.with_credentials {
            Credentials::Included
        } else {
            Credentials::LeftOut
        },
    };
    let report = transfer::export(app, options, progress()).await?;
    let text = if args.json {
        serde_json::to_string_pretty(&report)
            .map_err(|error| Error::internal("the result cannot be written", error))?
            + "\n"
    } else {
        exported(&report)
    };
    if to_stdout {
        // Standard output holds the export.
        say(&text);
        return Ok(ExitCode::SUCCESS);
    }
    print(&text)
}

fn exported(report: &ExportReport) -> String {
    let mut text = String::new();
    for (kind, count) in &report.records {
        text.push_str(&format!("{kind}: {count}\n"));
    }
    text.push_str(&format!(
        "objects: {} ({} bytes)\n",
        report.objects, report.object_bytes
    ));
    if report.objects_missing > 0 {
        let count = report.objects_missing;
        text.push_str(&format!("missing: {count} objects that records name\n"));
    }
    let left_out = [
        (report.passwords_left_out, "password hashes; set them anew"),
        (report.api_keys_left_out, "API keys; make them anew"),
        (report.git_tokens_left_out, "git tokens; set them anew"),
        (report.webhooks_left_out, "webhooks; make them anew"),
        (
            report.git_uploads_left_out,
            "remotes for git push; make them anew",
        ),
    ];
    for (count, what) in left_out.into_iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!("left out: {count} {what}\n"));
    }
    text
}

/// Reads an export.
pub async fn import(app: &AppContext, args: ImportArgs) -> Result<ExitCode> {
    let mode = RunMode::from_dry_run(args.dry_run);
    let report = transfer::import(app, args.file, mode, progress()).await?;
    let printed = if args.json {
        print_json(&report)?
    } else {
        print(&imported(&report, mode))?
    };
    match report.conflict_count() {
        0 => Ok(printed),
        count => Err(Error::conflict(format!(
            "{count} records or objects are here with another content; nothing was changed"
        ))),
    }
}

fn imported(report: &ImportReport, mode: RunMode) -> String {
    let refused = report.conflict_count() > 0;
    let verb = if refused || mode == RunMode::DryRun {
        "to add"
    } else {
        "added"
    };
    let mut text = String::new();
    let records = report.records.iter();
    let tallies = records.map(|(kind, tally)| (kind.as_str(), tally));
    for (what, tally) in tallies.chain([("objects", &report.objects)]) {
        text.push_str(&format!(
            "{what}: {} {verb}, {} already there, {} conflicts\n",
            tally.added, tally.same, tally.conflicts
        ));
    }
    for conflict in &report.conflicts {
        text.push_str(&format!("conflict: {conflict}\n"));
    }
    text
}

/// Lines for a person who watches; nothing in logs and pipes.
fn progress() -> Progress {
    if !std::io::stderr().is_terminal() {
        return Arc::new(|_| {});
    }
    Arc::new(|text| say(&format!("{text}\n")))
}

/// Writes to standard error; a closed one is nobody's loss.
fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
