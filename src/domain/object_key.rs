//! Keys of stored files: the one place that knows where what lies in the object store.
//!
//! A key is a relative path of plain segments, so that every backend can use it as it is.

use super::ids::{ExportId, RepositoryId, ScanId};
use crate::error::{Error, Result};
use std::fmt;

/// Where a file lies in the object store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// Checks a key that came from outside: non-empty segments of `[A-Za-z0-9._-]`, none of them
    /// `.` or `..`, at most 1,024 bytes (S3's limit).
    pub fn parse(text: &str) -> Result<Self> {
        let plain = |segment: &str| {
            !segment.is_empty()
                && segment != "."
                && segment != ".."
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        };
        if text.len() <= 1024 && text.split('/').all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::not_found("Object", text))
        }
    }

    /// The zip of a snapshot (documented: `snapshots/<repository_id>/<tree_sha256>.zip`).
    pub fn snapshot(repository: RepositoryId, tree_sha256: &str) -> Self {
        Self(format!("snapshots/{repository}/{tree_sha256}.zip"))
    }

    /// Everything stored for a repository's snapshots.
    pub fn snapshots_prefix(repository: RepositoryId) -> String {
        format!("snapshots/{repository}/")
    }

    /// What the last scan of a repository left for the next one.
    pub fn scan_cache(repository: RepositoryId) -> Self {
        Self(format!("caches/{repository}/v16.cache"))
    }

    /// Everything stored for a repository, but the files of its scans.
    pub fn repository_prefixes(repository: RepositoryId) -> [String; 4] {
        ["caches", "exports", "snapshots", "uploads"].map(|kind| format!("{kind}/{repository}/"))
    }

    /// An archive as uploaded, waiting for its ingest job.
    pub fn upload(repository: RepositoryId, name: &str) -> Self {
        Self(format!("uploads/{repository}/{name}"))
    }

    /// A finished export of a repository's findings.
    pub fn export(repository: RepositoryId, export: ExportId, extension: &str) -> Self {
        Self(format!("exports/{repository}/{export}.{extension}"))
    }

    /// A published artifact of a scan (documented: `scans/<scan_id>/<name>`).
    pub fn artifact(scan: ScanId, name: Artifact) -> Self {
        Self(format!("scans/{scan}/{}", name.file_name()))
    }

    /// An artifact as one attempt wrote it, before the fenced end of the scan publishes it.
    pub fn attempt_artifact(scan: ScanId, attempt: u32, name: Artifact) -> Self {
        Self(format!(
            "scans/{scan}/attempts/{attempt}/{}",
            name.file_name()
        ))
    }

    /// The saved result of one finished component, from which a recovered scan resumes.
    pub fn checkpoint(scan: ScanId, component: &str) -> Self {
        Self(format!("scans/{scan}/checkpoints/{component}.json"))
    }

    /// The SARIF file an import scan takes its results from.
    pub fn import(scan: ScanId) -> Self {
        Self(format!("scans/{scan}/import.sarif"))
    }

    /// Everything stored for a scan.
    pub fn scan_prefix(scan: ScanId) -> String {
        format!("scans/{scan}/")
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The files a scan leaves behind (documented names).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Artifact {
    /// Every event, one JSON object per line.
    Events,
    /// What the runner did, in short.
    Summary,
    /// The full report as JSON.
    Report,
    /// Plan, logs, prompts and responses with secrets redacted.
    DebugBundle,
    /// The report as SARIF 2.1.0.
    Sarif,
}

impl Artifact {
    /// Every artifact.
    pub const ALL: &'static [Self] = &[
        Self::Events,
        Self::Summary,
        Self::Report,
        Self::DebugBundle,
        Self::Sarif,
    ];

    /// The documented file name.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Events => "v16-events.jsonl",
            Self::Summary => "runner-summary.json",
            Self::Report => "v16-report.json",
            Self::DebugBundle => "v16-debug-bundle.zip",
            Self::Sarif => "v16-report.sarif",
        }
    }
}
