//! The code viewer on the wire.

use crate::services::code::{EntryKind, FileView, FolderEntry};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which folder.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TreeParams {
    /// The folder's path; the root when absent.
    #[param(example = "src/app")]
    pub path: Option<String>,
}

/// Which lines of which file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FileParams {
    /// The file's path.
    #[param(example = "src/app/main.py")]
    pub path: String,
    /// The first line (from 1; the default).
    #[param(minimum = 1)]
    pub start: Option<u32>,
    /// The last line; at most 5,000 lines come at once.
    #[param(minimum = 1)]
    pub end: Option<u32>,
}

/// Something in a folder.
#[derive(Debug, Serialize, ToSchema)]
pub struct TreeEntryDto {
    /// Its name in the folder.
    pub name: String,
    /// Its path from the root.
    pub path: String,
    /// `folder`, `file` or `link`.
    #[schema(example = "file")]
    pub kind: &'static str,
    /// Size in bytes; files only.
    pub size_bytes: Option<u64>,
    /// Files at any depth below; folders only.
    pub file_count: Option<u64>,
}

impl TreeEntryDto {
    /// An entry of `folder`.
    pub fn new(folder: &str, entry: FolderEntry) -> Self {
        let folder = folder.trim_matches('/');
        let (size_bytes, file_count) = match entry.kind {
            EntryKind::Folder { files } => (None, Some(files)),
            EntryKind::File { size } => (Some(size), None),
            EntryKind::Link => (None, None),
        };
        Self {
            path: if folder.is_empty() {
                entry.name.clone()
            } else {
                format!("{folder}/{}", entry.name)
            },
            name: entry.name,
            kind: kind_of(entry.kind),
            size_bytes,
            file_count,
        }
    }
}

/// Lines of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileDto {
    /// The file.
    pub path: String,
    /// `file`, or `link`: then the text is the path it points to.
    #[schema(example = "file")]
    pub kind: &'static str,
    /// Size in bytes.
    pub size_bytes: u64,
    /// The language, where the name tells.
    #[schema(example = "python")]
    pub language: Option<&'static str>,
    /// Whether it is no text.
    pub binary: bool,
    /// Why there are no lines, if so.
    pub reason: Option<&'static str>,
    /// Lines in the whole file.
    pub total_lines: u32,
    /// The number of the first line of `lines`.
    pub start: u32,
    /// The lines, without their ends.
    pub lines: Vec<String>,
    /// What to colour: line, first character (from 0), character after the last, class.
    pub spans: Vec<SpanDto>,
}

/// A coloured piece of a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpanDto {
    /// The line, from 1.
    pub line: u32,
    /// First character (Unicode scalar), from 0.
    pub start: u32,
    /// The character after the last one.
    pub end: u32,
    /// `keyword`, `string`, `comment`, `function`, …
    #[schema(example = "keyword")]
    pub class: &'static str,
}

impl FileDto {
    /// The view of the file at `path`.
    pub fn new(path: String, view: FileView) -> Self {
        let mut dto = Self {
            path,
            kind: kind_of(view.kind),
            size_bytes: view.size,
            language: view.language.map(|language| language.as_str()),
            binary: false,
            reason: None,
            total_lines: 0,
            start: 1,
            lines: Vec::new(),
            spans: Vec::new(),
        };
        match view.text {
            Ok(text) => {
                dto.total_lines = text.total_lines;
                dto.start = text.first;
                dto.lines = text.lines;
                let spans = text.spans.into_iter().map(|span| SpanDto {
                    line: span.line,
                    start: span.start,
                    end: span.end,
                    class: span.class,
                });
                dto.spans = spans.collect();
            }
            Err(reason) => {
                dto.binary = reason == "binary";
                dto.reason = Some(reason);
            }
        }
        dto
    }
}

fn kind_of(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Folder { .. } => "folder",
        EntryKind::File { .. } => "file",
        EntryKind::Link => "link",
    }
}
