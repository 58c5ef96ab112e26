//! Stage 2: what is looked at in which order, and which questions are asked there.
//!
//! Cuts the tree into components along its folders. Each file of the inventory is in exactly one
//! component; ids depend on paths only, so the same tree has the same components. Knows nothing of
//! the request (paths, auditors): that is the next stage.

use super::inventory::{FileRole, Inventory, Language};
use crate::domain::threat_profile::ThreatProfileContent;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// A folder with more files than this is cut along its subfolders.
const COMPONENT_FILES: usize = 400;
/// Folders are cut at most this deep.
const COMPONENT_DEPTH: usize = 6;
/// At most so many questions per component.
const MAX_QUESTIONS: usize = 8;

/// The components in audit order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The components, in the order in which they are audited.
    pub components: Vec<Component>,
}

/// A part of the tree that is audited at one go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Stable id, `[a-z0-9-]`.
    pub id: String,
    /// The folder, empty for the root.
    pub folder: String,
    /// Indexes into the inventory's files, ascending.
    pub files: Vec<usize>,
    /// Languages of its code, most files first.
    pub languages: Vec<Language>,
    /// What to ask of it.
    pub questions: Vec<String>,
}

/// Makes the plan.
pub fn make_plan(inventory: &Inventory, profile: Option<&ThreatProfileContent>) -> Plan {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let all: Vec<usize> = (0..inventory.files.len()).collect();
    cut(inventory, all, 0, "", &mut groups);
    let mut taken = BTreeSet::new();
    let mut components: Vec<Component> = groups
        .into_iter()
        .map(|(folder, files)| {
            let languages = languages_of(inventory, &files);
            Component {
                id: component_id(&folder, &mut taken),
                questions: questions(&languages, profile),
                folder,
                files,
                languages,
            }
        })
        .collect();
    components.sort_by_cached_key(|component| (tier(inventory, component), component.id.clone()));
    Plan { components }
}

/// Puts `files`, all below `folder`, into groups by folder.
///
/// Recursion is bounded by [`COMPONENT_DEPTH`].
fn cut(
    inventory: &Inventory,
    files: Vec<usize>,
    depth: usize,
    folder: &str,
    groups: &mut BTreeMap<String, Vec<usize>>,
) {
    if files.is_empty() {
        return;
    }
    if depth == COMPONENT_DEPTH || (depth > 0 && files.len() <= COMPONENT_FILES) {
        groups.insert(folder.to_owned(), files);
        return;
    }
    let mut own = Vec::new();
    let mut below: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for index in files {
        let path = &inventory.files[index].path;
        let rest = path
            .get(folder.len()..)
            .unwrap_or_default()
            .trim_start_matches('/');
        match rest.split_once('/') {
            Some((child, _)) => below.entry(child).or_default().push(index),
            None => own.push(index),
        }
    }
    if !own.is_empty() {
        groups.insert(folder.to_owned(), own);
    }
    for (child, files) in below {
        let path = if folder.is_empty() {
            child.to_owned()
        } else {
            format!("{folder}/{child}")
        };
        cut(inventory, files, depth + 1, &path, groups);
    }
}

/// An id from the folder's name; a hash joins where the name alone would not be unique.
fn component_id(folder: &str, taken: &mut BTreeSet<String>) -> String {
    let mut slug = String::new();
    for character in folder.chars() {
        let next = match character {
            'a'..='z' | '0'..='9' => character,
            'A'..='Z' => character.to_ascii_lowercase(),
            _ => '-',
        };
        if !(next == '-' && (slug.is_empty() || slug.ends_with('-'))) {
            slug.push(next);
        }
    }
    slug.truncate(48);
    let slug = slug.trim_end_matches('-');
    let plain = if slug.is_empty() { "root" } else { slug };
    let exact = folder
        .chars()
        .all(|character| matches!(character, 'a'..='z' | '0'..='9' | '/'))
        && folder.len() <= 48
        && folder != "root";
    let id = if exact && !taken.contains(plain) {
        plain.to_owned()
    } else {
        let hash = hex::encode(Sha256::digest(folder));
        format!("{plain}-{}", &hash[..8])
    };
    taken.insert(id.clone());
    id
}

fn languages_of(inventory: &Inventory, files: &[usize]) -> Vec<Language> {
    let mut counts: BTreeMap<Language, usize> = BTreeMap::new();
    for index in files {
        if let Some(language) = inventory.files[*index].language {
            *counts.entry(language).or_default() += 1;
        }
    }
    let mut languages: Vec<_> = counts.into_iter().collect();
    languages.sort_by_key(|(language, count)| (std::cmp::Reverse(*count), *language));
    languages
        .into_iter()
        .map(|(language, _)| language)
        .collect()
}

/// Production code first, then configuration, then the rest.
fn tier(inventory: &Inventory, component: &Component) -> u8 {
    let has = |wanted: FileRole| {
        component
            .files
            .iter()
            .any(|index| inventory.files[*index].role == wanted)
    };
    match () {
        () if has(FileRole::Production) => 0,
        () if has(FileRole::Config) => 1,
        () if has(FileRole::Vendored) => 3,
        () => 2,
    }
}

fn questions(languages: &[Language], profile: Option<&ThreatProfileContent>) -> Vec<String> {
    let mut questions = Vec::new();
    if let Some(profile) = profile {
        let mut focus: Vec<_> = profile.focus_areas.iter().collect();
        focus.sort_by(|a, b| {
            b.weight
                .total_cmp(&a.weight)
                .then_with(|| a.cwe.cmp(&b.cwe))
        });
        for area in focus {
            questions.push(format!("{}: {}", area.cwe, area.reason));
        }
    }
    if languages.iter().any(|language| language.is_code()) {
        questions.push("Does input from outside reach a query, command, path or page?".to_owned());
        questions.push("Who may call this, and is that checked?".to_owned());
    }
    if languages.contains(&Language::Dockerfile) {
        questions.push("What does the container run as, and what is baked into it?".to_owned());
    }
    if languages.contains(&Language::Yaml) {
        questions.push("Which rights do pipelines and services get?".to_owned());
    }
    questions.push("Are credentials kept in the tree?".to_owned());
    questions.truncate(MAX_QUESTIONS);
    questions
}

#[cfg(test)]
mod tests;
