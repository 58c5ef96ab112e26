//! Models of the user's own: every `*.yaml` below `models/<language>/` in the folder of overrides.
//!
//! Read once, at the start of an audit, and believed only whole: one fault in one file fails the
//! audit, because with half of what was meant it would find something else, silently. Never read
//! from an audited tree.

use super::{LANGUAGES, ModelFile, Row, check, embedded::FILES, options, parse};
use crate::{
    engine::inventory::Language,
    error::{Error, FieldError, Result},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_saphyr::Spanned;
use sha2::{Digest, Sha256};
use std::{fs, io, path::Path, sync::OnceLock};

/// The folder in the folder of overrides.
const FOLDER: &str = "models";
/// A larger file is no list of models (bytes).
const MAX_BYTES: u64 = 1_048_576;
/// Files of one user.
const MAX_FILES: usize = 1_000;
/// Folders in folders.
const MAX_DEPTH: usize = 8;

/// The models in force: the embedded ones, and those of the user.
#[derive(Debug, Default)]
pub(crate) struct Models {
    files: Vec<OwnFile>,
    /// The SHA-256 (hex) of names and contents; `None` without own files.
    hash: Option<String>,
}

/// A file of the user.
#[derive(Debug)]
pub(super) struct OwnFile {
    pub(super) language: Language,
    /// Below the folder of overrides, with `/`.
    pub(super) path: String,
    pub(super) file: ModelFile,
}

impl Models {
    /// Reads the user's models, ordered by path.
    ///
    /// # Errors
    /// `validation_error` with every fault: file, line, what is wrong and what to do.
    pub(crate) fn read(overrides: Option<&Path>) -> Result<Self> {
        let Some(root) = overrides else {
            return Ok(Self::default());
        };
        let mut reading = Reading {
            root,
            models: Self::default(),
            hasher: Sha256::new(),
            faults: Vec::new(),
        };
        reading.languages();
        if !reading.faults.is_empty() {
            return Err(Error::validation(reading.faults));
        }
        let mut models = reading.models;
        if !models.files.is_empty() {
            models.hash = Some(hex::encode(reading.hasher.finalize()));
        }
        Ok(models)
    }

    /// The user's files of a language.
    pub(super) fn of(&self, language: Language) -> impl Iterator<Item = &ModelFile> {
        let files = self.files.iter();
        files
            .filter(move |own| own.language == language)
            .map(|own| &own.file)
    }

    pub(super) fn files(&self) -> &[OwnFile] {
        &self.files
    }

    /// The paths of the user's files below the folder of overrides.
    pub(crate) fn own_files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|own| own.path.as_str())
    }

    /// What tells the user's models from others; `None` when there are none.
    pub(crate) fn own_version(&self) -> Option<&str> {
        self.hash.as_ref().map(|hash| &hash[..8])
    }

    /// A hash over everything that models say: results for another one are other results.
    pub(crate) fn digest(&self) -> String {
        static EMBEDDED: OnceLock<String> = OnceLock::new();
        let embedded = EMBEDDED.get_or_init(|| {
            let mut hasher = Sha256::new();
            for (language, name, text) in FILES {
                add(&mut hasher, &[language.as_str(), name, text]);
            }
            hex::encode(hasher.finalize())
        });
        format!("{embedded}-{}", self.hash.as_deref().unwrap_or_default())
    }
}

/// Adds texts to a hash so that no two lists of them are the same bytes.
fn add(hasher: &mut Sha256, texts: &[&str]) {
    for text in texts {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
}

/// Reading the user's folder.
struct Reading<'a> {
    root: &'a Path,
    models: Models,
    hasher: Sha256,
    faults: Vec<FieldError>,
}

