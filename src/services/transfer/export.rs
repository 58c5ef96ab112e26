//! Everything out, as it was at one moment.

use super::{
    FORMAT, Manifest, PREFIXES, PRODUCT, Progress,
    missing::{Missing, changed_meanwhile},
    writer::{Output, Writer},
};
use crate::{
    context::AppContext,
    domain::{
        ids::{ProjectId, RepositoryId},
        object_key::ObjectKey,
        portable::{Credentials, Portable, PortableKind},
        retention::RunMode,
    },
    error::{Error, ErrorCode, Result},
    shutdown::blocking,
    store::Frozen,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::mpsc;
use tokio_util::io::SyncIoBridge;

/// How many records are on their way at once.
const AHEAD: usize = 64;
/// Objects asked for at once.
const LISTED: usize = 500;

/// What is exported, and where to.
#[derive(Debug, Clone)]
pub struct ExportOptions {
    /// The file; standard output when absent.
    pub output: Option<PathBuf>,
    /// In a dry run everything is read, and nothing written.
    pub mode: RunMode,
    /// Whether a file that is there is replaced.
    pub replace: bool,
    /// Only these projects; all there is when empty.
    pub projects: Vec<ProjectId>,
    /// Whether password hashes and API keys travel.
    pub credentials: Credentials,
}

/// What was exported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ExportReport {
    /// Records by kind.
    pub records: BTreeMap<PortableKind, u64>,
    /// How many objects.
    pub objects: u64,
    /// Their bytes.
    pub object_bytes: u64,
    /// Objects that records name and that were not there to begin with.
    pub objects_missing: u64,
    /// Users whose password hash was left out.
    pub passwords_left_out: u64,
    /// API keys left out.
    pub api_keys_left_out: u64,
    /// Repositories whose git token was left out.
    pub git_tokens_left_out: u64,
    /// Webhooks left out; none are counted when single projects are exported.
    pub webhooks_left_out: u64,
    /// Remotes for `git push` left out; none are counted when single projects are exported.
    pub git_uploads_left_out: u64,
}

/// Writes the export. A file appears under its name only once it is whole.
///
/// # Errors
/// `conflict` when the file is there and not to be replaced, and when a server removed what was being
/// exported; `not_found` for an unknown project.
pub async fn export(
    app: &AppContext,
    options: ExportOptions,
    progress: Progress,
) -> Result<ExportReport> {
    let manifest = Manifest {
        product: PRODUCT.to_owned(),
        format: FORMAT,
        vega_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: app.clock.now(),
        projects: (!options.projects.is_empty()).then(|| options.projects.clone()),
        credentials: options.credentials == Credentials::Included,
        git_tokens: false,
    };
    let path = options.output.clone();
    if let Some(path) = path.as_deref().filter(|_| !options.replace)
        && path.symlink_metadata().is_ok()
    {
        return Err(exists(path));
    }
    if options.mode == RunMode::DryRun {
        let writer = Writer::begin(Box::new(std::io::sink()), &manifest)?;
        return write(app, &options, writer, progress).await;
    }
    let Some(path) = path else {
        let writer = Writer::begin(Box::new(std::io::stdout()), &manifest)?;
        return write(app, &options, writer, progress).await;
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let cannot = move |error: std::io::Error, path: &Path| {
        let text = format!("{} cannot be written", path.display());
        Error::new(ErrorCode::DependencyUnavailable, text).caused_by(error)
    };
    // Only its owner may read it: there is source code in it. It vanishes unless it is kept.
    let file = tempfile::Builder::new()
        .prefix(".vega-export-")
        .tempfile_in(&folder)
        .map_err(|error| cannot(error, &path))?;
    let output = file.reopen().map_err(|error| cannot(error, &path))?;
    let output: Output = Box::new(std::io::BufWriter::with_capacity(1 << 20, output));
    let writer = Writer::begin(output, &manifest)?;
    let report = write(app, &options, writer, progress).await?;
    blocking(move || {
        file.as_file()
            .sync_all()
            .map_err(|error| cannot(error, &path))?;
        let kept = if options.replace {
            file.persist(&path)
        } else {
            file.persist_noclobber(&path)
        };
        kept.map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => exists(&path),
            _ => cannot(error.error, &path),
        })?;
        std::fs::File::open(&folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| cannot(error, &path))
    })
    .await?;
    Ok(report)
}

fn exists(path: &Path) -> Error {
    Error::conflict(format!("{} exists; --force replaces it", path.display()))
}

