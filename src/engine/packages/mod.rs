//! Which packages of others the tree uses, from manifests and lock files.
//!
//! One file per format; each takes text and gives names and versions, or says why it cannot. The
//! files are somebody else's: sizes, counts and nesting are bounded, no entity is expanded, nothing
//! is fetched. What cannot be read is a fault in words, never a guess.

mod cargo_lock;
mod composer_lock;
mod csproj;
pub mod cyclonedx;
mod gemfile_lock;
mod go_mod;
mod go_sum;
mod gradle_lockfile;
mod nuget_lock;
mod package_json;
mod package_lock;
mod pipfile_lock;
mod pnpm_lock;
mod poetry_lock;
mod pom;
mod purl;
mod pyproject;
mod requirements;
mod uv_lock;
mod xml;
mod yarn_lock;

use super::inventory::{FileRole, Inventory, SourceFile, Unread};
use crate::domain::text_enum;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, io::Read, path::Path};

/// Larger files are a fault (bytes). Lock files are larger than code, so this is not the limit of
/// what is audited.
const MAX_BYTES: u64 = 16 * 1_048_576;
/// More entries of one file are a fault.
const MAX_ENTRIES: usize = 200_000;
/// Names and versions longer than this are no names (bytes).
const MAX_TEXT: usize = 400;

text_enum! {
    /// Where a package comes from; the words are the types of package URLs.
    Ecosystem {
        /// JavaScript.
        Npm = "npm",
        /// Python.
        Pypi = "pypi",
        /// Rust.
        Cargo = "cargo",
        /// Go modules.
        Golang = "golang",
        /// Java and its relatives.
        Maven = "maven",
        /// PHP.
        Composer = "composer",
        /// Ruby.
        Gem = "gem",
        /// .NET.
        Nuget = "nuget",
    }
}

text_enum! {
    /// What a package is needed for.
    Need {
        /// Ships with the application.
        Runtime = "runtime",
        /// May be absent.
        Optional = "optional",
        /// Building and testing only.
        Development = "development",
    }
}

/// An entry of a manifest or lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As the ecosystem writes it (`@scope/name`, `group:artifact`, `vendor/name`).
    pub(crate) name: String,
    /// The exact version.
    pub(crate) version: Option<String>,
    /// What is asked for, where no exact version is.
    pub(crate) requirement: Option<String>,
    pub(crate) need: Need,
}

impl Entry {
    /// An exact version.
    fn exact(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: Some(version.into()),
            requirement: None,
            need: Need::Runtime,
        }
    }

    /// A range or nothing at all.
    fn asked(name: impl Into<String>, requirement: impl Into<String>) -> Self {
        let requirement = Some(requirement.into()).filter(|text: &String| !text.is_empty());
        Self {
            name: name.into(),
            version: None,
            requirement,
            need: Need::Runtime,
        }
    }

    fn needed(mut self, need: Need) -> Self {
        self.need = need;
        self
    }
}

/// What a format gives, or why it cannot be read.
type Entries = Result<Vec<Entry>, String>;

/// A package, with every file that names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// As the ecosystem writes it (`@scope/name`, `group:artifact`, `vendor/name`).
    pub name: String,
    /// The exact version, where a file tells it.
    pub version: Option<String>,
    /// What is asked for, where no exact version is told.
    pub requirement: Option<String>,
    /// The strongest need of all files.
    pub need: Need,
    /// The package URL.
    pub purl: String,
    /// The files that name it, in order.
    pub files: Vec<String>,
}

/// The packages of a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packages {
    /// In order of their package URLs.
    pub packages: Vec<Package>,
    /// Files that could not be read, with the reason, in path order.
    pub faults: Vec<(String, String)>,
}

/// A format: which files have it, and how they are read.
struct Format {
    matches: fn(&str) -> bool,
    ecosystem: Ecosystem,
    parse: fn(&str) -> Entries,
}

