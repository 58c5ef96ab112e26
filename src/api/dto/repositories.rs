//! Repositories, snapshots, threat profiles.

use super::{FailureDto, JobDto};
use crate::{
    domain::{
        job::Job,
        repository::{Repository, SourceType},
        snapshot::Snapshot,
        threat_profile::{EntryPoint, FocusArea, ThreatProfile, ThreatProfileContent},
    },
    error::{Error, FieldError, Result},
    services::repositories::{NewRepository, RepositoryEdit},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

const MAX_URL: usize = 2_000;
const MAX_REF: usize = 250;
const MAX_TOKEN: usize = 4_000;

/// A new repository.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRepositoryRequest {
    /// 1–200 characters.
    #[schema(example = "shop-backend")]
    pub name: String,
    /// `git`, `archive` or `git_push`.
    #[schema(example = "archive")]
    pub source_type: String,
    /// For `git`: an http(s) address.
    pub git_url: Option<String>,
    /// For `git`: branch, tag or commit; the default branch when absent.
    pub git_ref: Option<String>,
    /// For `git`: an access token; stored sealed, never shown again.
    pub git_token: Option<String>,
}

impl CreateRepositoryRequest {
    /// The wish, checked as far as one field alone allows.
    pub fn check(self) -> Result<NewRepository> {
        let source_type = SourceType::parse(&self.source_type)
            .ok_or_else(|| Error::field("source_type", "must be one of git, archive, git_push"))?;
        Ok(NewRepository {
            name: super::name("name", &self.name)?,
            source_type,
            git_url: self
                .git_url
                .map(|it| super::text("git_url", it, MAX_URL))
                .transpose()?,
            git_ref: self
                .git_ref
                .map(|it| super::text("git_ref", it, MAX_REF))
                .transpose()?,
            git_token: self
                .git_token
                .map(|it| super::text("git_token", it, MAX_TOKEN))
                .transpose()?,
        })
    }
}

/// What is to be changed; absent fields stay, `null` clears.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepositoryPatch {
    /// 1–200 characters.
    pub name: Option<String>,
    /// Branch, tag or commit; `null` goes back to the default branch.
    #[serde(default, deserialize_with = "super::nullable")]
    #[schema(value_type = Option<String>)]
    pub git_ref: Option<Option<String>>,
    /// An access token; `null` removes it.
    #[serde(default, deserialize_with = "super::nullable")]
    #[schema(value_type = Option<String>)]
    pub git_token: Option<Option<String>>,
    /// gitignore-style patterns a scan uses when it names none.
    pub default_paths: Option<Vec<String>>,
}

impl RepositoryPatch {
    /// The change, checked as far as one field alone allows.
    pub fn check(self) -> Result<RepositoryEdit> {
        Ok(RepositoryEdit {
            name: self
                .name
                .map(|name| super::name("name", &name))
                .transpose()?,
            git_ref: self.git_ref,
            git_token: self.git_token,
            default_paths: self.default_paths,
        })
    }
}

/// A repository.
#[derive(Debug, Serialize, ToSchema)]
pub struct RepositoryDto {
    /// Identity (`repo_…`).
    pub id: String,
    /// The project (`prj_…`).
    pub project_id: String,
    /// Name.
    pub name: String,
    /// `git`, `archive` or `git_push`.
    pub source_type: String,
    /// Where it is cloned from.
    pub git_url: Option<String>,
    /// What is cloned.
    pub git_ref: Option<String>,
    /// Whether an access token is stored.
    pub has_git_token: bool,
    /// `pending`, `ingesting`, `ready` or `failed`.
    pub ingest_status: String,
    /// Why the last ingest failed.
    pub ingest_error: Option<FailureDto>,
    /// The newest snapshot (`snap_…`).
    pub latest_snapshot_id: Option<String>,
    /// gitignore-style patterns a scan uses when it names none.
    pub default_paths: Vec<String>,
    /// When it was created (RFC 3339).
    pub created_at: String,
    /// When it was last changed (RFC 3339).
    pub updated_at: String,
}