async fn write(
    app: &AppContext,
    options: &ExportOptions,
    mut writer: Writer,
    progress: Progress,
) -> Result<ExportReport> {
    let frozen = app.store.freeze().await?;
    let mut scope = Scope::of(&*frozen, options).await?;
    let mut report = ExportReport::default();
    for prefix in scope.prefixes() {
        writer = objects_below(app, &prefix, writer, &mut report, &progress).await?;
    }
    scope.written = writer.keys();
    scope.still_stands(app).await?;
    for kind in PortableKind::ALL.iter().copied() {
        (writer, scope, report) =
            records_of(&*frozen, kind, writer, scope, report, &progress).await?;
        for missing in std::mem::take(&mut scope.missing) {
            missing.was_so_before(app).await?;
            report.objects_missing += 1;
        }
    }
    blocking(move || writer.end()).await?;
    if scope.everything {
        let left_out = frozen.left_out();
        report.webhooks_left_out = left_out.webhooks;
        report.git_uploads_left_out = left_out.git_uploads;
    }
    Ok(report)
}

/// Adds the objects below `prefix`, as they are now: beside running servers that is later than the
/// records. What was removed while it was listed is passed over here, and whether any record misses it
/// is found out afterwards ([`Scope::still_stands`], [`Missing`]).
async fn objects_below(
    app: &AppContext,
    prefix: &str,
    mut writer: Writer,
    report: &mut ExportReport,
    progress: &Progress,
) -> Result<Writer> {
    let mut after: Option<ObjectKey> = None;
    loop {
        let part = app.objects.list(prefix, after.as_ref(), LISTED).await?;
        let Some(last) = part.last() else {
            return Ok(writer);
        };
        after = Some(last.key.clone());
        for listed in part {
            let key = listed.key;
            let (meta, content) = match app.objects.open(&key).await {
                Err(error) if error.code() == ErrorCode::NotFound => continue,
                opened => opened?,
            };
            writer = blocking(move || {
                writer.object(&key, meta.size, SyncIoBridge::new(content))?;
                Ok(writer)
            })
            .await?;
            report.objects += 1;
            report.object_bytes += meta.size;
            if report.objects.is_multiple_of(100) {
                progress(&format!(
                    "{} objects, {} bytes",
                    report.objects, report.object_bytes
                ));
            }
        }
    }
}

async fn records_of(
    frozen: &dyn Frozen,
    kind: PortableKind,
    mut writer: Writer,
    mut scope: Scope,
    mut report: ExportReport,
    progress: &Progress,
) -> Result<(Writer, Scope, ExportReport)> {
    let (to, mut from) = mpsc::channel(AHEAD);
    let progress = Arc::clone(progress);
    let written = blocking(move || {
        let mut count = 0_u64;
        while let Some(record) = from.blocking_recv() {
            if !scope.takes(&record, &mut report) {
                continue;
            }
            writer.record(&record.redacted(scope.credentials))?;
            count += 1;
            if count.is_multiple_of(10_000) {
                progress(&format!("{count} {kind}"));
            }
        }
        writer.end_kind(kind)?;
        report.records.insert(kind, count);
        progress(&format!("{count} {kind}"));
        Ok((writer, scope, report))
    });
    let (written, sent) = tokio::join!(written, frozen.send(kind, to));
    // When both fail, the receiver's reason is the cause of the other.
    let written = written?;
    sent?;
    Ok(written)
}

/// What belongs to the export.
struct Scope {
    everything: bool,
    /// Keys of the objects in the file.
    written: HashSet<String>,
    missing: Vec<Missing>,
    credentials: Credentials,
    projects: BTreeSet<String>,
    repositories: BTreeSet<String>,
    /// Repositories of projects that were not being deleted.
    standing: BTreeSet<RepositoryId>,
    deleted: BTreeSet<ProjectId>,
    scans: BTreeSet<String>,
    users: BTreeSet<String>,
    findings: HashSet<String>,
}

impl Scope {
    async fn of(frozen: &dyn Frozen, options: &ExportOptions) -> Result<Self> {
        let mut scope = Self {
            everything: options.projects.is_empty(),
            written: HashSet::new(),
            missing: Vec::new(),
            standing: BTreeSet::new(),
            deleted: BTreeSet::new(),
            credentials: options.credentials,
            projects: BTreeSet::new(),
            repositories: BTreeSet::new(),
            scans: BTreeSet::new(),
            users: BTreeSet::new(),
            findings: HashSet::new(),
        };
        let wanted: BTreeSet<_> = options.projects.iter().copied().collect();
        for kind in [
            PortableKind::Project,
            PortableKind::Repository,
            PortableKind::Scan,
        ] {
            let (to, mut from) = mpsc::channel(AHEAD);
            let gather = async {
                while let Some(record) = from.recv().await {
                    scope.gather(&record, &wanted);
                }
            };
            let ((), sent) = tokio::join!(gather, frozen.send(kind, to));
            sent?;
        }
        match wanted
            .iter()
            .find(|id| !scope.projects.contains(&id.to_string()))
        {
            Some(unknown) => Err(Error::not_found("Project", unknown)),
            None => Ok(scope),
        }
    }