static FORMATS: &[Format] = &[
    Format {
        matches: |name| name == "package.json",
        ecosystem: Ecosystem::Npm,
        parse: package_json::parse,
    },
    Format {
        matches: |name| matches!(name, "package-lock.json" | "npm-shrinkwrap.json"),
        ecosystem: Ecosystem::Npm,
        parse: package_lock::parse,
    },
    Format {
        matches: |name| name == "yarn.lock",
        ecosystem: Ecosystem::Npm,
        parse: yarn_lock::parse,
    },
    Format {
        matches: |name| name == "pnpm-lock.yaml",
        ecosystem: Ecosystem::Npm,
        parse: pnpm_lock::parse,
    },
    Format {
        matches: requirements::is_one,
        ecosystem: Ecosystem::Pypi,
        parse: requirements::parse,
    },
    Format {
        matches: |name| name == "poetry.lock",
        ecosystem: Ecosystem::Pypi,
        parse: poetry_lock::parse,
    },
    Format {
        matches: |name| name == "pipfile.lock",
        ecosystem: Ecosystem::Pypi,
        parse: pipfile_lock::parse,
    },
    Format {
        matches: |name| name == "uv.lock",
        ecosystem: Ecosystem::Pypi,
        parse: uv_lock::parse,
    },
    Format {
        matches: |name| name == "pyproject.toml",
        ecosystem: Ecosystem::Pypi,
        parse: pyproject::parse,
    },
    Format {
        matches: |name| name == "cargo.lock",
        ecosystem: Ecosystem::Cargo,
        parse: cargo_lock::parse,
    },
    Format {
        matches: |name| name == "go.mod",
        ecosystem: Ecosystem::Golang,
        parse: go_mod::parse,
    },
    Format {
        matches: |name| name == "go.sum",
        ecosystem: Ecosystem::Golang,
        parse: go_sum::parse,
    },
    Format {
        matches: |name| name == "pom.xml",
        ecosystem: Ecosystem::Maven,
        parse: pom::parse,
    },
    Format {
        matches: |name| name == "gradle.lockfile",
        ecosystem: Ecosystem::Maven,
        parse: gradle_lockfile::parse,
    },
    Format {
        matches: |name| name == "composer.lock",
        ecosystem: Ecosystem::Composer,
        parse: composer_lock::parse,
    },
    Format {
        matches: |name| name == "gemfile.lock",
        ecosystem: Ecosystem::Gem,
        parse: gemfile_lock::parse,
    },
    Format {
        matches: |name| name == "packages.lock.json",
        ecosystem: Ecosystem::Nuget,
        parse: nuget_lock::parse,
    },
    Format {
        matches: csproj::is_one,
        ecosystem: Ecosystem::Nuget,
        parse: csproj::parse,
    },
];

/// Reads every manifest and lock file of the inventory, but none of vendored folders, tests and
/// documentation: those are not what the application uses.
pub(crate) fn read_packages(root: &Path, inventory: &Inventory) -> Packages {
    let mut found: BTreeMap<String, Package> = BTreeMap::new();
    let mut faults = Vec::new();
    for file in inventory.files.iter().filter(|file| counts(file)) {
        let Some(format) = format_of(&file.path) else {
            continue;
        };
        let entries = read_text(root, file).and_then(|text| (format.parse)(&text));
        match entries {
            Ok(entries) if entries.len() > MAX_ENTRIES => {
                faults.push((
                    file.path.clone(),
                    format!("more than {MAX_ENTRIES} packages"),
                ));
            }
            Ok(entries) => {
                for entry in entries.into_iter().filter(is_sane) {
                    add(&mut found, format.ecosystem, entry, &file.path);
                }
            }
            Err(fault) => faults.push((file.path.clone(), fault)),
        }
    }
    drop_mere_wishes(&mut found);
    Packages {
        packages: found.into_values().collect(),
        faults,
    }
}