impl From<Repository> for RepositoryDto {
    fn from(repository: Repository) -> Self {
        Self {
            id: repository.id.to_string(),
            project_id: repository.project_id.to_string(),
            name: repository.name,
            source_type: repository.source_type.to_string(),
            git_url: repository.git_url,
            git_ref: repository.git_ref,
            has_git_token: repository.git_token.is_some(),
            ingest_status: repository.ingest_status.to_string(),
            ingest_error: repository.ingest_error.map(Into::into),
            latest_snapshot_id: repository.latest_snapshot_id.map(|id| id.to_string()),
            default_paths: repository.default_paths,
            created_at: repository.created_at.to_string(),
            updated_at: repository.updated_at.to_string(),
        }
    }
}

/// A repository and the job that brings its source in, if one was started.
#[derive(Debug, Serialize, ToSchema)]
pub struct RepositoryWithJobDto {
    /// The repository.
    #[serde(flatten)]
    pub repository: RepositoryDto,
    /// The ingest.
    pub job: Option<JobDto>,
}

impl RepositoryWithJobDto {
    /// From a service's answer.
    pub fn new(repository: Repository, job: Option<Job>) -> Self {
        Self {
            repository: repository.into(),
            job: job.map(Into::into),
        }
    }
}

/// Parameters of an upload of bare bytes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadParams {
    /// The archive's name, for people.
    pub filename: Option<String>,
}

/// An archive in a form.
#[derive(ToSchema)]
pub struct UploadForm {
    /// zip, tar, tar.gz, tar.zst or tar.xz.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    pub file: Vec<u8>,
}

/// An immutable copy of a source tree.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnapshotDto {
    /// Identity (`snap_…`).
    pub id: String,
    /// The repository (`repo_…`).
    pub repository_id: String,
    /// Hash of the tree: the same tree has the same hash however it was packed.
    pub tree_sha256: String,
    /// Hash of the stored zip.
    pub archive_sha256: String,
    /// Bytes of all files.
    pub size_bytes: u64,
    /// Number of files.
    pub file_count: u64,
    /// Bytes per language.
    pub languages: BTreeMap<String, u64>,
    /// The commit, for git sources.
    pub commit: Option<String>,
    /// Where it came from, in words.
    pub source_label: String,
    /// When it was taken (RFC 3339).
    pub created_at: String,
}

impl From<Snapshot> for SnapshotDto {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            id: snapshot.id.to_string(),
            repository_id: snapshot.repository_id.to_string(),
            tree_sha256: snapshot.tree_sha256,
            archive_sha256: snapshot.archive_sha256,
            size_bytes: snapshot.size_bytes,
            file_count: snapshot.file_count,
            languages: snapshot.languages,
            commit: snapshot.commit,
            source_label: snapshot.source_label,
            created_at: snapshot.created_at.to_string(),
        }
    }
}

/// A place where the outside world reaches the application.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryPointDto {
    /// `http_route`, `cli`, `container_port`, …
    pub kind: String,
    /// Where it is (`app/main.py:12`).
    pub location: String,
    /// What it does.
    pub description: String,
}

/// A weakness class to look at first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FocusAreaDto {
    /// `CWE-<number>`.
    #[schema(example = "CWE-89")]
    pub cwe: String,
    /// Why it matters here.
    pub reason: String,
    /// 0–1 against other areas.
    pub weight: f64,
}