    /// Notes what the wanted projects consist of.
    fn gather(&mut self, record: &Portable, wanted: &BTreeSet<ProjectId>) {
        match record {
            Portable::Project(it) if self.everything || wanted.contains(&it.id) => {
                self.projects.insert(it.id.to_string());
                if it.deleted_at.is_some() {
                    self.deleted.insert(it.id);
                }
                self.users.insert(it.owner_user_id.to_string());
                let members = it.members.iter().map(|member| member.user_id.to_string());
                self.users.extend(members);
            }
            Portable::Repository(it) if self.projects.contains(&it.project_id.to_string()) => {
                self.repositories.insert(it.id.to_string());
                if !self.deleted.contains(&it.project_id) {
                    self.standing.insert(it.id);
                }
            }
            Portable::Scan(it) if self.repositories.contains(&it.repository_id.to_string()) => {
                self.scans.insert(it.id.to_string());
                self.users.insert(it.requested_by.to_string());
            }
            _ => {}
        }
    }

    /// Whether all is still there whose objects were read. A repository's record goes before its files,
    /// so they are whole as long as it is there.
    async fn still_stands(&self, app: &AppContext) -> Result<()> {
        for id in &self.standing {
            match app.store.repository(*id).await {
                Err(error) if error.code() == ErrorCode::NotFound => {
                    return Err(changed_meanwhile(id));
                }
                found => found.map(drop)?,
            }
        }
        Ok(())
    }

    /// Where the objects lie, each prefix with its slash.
    fn prefixes(&self) -> Vec<String> {
        PREFIXES
            .into_iter()
            .flat_map(|prefix| {
                let owners = match prefix {
                    "scans" => &self.scans,
                    _ => &self.repositories,
                };
                owners.iter().map(move |owner| format!("{prefix}/{owner}/"))
            })
            .collect()
    }

    /// Whether it is of a repository that was not being deleted.
    fn belongs_to_the_standing(&self, record: &Portable) -> bool {
        let id = match record {
            Portable::Snapshot(it) => Some(it.repository_id),
            Portable::Job(it) => it.subject_id.parse().ok(),
            _ => None,
        };
        id.is_some_and(|id| self.standing.contains(&id))
    }

    /// Whether a record is exported; notes what is left out and what is missing.
    fn takes(&mut self, record: &Portable, report: &mut ExportReport) -> bool {
        let repository = |id: &dyn ToString| self.repositories.contains(&id.to_string());
        let scan = |id: &dyn ToString| self.scans.contains(&id.to_string());
        let user = |id: &dyn ToString| self.everything || self.users.contains(&id.to_string());
        let taken = match record {
            Portable::User(it) => user(&it.id),
            Portable::ApiKey(it) => user(&it.user_id),
            Portable::Project(it) => self.projects.contains(&it.id.to_string()),
            Portable::Repository(it) => repository(&it.id),
            Portable::Snapshot(it) => repository(&it.repository_id),
            Portable::ThreatProfile(it) => repository(&it.repository_id),
            Portable::Scan(it) => scan(&it.id),
            Portable::RunnerJob(it) => scan(&it.scan_id),
            Portable::Job(it) => {
                self.everything
                    || self.projects.contains(&it.subject_id)
                    || repository(&it.subject_id)
                    || scan(&it.subject_id)
            }
            Portable::Finding(it) => repository(&it.repository_id),
            Portable::Observation(it) => scan(&it.scan_id),
            Portable::Event(it) => scan(&it.scan_id),
            Portable::History(it) => {
                self.everything || self.findings.contains(&it.finding_id().to_string())
            }
            // Entries name things of every project.
            Portable::Audit(_) => self.everything,
        };
        if !taken {
            return false;
        }
        if self.belongs_to_the_standing(record) {
            self.missing.extend(Missing::of(record, &self.written));
        }
        let without = self.credentials == Credentials::LeftOut;
        match record {
            Portable::User(it) if without && it.password_hash.is_some() => {
                report.passwords_left_out += 1;
            }
            Portable::ApiKey(_) if without => {
                report.api_keys_left_out += 1;
                return false;
            }
            Portable::Repository(it) if it.git_token.is_some() => report.git_tokens_left_out += 1,
            Portable::Finding(it) if !self.everything => {
                self.findings.insert(it.id.to_string());
            }
            _ => {}
        }
        true
    }
}
