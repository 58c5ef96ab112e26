//! Moving an installation, or some of its projects: one file out, one file in, whatever the
//! backends on either side.
//!
//! The file is a tar (POSIX ustar): it can be written to a pipe and read from one end to the other
//! in bounded memory, and looked into with every system's own tools; a zip needs its directory, and
//! sizes before content, for either. Its entries, in this order:
//!
//! - `manifest.json`: format, when and by which version, of which projects ([`Manifest`]);
//! - `objects/00000001` …: the stored objects; numbered, so that no name in the file is ever a path;
//! - `records/<kind>-000001.jsonl` …: the records, one JSON document per line, in the order of
//!   [`PortableKind`];
//! - `contents.json`: size and SHA-256 of every entry before it, and the objects' keys
//!   (`Contents`). It comes last, so a file that was cut off has none.
//!
//! Everything is verified before anything is changed (`verify`); nothing is ever replaced
//! ([`import`]). Only administrators at the machine come here, so no access is checked.

mod export;
mod import;
mod missing;
mod reader;
mod verify;
mod writer;

pub use export::{ExportOptions, ExportReport, export};
pub use import::{ImportReport, Tally, import};

use crate::domain::{ids::ProjectId, portable::PortableKind, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The newest format this version reads, and the one it writes. Raised with what an older version
/// would not know:
///
/// - 1: up to remotes for `git push`.
/// - 2: audit entries name `cli` and `server` and have details.
const FORMAT: u32 = 2;
/// The oldest format this version reads.
const OLDEST_FORMAT: u32 = 1;
/// What a manifest says it is.
const PRODUCT: &str = "vega-export";

const MANIFEST: &str = "manifest.json";
const CONTENTS: &str = "contents.json";

/// The beginning of the keys that travel. Everything else in an object store, or beside the objects
/// in a data folder, is out of reach for an import.
const PREFIXES: [&str; 4] = ["exports", "scans", "snapshots", "uploads"];

/// Says how far the work is, in words for a person who waits.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// What the file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`PRODUCT`].
    product: String,
    /// The format of the whole file.
    format: u32,
    /// The version of Vega that wrote it.
    vega_version: String,
    /// When. The only thing in the file that does not follow from what was exported.
    created_at: Timestamp,
    /// Which projects; absent: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    projects: Option<Vec<ProjectId>>,
    /// Whether password hashes and API keys are in it.
    credentials: bool,
    /// Git tokens never are: they are sealed with a key that stays where it is.
    git_tokens: bool,
}

/// What has to be in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Contents {
    /// The manifest.
    manifest: Checksum,
    /// The objects, in the order of their numbers.
    objects: Vec<StoredObject>,
    /// The parts of the records.
    records: Vec<RecordPart>,
}

/// What bytes are recognised by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Checksum {
    /// In bytes.
    size: u64,
    /// In hex.
    sha256: String,
}

/// An object in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredObject {
    /// Where it lies in an object store.
    key: String,
    #[serde(flatten)]
    checksum: Checksum,
}

/// An entry with records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RecordPart {
    kind: PortableKind,
    /// From 1, for each kind.
    number: u32,
    /// How many there are in it.
    records: u64,
    #[serde(flatten)]
    checksum: Checksum,
}

impl RecordPart {
    fn name(&self) -> String {
        part_name(self.kind, self.number)
    }
}

fn part_name(kind: PortableKind, number: u32) -> String {
    format!("records/{kind}-{number:06}.jsonl")
}

/// The name of the object with this number, counted from 1.
fn object_name(number: usize) -> String {
    format!("objects/{number:08}")
}