/// What an application does and what matters in it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ThreatProfileContentDto {
    /// One paragraph.
    pub summary: String,
    /// `web_application`, `library`, …
    pub application_type: String,
    /// Most source first.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Recognised frameworks.
    #[serde(default)]
    pub frameworks: Vec<String>,
    /// Where the outside world gets in.
    #[serde(default)]
    pub entry_points: Vec<EntryPointDto>,
    /// What an attacker would want.
    #[serde(default)]
    pub assets: Vec<String>,
    /// Where trust changes.
    #[serde(default)]
    pub trust_boundaries: Vec<String>,
    /// In words.
    #[serde(default)]
    pub data_sensitivity: String,
    /// What to look at first.
    #[serde(default)]
    pub focus_areas: Vec<FocusAreaDto>,
    /// What to leave out.
    #[serde(default)]
    pub out_of_scope: Vec<String>,
    /// Anything else.
    #[serde(default)]
    pub notes: String,
}

impl ThreatProfileContentDto {
    /// The content, checked.
    pub fn check(self) -> Result<ThreatProfileContent> {
        let mut problems = Vec::new();
        for (index, area) in self.focus_areas.iter().enumerate() {
            if !is_cwe(&area.cwe) {
                let place = format!("focus_areas[{index}].cwe");
                problems.push(FieldError::new(place, "must look like CWE-89"));
            }
            if !(0.0..=1.0).contains(&area.weight) {
                let place = format!("focus_areas[{index}].weight");
                problems.push(FieldError::new(place, "must be between 0 and 1"));
            }
        }
        super::all_of(problems)?;
        Ok(ThreatProfileContent {
            summary: self.summary,
            application_type: self.application_type,
            languages: self.languages,
            frameworks: self.frameworks,
            entry_points: self
                .entry_points
                .into_iter()
                .map(|point| EntryPoint {
                    kind: point.kind,
                    location: point.location,
                    description: point.description,
                })
                .collect(),
            assets: self.assets,
            trust_boundaries: self.trust_boundaries,
            data_sensitivity: self.data_sensitivity,
            focus_areas: self
                .focus_areas
                .into_iter()
                .map(|area| FocusArea {
                    cwe: area.cwe,
                    reason: area.reason,
                    weight: area.weight,
                })
                .collect(),
            out_of_scope: self.out_of_scope,
            notes: self.notes,
        })
    }
}

/// Whether `text` names a weakness class (`CWE-89`).
pub fn is_cwe(text: &str) -> bool {
    text.strip_prefix("CWE-").is_some_and(|number| {
        (1..=5).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl From<ThreatProfileContent> for ThreatProfileContentDto {
    fn from(content: ThreatProfileContent) -> Self {
        Self {
            summary: content.summary,
            application_type: content.application_type,
            languages: content.languages,
            frameworks: content.frameworks,
            entry_points: content
                .entry_points
                .into_iter()
                .map(|point| EntryPointDto {
                    kind: point.kind,
                    location: point.location,
                    description: point.description,
                })
                .collect(),
            assets: content.assets,
            trust_boundaries: content.trust_boundaries,
            data_sensitivity: content.data_sensitivity,
            focus_areas: content
                .focus_areas
                .into_iter()
                .map(|area| FocusAreaDto {
                    cwe: area.cwe,
                    reason: area.reason,
                    weight: area.weight,
                })
                .collect(),
            out_of_scope: content.out_of_scope,
            notes: content.notes,
        }
    }
}

/// An edited profile.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutThreatProfileRequest {
    /// The whole new content.
    pub content: ThreatProfileContentDto,
}

/// One version of a repository's threat profile.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThreatProfileDto {
    /// Identity (`tp_…`).
    pub id: String,
    /// The repository (`repo_…`).
    pub repository_id: String,
    /// 1, 2, 3, …
    pub version: u32,
    /// `generated` or `edited`.
    pub origin: String,
    /// The content.
    pub content: ThreatProfileContentDto,
    /// When this version was made (RFC 3339).
    pub created_at: String,
}

impl From<ThreatProfile> for ThreatProfileDto {
    fn from(profile: ThreatProfile) -> Self {
        Self {
            id: profile.id.to_string(),
            repository_id: profile.repository_id.to_string(),
            version: profile.version,
            origin: profile.origin.to_string(),
            content: profile.content.into(),
            created_at: profile.created_at.to_string(),
        }
    }
}
