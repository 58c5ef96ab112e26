//! The models in force as a list, for whoever asks why something was or was not found.

use super::{LANGUAGES, Models, Row, embedded};
use crate::{
    engine::inventory::Language,
    error::{Error, Result},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::Path,
};

/// The models in force, in the order in which they are read.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct ModelList {
    files: Vec<ListedFile>,
}

#[derive(Debug, Serialize)]
struct ListedFile {
    language: &'static str,
    /// The name of an embedded file, or the path of a user's below the folder of overrides.
    file: String,
    origin: Origin,
    docs: Vec<String>,
    /// Without names of which a later file says something else.
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Origin {
    Embedded,
    Own,
}

impl ModelList {
    /// The models in force for `languages` (empty = all), with those below `overrides`.
    ///
    /// # Errors
    /// `validation_error` with every fault of the user's models.
    pub fn read(overrides: Option<&Path>, languages: &[Language]) -> Result<Self> {
        let own = Models::read(overrides)?;
        let mut files = Vec::new();
        for language in LANGUAGES {
            if !languages.is_empty() && !languages.contains(&language) {
                continue;
            }
            let mut of_language: Vec<ListedFile> = Vec::new();
            let embedded = embedded::files()
                .map_err(|error| Error::internal("the embedded models cannot be read", error))?
                .iter();
            for embedded in embedded.filter(|file| file.language == language) {
                of_language.push(ListedFile {
                    language: language.as_str(),
                    file: embedded.name.to_owned(),
                    origin: Origin::Embedded,
                    docs: embedded.file.docs.clone(),
                    rows: embedded.file.rows.clone(),
                });
            }
            for own in own.files().iter().filter(|own| own.language == language) {
                let names: BTreeSet<&String> =
                    own.file.rows.iter().flat_map(|row| &row.names).collect();
                for earlier in &mut of_language {
                    for row in &mut earlier.rows {
                        row.names.retain(|name| !names.contains(name));
                    }
                    earlier.rows.retain(|row| !row.names.is_empty());
                }
                of_language.push(ListedFile {
                    language: language.as_str(),
                    file: own.path.clone(),
                    origin: Origin::Own,
                    docs: own.file.docs.clone(),
                    rows: own.file.rows.clone(),
                });
            }
            files.append(&mut of_language);
        }
        Ok(Self { files })
    }

    /// As YAML: for each file what can stand in a file of models, and where it comes from.
    ///
    /// # Errors
    /// `internal_error` when it cannot be written.
    pub fn to_yaml(&self) -> Result<String> {
        serde_saphyr::to_string(self)
            .map_err(|error| Error::internal("the models cannot be written", error))
    }

    /// For reading: names, and below them what is said of them.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            let origin = match file.origin {
                Origin::Embedded => "part of Vega",
                Origin::Own => "your own",
            };
            let _ = writeln!(text, "{} {} ({origin})", file.language, file.file);
            for row in &file.rows {
                let _ = writeln!(text, "  {}", row.names.join(", "));
                for (member, value) in said(row) {
                    let _ = writeln!(text, "      {member}: {value}");
                }
            }
            text.push('\n');
        }
        text
    }
}

/// What a row says, member by member.
fn said(row: &Row) -> BTreeMap<String, serde_json::Value> {
    let mut said: BTreeMap<String, serde_json::Value> = serde_json::to_value(row)
        .and_then(serde_json::from_value)
        .unwrap_or_default();
    said.remove("names");
    said
}