/// A manifest's range says nothing beside the version that a lock file gives the same package.
fn drop_mere_wishes(found: &mut BTreeMap<String, Package>) {
    let locked: std::collections::BTreeSet<(Ecosystem, String)> = found
        .values()
        .filter(|package| package.version.is_some())
        .map(|package| (package.ecosystem, package.name.clone()))
        .collect();
    found.retain(|_, package| {
        package.version.is_some() || !locked.contains(&(package.ecosystem, package.name.clone()))
    });
}

fn counts(file: &SourceFile) -> bool {
    let readable = matches!(file.unread, None | Some(Unread::TooLarge));
    let own = matches!(
        file.role,
        FileRole::Production | FileRole::Config | FileRole::Generated
    );
    // Text files pass for documentation; lists in a folder of that name are none.
    let listed = file.role == FileRole::Documentation
        && file.path.ends_with(".txt")
        && file.path.contains("requirements/");
    readable && (own || listed)
}

fn format_of(path: &str) -> Option<&'static Format> {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let by_name = FORMATS.iter().find(|format| (format.matches)(name));
    // Lists of requirements are often kept in a folder of that name.
    by_name.or_else(|| {
        let listed = lower.contains("requirements/") && name.ends_with(".txt");
        listed
            .then(|| {
                FORMATS
                    .iter()
                    .find(|format| (format.matches)("requirements.txt"))
            })
            .flatten()
    })
}

fn read_text(root: &Path, file: &SourceFile) -> Result<String, String> {
    let mut bytes = Vec::new();
    std::fs::File::open(file.on_disk(root))
        .and_then(|open| open.take(MAX_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|_| "cannot be read".to_owned())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("larger than 16 MiB".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "no UTF-8 text".to_owned())?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map_or(text.clone(), str::to_owned))
}

/// Names and versions are short and of one line.
fn is_sane(entry: &Entry) -> bool {
    let sane = |text: &str| text.len() <= MAX_TEXT && !text.chars().any(char::is_control);
    !entry.name.is_empty()
        && !entry.name.contains(char::is_whitespace)
        && sane(&entry.name)
        && entry
            .version
            .as_deref()
            .is_none_or(|version| !version.is_empty() && sane(version))
        && entry.requirement.as_deref().is_none_or(sane)
}

fn add(found: &mut BTreeMap<String, Package>, ecosystem: Ecosystem, entry: Entry, path: &str) {
    let purl = purl::of(ecosystem, &entry.name, entry.version.as_deref());
    let package = found.entry(purl.clone()).or_insert_with(|| Package {
        ecosystem,
        name: purl::normal_name(ecosystem, &entry.name),
        version: entry.version,
        requirement: entry.requirement,
        need: entry.need,
        purl,
        files: Vec::new(),
    });
    package.need = package.need.min(entry.need);
    if package.files.last().is_none_or(|last| last != path) {
        package.files.push(path.to_owned());
    }
}

/// A JSON document (nesting is limited by the parser).
fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|_| "no JSON document".to_owned())
}

/// A TOML document (nesting is limited by the parser).
fn toml_table(text: &str) -> Result<toml::Table, String> {
    text.parse::<toml::Table>()
        .map_err(|_| "no TOML document".to_owned())
}

/// The `[[package]]` entries of a TOML lock file.
fn toml_packages(text: &str) -> Result<Vec<toml::Table>, String> {
    let mut table = toml_table(text)?;
    let Some(toml::Value::Array(packages)) = table.remove("package") else {
        return Ok(Vec::new());
    };
    let tables = packages.into_iter().filter_map(|package| match package {
        toml::Value::Table(table) => Some(table),
        _ => None,
    });
    Ok(tables.collect())
}

/// Name and version of a `[[package]]` entry.
fn toml_entry(package: &toml::Table) -> Option<Entry> {
    let text = |key: &str| package.get(key).and_then(toml::Value::as_str);
    Some(Entry::exact(text("name")?, text("version")?))
}

#[cfg(test)]
mod tests;
