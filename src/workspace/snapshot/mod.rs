//! Snapshots: one deterministic zip per source tree.
//!
//! The same tree gives the same bytes: entries sorted by path, no times, fixed attributes, a fixed
//! compression level. The zip's comment names the format, the totals and the tree's hash, so a
//! runner can tell our zips from others and notices any change. Links stay text files with the
//! link bit in their mode. Where the zip is stored is not known here.

mod browse;
mod renames;
mod writer;

pub use browse::{Browser, EntryKind, FolderEntry};
pub use renames::renames;

use super::{
    FileMode, ManifestEntry, PackedSnapshot, SourceLimits, SourceTree,
    archive::{LinkRule, RatioRule, Rules, zip},
    check_cancelled, language, paths,
    rejection::Reason,
    staging::{Access, Staging, disk_error},
};
use crate::error::{Error, Result};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs::File, path::Path};
use tokio_util::sync::CancellationToken;
use writer::{Packed, ZipFile};

/// First word of the zip's comment; the number is the format's version.
const FORMAT: &str = "vega-snapshot/1";
/// Bytes of source compressed at once, which bounds the memory of [`pack`].
const WAVE_BYTES: u64 = 32 * 1024 * 1024;
const WAVE_FILES: usize = 1024;

/// SHA-256 (hex) of a tree's manifest: for each file, in path order, its mode, size, content hash
/// and path. Paths cannot contain NUL, so the encoding is unambiguous.
pub fn tree_sha256(entries: &[ManifestEntry]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"vega-tree/1\0");
    for entry in entries {
        let mode = match entry.mode {
            FileMode::Regular => "100644",
            FileMode::Executable => "100755",
            FileMode::Symlink => "120000",
        };
        let line = format!("{mode} {} {} {}\0", entry.size, entry.sha256, entry.path);
        hash.update(line.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// Packs a tree into one zip with the same bytes for the same tree. An existing file is replaced.
///
/// # Errors
/// `conflict` with `details.reason` = `cancelled`; `dependency_unavailable` when the disk is full;
/// `internal_error` when the tree is no longer what its manifest says. No zip is left behind then.
pub fn pack(
    tree: &SourceTree,
    zip_path: &Path,
    cancel: &CancellationToken,
) -> Result<PackedSnapshot> {
    let tree_sha256 = tree_sha256(&tree.entries);
    let mut zip = ZipFile::create(zip_path)?;
    let mut languages: BTreeMap<String, u64> = BTreeMap::new();
    let mut rest = tree.entries.as_slice();
    while !rest.is_empty() {
        let (wave, later) = rest.split_at(wave_length(rest));
        rest = later;
        let packed: Vec<(Packed, Option<&'static str>)> = wave
            .par_iter()
            .map(|entry| {
                check_cancelled(cancel)?;
                let content = read_entry(&tree.root, entry)?;
                let head = &content[..content.len().min(512)];
                let language = match entry.mode {
                    FileMode::Symlink => None,
                    _ => language::detect(&entry.path, head),
                };
                Ok((Packed::new(entry, &content)?, language))
            })
            .collect::<Result<_>>()?;
        for (entry, (packed, language)) in wave.iter().zip(packed) {
            zip.add(entry, &packed)?;
            if let Some(language) = language {
                *languages.entry(language.to_owned()).or_default() += entry.size;
            }
        }
    }
    check_cancelled(cancel)?;
    let (size_bytes, file_count) = (tree.size_bytes(), tree.entries.len() as u64);
    let comment = format!("{FORMAT} files={file_count} bytes={size_bytes} tree={tree_sha256}");
    Ok(PackedSnapshot {
        archive_sha256: zip.finish(&comment)?,
        tree_sha256,
        size_bytes,
        file_count,
        languages,
    })
}

/// How many of the next files fit into one wave; at least one.
fn wave_length(entries: &[ManifestEntry]) -> usize {
    let mut bytes = 0;
    let fitting = entries.iter().take(WAVE_FILES).take_while(|entry| {
        bytes += entry.size;
        bytes <= WAVE_BYTES
    });
    fitting.count().max(1)
}

fn read_entry(root: &Path, entry: &ManifestEntry) -> Result<Vec<u8>> {
    use rustix::fs::{Mode, OFlags};
    use std::io::Read;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(root.join(&entry.path), flags, Mode::empty())
        .map_err(|error| disk_error("could not open a file of the tree", error.into()))?;
    let mut content = Vec::with_capacity(usize::try_from(entry.size).unwrap_or(0));
    File::from(file)
        .take(entry.size + 1)
        .read_to_end(&mut content)
        .map_err(|error| disk_error("could not read a file of the tree", error))?;
    let same =
        content.len() as u64 == entry.size && hex::encode(Sha256::digest(&content)) == entry.sha256;
    if !same {
        return Err(Error::internal(
            "a file changed since it was unpacked",
            std::io::Error::other("content differs from the manifest"),
        ));
    }
    Ok(content)
}

/// Extracts a snapshot into `dest`, which must not exist yet, as read-only files.
///
/// # Errors
/// `archive_rejected` when the zip is not one [`pack`] made or was damaged; `conflict` with
/// `details.reason` = `cancelled`; `dependency_unavailable` when the disk is full. Nothing is left
/// behind in any of these cases.
pub fn extract(zip: &Path, dest: &Path, cancel: &CancellationToken) -> Result<SourceTree> {
    check_cancelled(cancel)?;
    let (file, size) = open(zip)?;
    let promised = Promise::read(&file, size)?;
    // The tree was judged when it came in, under limits of that day; here the comment's totals
    // bound what may come out, and deflate's own 1032:1 bounds the comment.
    let rules = Rules {
        limits: SourceLimits {
            max_source_bytes: u64::MAX,
            // Folders count as well, and a deep tree has more of them than files. The number of
            // files is bounded by the directory read below.
            max_entries: promised.files.saturating_mul(paths::MAX_FOLDERS),
            max_file_bytes: promised.bytes,
            max_total_bytes: promised.bytes,
        },
        links: LinkRule::AnyTarget,
        ratio: RatioRule::Unbounded,
        access: Access::ReadOnly,
    };
    let records = zip::directory::read(&file, size, promised.files)?;
    let staging = Staging::begin(dest, rules.access)?;
    let mut entries = zip::unpack(&file, size, &records, &staging, &rules, cancel)?;
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    if entries.len() as u64 != promised.files || tree_sha256(&entries) != promised.tree {
        return Err(Reason::NotASnapshot.error());
    }
    check_cancelled(cancel)?;
    let root = staging.publish()?;
    Ok(SourceTree { root, entries })
}

/// What a snapshot's comment promises.
struct Promise {
    files: u64,
    bytes: u64,
    tree: String,
}

impl Promise {
    fn read(file: &File, size: u64) -> Result<Self> {
        let comment = zip::comment(file, size)?;
        let parse = || {
            let text = std::str::from_utf8(&comment).ok()?;
            let mut words = text.strip_prefix(FORMAT)?.strip_prefix(' ')?.split(' ');
            let promise = Self {
                files: words.next()?.strip_prefix("files=")?.parse().ok()?,
                bytes: words.next()?.strip_prefix("bytes=")?.parse().ok()?,
                tree: words.next()?.strip_prefix("tree=")?.to_owned(),
            };
            words.next().is_none().then_some(promise)
        };
        parse().ok_or_else(|| Reason::NotASnapshot.error())
    }
}

fn open(path: &Path) -> Result<(File, u64)> {
    let file = File::open(path).map_err(|error| disk_error("could not open a snapshot", error))?;
    let size = file
        .metadata()
        .map_err(|error| disk_error("could not open a snapshot", error))?
        .len();
    Ok((file, size))
}

/// A snapshot's files as its directory lists them.
struct Listing {
    file: File,
    files: BTreeMap<String, zip::directory::Record>,
}

impl Listing {
    fn read(path: &Path) -> Result<Self> {
        let (file, size) = open(path)?;
        let promised = Promise::read(&file, size)?;
        let records = zip::directory::read(&file, size, promised.files)?;
        let mut files = BTreeMap::new();
        for record in records {
            if let Some(path) = paths::clean(&record.name)? {
                files.insert(path, record);
            }
        }
        Ok(Self { file, files })
    }
}