impl Reading<'_> {
    fn fault(&mut self, path: &str, message: impl Into<String>) {
        self.faults.push(FieldError::new(path, message));
    }

    /// `models/python`, `models/java`, and nothing else.
    fn languages(&mut self) {
        let known = LANGUAGES.map(Language::as_str);
        for (name, path, is_folder) in self.entries(FOLDER) {
            let language = LANGUAGES.into_iter().find(|it| it.as_str() == name);
            match language {
                Some(language) if is_folder => self.folder(language, &path, 0),
                None if is_folder => {
                    let message = format!(
                        "there are no models for '{name}'; the folders that are read are {}",
                        known.join(" and ")
                    );
                    self.fault(&path, message);
                }
                _ if is_yaml(&name) => {
                    let message = format!(
                        "it is not clear which language this is about: move it into {FOLDER}/{}",
                        known.join(&format!(" or {FOLDER}/"))
                    );
                    self.fault(&path, message);
                }
                _ => {}
            }
        }
    }

    fn folder(&mut self, language: Language, folder: &str, depth: usize) {
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} folders in one another are not read");
            return self.fault(folder, message);
        }
        for (name, path, is_folder) in self.entries(folder) {
            if is_folder {
                self.folder(language, &path, depth + 1);
            } else if name.ends_with(".yaml") {
                self.file(language, &path);
            } else if is_yaml(&name) {
                self.fault(&path, "only *.yaml is read: rename it");
            }
        }
    }

    /// What is in a folder, by name: name, path, whether it is a folder. Hidden names are not there,
    /// as they are what editors and mounted volumes keep for themselves.
    fn entries(&mut self, folder: &str) -> Vec<(String, String, bool)> {
        let mut entries = Vec::new();
        match fs::read_dir(self.root.join(folder)) {
            Ok(found) => {
                for entry in found {
                    match entry.map(|entry| entry.file_name().into_string()) {
                        Ok(Ok(name)) if name.starts_with('.') => {}
                        Ok(Ok(name)) => {
                            let path = format!("{folder}/{name}");
                            let is_folder = self.root.join(&path).is_dir();
                            entries.push((name, path, is_folder));
                        }
                        Ok(Err(name)) => {
                            let name = name.to_string_lossy().into_owned();
                            self.fault(folder, format!("the name of '{name}' is not UTF-8"));
                        }
                        Err(error) => self.fault(folder, unreadable(&error)),
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder == FOLDER => {}
            Err(error) => self.fault(folder, unreadable(&error)),
        }
        entries.sort();
        entries
    }

    fn file(&mut self, language: Language, path: &str) {
        if self.models.files.len() >= MAX_FILES {
            let message = format!("more than {MAX_FILES} files of models are not read");
            if self.faults.last().is_none_or(|it| it.message != message) {
                self.fault(path, message);
            }
            return;
        }
        let text = match read(&self.root.join(path)) {
            Ok(text) => text,
            Err(message) => return self.fault(path, message),
        };
        let file = match parse(&text) {
            Ok(file) => file,
            Err(error) => {
                let line = error.location().map(|it| it.line());
                let place = line.map_or(path.to_owned(), |line| format!("{path}:{line}"));
                return self.fault(&place, check::explained(&error.to_string()));
            }
        };
        let lines = lines_of(&text);
        for (at, row) in file.rows.iter().enumerate() {
            let line = lines.get(at).copied().unwrap_or(1);
            self.row(language, path, line, row);
        }
        add(&mut self.hasher, &[path, &text]);
        self.models.files.push(OwnFile {
            language,
            path: path.to_owned(),
            file,
        });
    }

    fn row(&mut self, language: Language, path: &str, line: u64, row: &Row) {
        for message in check::faults(language, row) {
            self.fault(&format!("{path}:{line}"), message);
        }
    }
}

fn is_yaml(name: &str) -> bool {
    let (_, extension) = name.rsplit_once('.').unwrap_or_default();
    extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

/// The text of a file that is not too large. A pipe in its place is no file.
fn read(path: &Path) -> std::result::Result<String, String> {
    let about = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !about.is_file() {
        return Err("is no file".to_owned());
    }
    if about.len() > MAX_BYTES {
        return Err("is larger than 1 MiB: split it".to_owned());
    }
    let bytes = fs::read(path).map_err(|error| unreadable(&error))?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8: save it as UTF-8".to_owned())
}

/// In which line each row begins.
fn lines_of(text: &str) -> Vec<u64> {
    #[derive(Deserialize)]
    struct Places {
        rows: Vec<Spanned<IgnoredAny>>,
    }
    let places: std::result::Result<Places, _> =
        serde_saphyr::from_str_with_options(text, options());
    let rows = places.map_or_else(|_| Vec::new(), |places| places.rows);
    rows.iter().map(|row| row.referenced.line()).collect()
}
