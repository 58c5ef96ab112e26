//! Threat profiles from what lies in the tree: what the application does and what matters in it.
//!
//! Deterministic and offline: manifests, imports, routes by form, infrastructure files. It states
//! what it saw and guesses nothing about the business; people and models refine it.

mod signs;

use super::{
    inventory::{self, FileRole, Inventory, Language, SourceFile},
    packages,
};
use crate::{
    domain::threat_profile::{EntryPoint, FocusArea, ThreatProfileContent},
    error::Result,
};
use std::{collections::BTreeSet, path::Path};
use tokio_util::sync::CancellationToken;

/// At most so many entry points are listed.
const MAX_ENTRY_POINTS: usize = 200;

/// The profile of the tree below `source_root`. Blocking.
///
/// # Errors
/// `dependency_unavailable` when the root cannot be read.
pub fn generate_threat_profile(source_root: &Path) -> Result<ThreatProfileContent> {
    let inventory = inventory::take_inventory(source_root, &CancellationToken::new())?;
    let mut seen = Seen::default();
    for package in packages::read_packages(source_root, &inventory).packages {
        signs::framework_of(package.ecosystem, &package.name, &mut seen.frameworks);
    }
    for file in inventory.files.iter().filter(|file| is_own(file)) {
        let Ok(bytes) = std::fs::read(file.on_disk(source_root)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        signs::frameworks(file, &text, &mut seen.frameworks);
        if seen.entry_points.len() < MAX_ENTRY_POINTS {
            signs::entry_points(file, &text, &mut seen.entry_points);
        }
        signs::assets(&text, &mut seen.assets);
    }
    seen.entry_points.truncate(MAX_ENTRY_POINTS);
    Ok(seen.into_profile(&inventory))
}

/// Files that say something about the application itself.
fn is_own(file: &SourceFile) -> bool {
    file.unread.is_none() && matches!(file.role, FileRole::Production | FileRole::Config)
}

#[derive(Default)]
struct Seen {
    frameworks: BTreeSet<&'static str>,
    entry_points: Vec<EntryPoint>,
    assets: BTreeSet<&'static str>,
}

impl Seen {
    fn into_profile(self, inventory: &Inventory) -> ThreatProfileContent {
        let has = |kind: &str| self.entry_points.iter().any(|entry| entry.kind == kind);
        let (routes, cli) = (has("http_route"), has("cli"));
        let web = routes || self.frameworks.iter().any(|name| signs::is_web(name));
        let languages: Vec<String> = inventory
            .languages()
            .into_iter()
            .filter(|(language, _)| language.is_code())
            .map(|(language, _)| language.as_str().to_owned())
            .collect();
        let application_type = match () {
            () if web => "web_application",
            () if cli => "command_line",
            () if !languages.is_empty() => "library",
            () if inventory.files.is_empty() => "empty",
            () => "infrastructure",
        };
        let frameworks: Vec<String> = self
            .frameworks
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        let summary = format!(
            "{} of {} files in {}{}; {} entry points were recognised.",
            application_type.replace('_', " "),
            inventory.files.len(),
            if languages.is_empty() {
                "no programming language".to_owned()
            } else {
                languages.join(", ")
            },
            if frameworks.is_empty() {
                String::new()
            } else {
                format!(" with {}", frameworks.join(", "))
            },
            self.entry_points.len(),
        );
        ThreatProfileContent {
            summary,
            application_type: application_type.to_owned(),
            trust_boundaries: boundaries(web, cli, has("container_port"), has("workflow")),
            focus_areas: focus(web, cli, &languages, inventory),
            data_sensitivity: if self.assets.is_empty() {
                "not recognised from the source".to_owned()
            } else {
                "handles what is listed under assets".to_owned()
            },
            assets: self
                .assets
                .iter()
                .map(|asset| (*asset).to_owned())
                .collect(),
            languages,
            frameworks,
            entry_points: self.entry_points,
            out_of_scope: Vec::new(),
            notes: "Generated from the files of the tree; edit it to say what the source cannot."
                .to_owned(),
        }
    }
}

fn boundaries(web: bool, cli: bool, container: bool, workflow: bool) -> Vec<String> {
    [
        (web, "HTTP clients to the application"),
        (cli, "command line arguments to the process"),
        (container, "network to the published container ports"),
        (
            workflow,
            "authors of issues and pull requests to the build pipeline",
        ),
    ]
    .into_iter()
    .filter(|(there, _)| *there)
    .map(|(_, text)| text.to_owned())
    .collect()
}

fn focus(web: bool, cli: bool, languages: &[String], inventory: &Inventory) -> Vec<FocusArea> {
    let code = !languages.is_empty();
    let infrastructure = inventory.files.iter().any(|file| {
        matches!(
            file.language,
            Some(Language::Dockerfile | Language::Terraform)
        )
    });
    let rows: &[(bool, &str, &str, f64)] = &[
        (web, "CWE-89", "requests may reach database queries", 0.9),
        (web, "CWE-79", "requests may reach pages", 0.8),
        (
            web,
            "CWE-862",
            "routes may lack an authorisation check",
            0.8,
        ),
        (
            web,
            "CWE-918",
            "requests may choose addresses the server fetches",
            0.6,
        ),
        (web || cli, "CWE-78", "input may reach commands", 0.8),
        (web || cli, "CWE-22", "input may reach file names", 0.7),
        (
            code,
            "CWE-502",
            "data from outside may be deserialised",
            0.6,
        ),
        (true, "CWE-798", "credentials may be kept in the tree", 0.7),
        (
            infrastructure,
            "CWE-250",
            "containers and services may have more rights than they need",
            0.5,
        ),
    ];
    rows.iter()
        .filter(|(applies, ..)| *applies)
        .map(|(_, cwe, reason, weight)| FocusArea {
            cwe: (*cwe).to_owned(),
            reason: (*reason).to_owned(),
            weight: *weight,
        })
        .collect()
}
