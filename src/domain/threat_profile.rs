//! Threat profiles: what an application does and what matters in it.

use super::{
    ids::{RepositoryId, ThreatProfileId},
    text_enum,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

text_enum! {
    /// Who wrote a version.
    ProfileOrigin {
        /// Vega, from the inventory.
        Generated = "generated",
        /// A person; never overwritten without being asked.
        Edited = "edited",
    }
}

/// A place where the outside world reaches the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryPoint {
    /// What it is (`http_route`, `cli`, `message_consumer`, `container_port`, …).
    pub kind: String,
    /// Where it is (`app/main.py:12`).
    pub location: String,
    /// What it does.
    pub description: String,
}

/// A weakness class to look at first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FocusArea {
    /// The class, as `CWE-<number>`.
    pub cwe: String,
    /// Why it matters here.
    pub reason: String,
    /// Weight 0–1 against other areas.
    pub weight: f64,
}

/// The content of a profile, as generated or as edited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThreatProfileContent {
    /// One paragraph on what the application does.
    pub summary: String,
    /// `web_application`, `library`, `command_line`, `infrastructure`, …
    pub application_type: String,
    /// Languages, most source first.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Frameworks recognised from manifests and imports.
    #[serde(default)]
    pub frameworks: Vec<String>,
    /// Where the outside world gets in.
    #[serde(default)]
    pub entry_points: Vec<EntryPoint>,
    /// What an attacker would want.
    #[serde(default)]
    pub assets: Vec<String>,
    /// Where trust changes.
    #[serde(default)]
    pub trust_boundaries: Vec<String>,
    /// How sensitive the data is, in words.
    #[serde(default)]
    pub data_sensitivity: String,
    /// What to look at first.
    #[serde(default)]
    pub focus_areas: Vec<FocusArea>,
    /// Paths or topics to leave out.
    #[serde(default)]
    pub out_of_scope: Vec<String>,
    /// Anything else.
    #[serde(default)]
    pub notes: String,
}

/// One version of a repository's profile. The highest version is the current one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThreatProfile {
    /// Identity.
    pub id: ThreatProfileId,
    /// The repository.
    pub repository_id: RepositoryId,
    /// 1, 2, 3, … per repository.
    pub version: u32,
    /// The content.
    pub content: ThreatProfileContent,
    /// Who wrote it.
    pub origin: ProfileOrigin,
    /// When this version was made.
    pub created_at: Timestamp,
}
