//! What a scan keeps for the next one of the same source, so that it costs what changed.
//!
//! An entry is found by the hash of everything it was made of: the build of the engine, rules,
//! models, and the files with their content. What changed has another key, so nothing is ever out
//! of date; what is not there, or does not read back, is worked out anew. A cache decides how long a
//! scan takes, never what it says. All entries are one file, which a scan reads whole and writes
//! anew with what it used, so that what nobody uses any more goes by itself.
//!
//! Form: [`MAGIC`], the entries one after another (key, length as 4 bytes, content), the CRC-32 of all
//! that. Numbers are little-endian.

use super::inventory::{Language, SourceFile};
use crate::error::Result;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// How every file of entries begins, whatever its version.
const NAME: &[u8] = b"vega-scan-cache ";
/// How a file of entries begins: what it is, and the version of its form.
const MAGIC: &[u8] = b"vega-scan-cache 1\n";
/// Bytes before the content of an entry.
const HEAD: usize = KEY + 4;
const KEY: usize = 32;
const CRC: usize = 4;
/// What nobody used is kept only while all entries together are smaller (bytes).
const ROOM: usize = 256 * 1024 * 1024;

/// Where the entries of one source are kept from scan to scan.
pub trait ScanCache: Debug + Send + Sync {
    /// What the last scan kept; `None` when there is nothing, or it cannot be read.
    fn load(&self) -> Option<Vec<u8>>;

    /// Keeps `entries` in place of what was there.
    ///
    /// # Errors
    /// When it cannot be written. It costs only the work of repeating it.
    fn save(&self, entries: &[u8]) -> Result<()>;
}

/// Whether a file that begins so is one that a scan left for the next.
pub fn is_scan_cache(begins: &[u8]) -> bool {
    begins.starts_with(NAME)
}

/// What an entry is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key([u8; KEY]);

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The key of an entry in the making: `kind`, then all it is made of.
#[derive(Debug, Clone)]
pub(crate) struct KeyOf(Sha256);

impl KeyOf {
    pub(crate) fn new(kind: &str) -> Self {
        Self(Sha256::new()).and(env!("VEGA_ENGINE_BUILD")).and(kind)
    }

    /// The length goes in as well, so that parts cannot run into each other.
    pub(crate) fn and(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// A file with its content.
    pub(crate) fn and_file(self, file: &SourceFile) -> Self {
        self.and(&file.path)
            .and(file.language.map_or("", Language::as_str))
            .and(file.role.as_str())
            .and(&file.sha256)
    }

    pub(crate) fn key(self) -> Key {
        Key(self.0.finalize().into())
    }
}

/// An entry that goes to the next scan.
#[derive(Debug)]
enum Entry {
    /// As it was read.
    Known(Range<usize>),
    New(Vec<u8>),
}

/// The entries during a scan.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Whether there will be a next scan that knows of this one.
    is_kept: bool,
    before: Vec<u8>,
    known: HashMap<Key, Range<usize>>,
    after: Mutex<BTreeMap<Key, Entry>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    /// The entries that the last scan left; none of them when that is no such file, or was cut or
    /// changed.
    pub(crate) fn open(from: Option<&dyn ScanCache>) -> Self {
        let before = from.and_then(ScanCache::load).unwrap_or_default();
        Self {
            is_kept: from.is_some(),
            known: entries(&before).unwrap_or_default(),
            before,
            ..Self::default()
        }
    }

    /// The entry of `key`.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: Key) -> Option<T> {
        let found = self.known.get(&key).and_then(|range| {
            let value = postcard::from_bytes(self.before.get(range.clone())?).ok()?;
            Some((value, range.clone()))
        });
        let Some((value, range)) = found else {
            self.misses.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.goes_on(key, Entry::Known(range));
        Some(value)
    }

    /// Keeps an entry without looking into it: what it is part of is known as a whole.
    pub(crate) fn keep(&self, key: Key) {
        if let Some(range) = self.known.get(&key) {
            self.goes_on(key, Entry::Known(range.clone()));
        }
    }

    /// Keeps `value` for the next scan. What cannot be written down is worked out again then.
    pub(crate) fn put<T: Serialize>(&self, key: Key, value: &T) {
        if self.is_kept
            && let Ok(bytes) = postcard::to_stdvec(value)
        {
            self.goes_on(key, Entry::New(bytes));
        }
    }

    fn goes_on(&self, key: Key, entry: Entry) {
        let mut after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        after.insert(key, entry);
    }

    /// How often something was known, and how often it was asked for.
    pub(crate) fn reuse(&self) -> (u64, u64) {
        let hits = self.hits.load(Ordering::Relaxed);
        (hits, hits + self.misses.load(Ordering::Relaxed))
    }

    /// The file for the next scan; `None` where it is the one that was read. A scan that looked at a
    /// part of the tree only (`is_part`) leaves the rest as it was, as far as there is room.
    pub(crate) fn to_bytes(&self, is_part: bool) -> Option<Vec<u8>> {
        let after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: BTreeMap<&Key, &[u8]> = BTreeMap::new();
        if is_part && self.before.len() <= ROOM {
            let rest = self.known.iter();
            all.extend(rest.map(|(key, range)| (key, self.content(range))));
        }
        for (key, entry) in &*after {
            all.insert(
                key,
                match entry {
                    Entry::Known(range) => self.content(range),
                    Entry::New(content) => content,
                },
            );
        }
        let is_new = after.values().any(|entry| matches!(entry, Entry::New(_)));
        if !is_new && all.len() == self.known.len() && !self.before.is_empty() {
            return None;
        }
        let mut bytes = MAGIC.to_vec();
        for (key, content) in all {
            if let Ok(length) = u32::try_from(content.len()) {
                bytes.extend(key.0);
                bytes.extend(length.to_le_bytes());
                bytes.extend(content);
            }
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Some(bytes)
    }

    fn content(&self, range: &Range<usize>) -> &[u8] {
        self.before.get(range.clone()).unwrap_or_default()
    }
}

/// Where the entries of a file stand; `None` when it is not whole.
fn entries(file: &[u8]) -> Option<HashMap<Key, Range<usize>>> {
    let end = file.len().checked_sub(CRC)?;
    let (body, crc) = file.split_at_checked(end)?;
    if !body.starts_with(MAGIC) || crc32fast::hash(body).to_le_bytes() != *crc {
        return None;
    }
    let mut entries = HashMap::new();
    let mut at = MAGIC.len();
    while at < end {
        let (key, length) = body.get(at..at + HEAD)?.split_at_checked(KEY)?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let content = at + HEAD..at + HEAD + length;
        body.get(content.clone())?;
        at = content.end;
        entries.insert(Key(key.try_into().ok()?), content);
    }
    Some(entries)
}

#[cfg(test)]
mod tests;
