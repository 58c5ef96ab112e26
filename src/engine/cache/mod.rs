//! What a scan keeps for the next one of the same source, so that it costs what changed.
//!
//! An entry is found by the hash of what it was made of: the build of the engine, rules, models, and
//! the files with their content. What changed has another key, so nothing is ever out of date; an entry
//! that depends on more says on what, and who takes it over looks whether that is so. What is not
//! there, or does not read back, is worked out anew. A cache decides how long a
//! scan takes, never what it says. All entries are one file, which a scan reads whole and writes
//! anew with what it used, so that what nobody uses any more goes by itself.
//!
//! A checksum shows damage, not who wrote the file: whoever can write it decides what is found, as who
//! can write a report does.
//!
//! Form: [`MAGIC`], the entries one after another (key, age, length as 4 bytes, content), the CRC-32 of
//! all that. Numbers are little-endian.

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
const MAGIC: &[u8] = b"vega-scan-cache 2\n";
/// Bytes before the content of an entry.
const HEAD: usize = KEY + 1 + 4;
const KEY: usize = 32;
const CRC: usize = 4;
/// Scans of a part of the tree for which an entry is kept that none of them used.
const MAX_AGE: u8 = 8;

/// A larger file is neither written nor read (bytes).
pub const MAX_SCAN_CACHE: usize = 512 * 1024 * 1024;

/// Where the entries of one source are kept from scan to scan.
pub trait ScanCache: Debug + Send + Sync {
    /// What the last scan kept; `None` when there is nothing, or it cannot be read.
    fn load(&self) -> Option<Vec<u8>>;

    /// Keeps `entries` in place of what was there.
    ///
    /// # Errors
    /// When it cannot be written. It costs only the work of repeating it.
    fn save(&self, entries: Vec<u8>) -> Result<()>;
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

/// An entry that the last scan left.
#[derive(Debug, Clone)]
struct Known {
    content: Range<usize>,
    /// How many scans of a part of the tree did not use it.
    age: u8,
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
    known: HashMap<Key, Known>,
    after: Mutex<BTreeMap<Key, Entry>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    /// The entries that the last scan left; none of them when that is no such file, or was cut or
    /// changed.
    pub(crate) fn open(from: Option<&dyn ScanCache>) -> Self {
        let before = from.and_then(ScanCache::load);
        let before = before
            .filter(|it| it.len() <= MAX_SCAN_CACHE)
            .unwrap_or_default();
        Self {
            is_kept: from.is_some(),
            known: entries(&before).unwrap_or_default(),
            before,
            ..Self::default()
        }
    }

    /// The entry of `key`.
    pub(crate) fn get<T: DeserializeOwned>(&self, key: Key) -> Option<T> {
        let found = self.known.get(&key).and_then(|known| {
            let value = postcard::from_bytes(self.content(&known.content)).ok()?;
            Some((value, known.content.clone()))
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
        if let Some(known) = self.known.get(&key) {
            self.goes_on(key, Entry::Known(known.content.clone()));
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

    /// Parts of an entry count like entries: so many were known, so many were not.
    pub(crate) fn count(&self, known: u64, unknown: u64) {
        self.hits.fetch_add(known, Ordering::Relaxed);
        self.misses.fetch_add(unknown, Ordering::Relaxed);
    }

    /// How often something was known, and how often it was asked for.
    pub(crate) fn reuse(&self) -> (u64, u64) {
        let hits = self.hits.load(Ordering::Relaxed);
        (hits, hits + self.misses.load(Ordering::Relaxed))
    }

    /// The file for the next scan; `None` where it is the one that was read. A scan that looked at a
    /// part of the tree only (`is_part`) leaves the rest as it was, for a while.
    pub(crate) fn to_bytes(&self, is_part: bool) -> Option<Vec<u8>> {
        let after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: BTreeMap<&Key, (u8, &[u8])> = BTreeMap::new();
        if is_part {
            let rest = self.known.iter().filter(|(_, known)| known.age < MAX_AGE);
            all.extend(rest.map(|(key, it)| (key, (it.age + 1, self.content(&it.content)))));
        }
        for (key, entry) in &*after {
            let content = match entry {
                Entry::Known(range) => self.content(range),
                Entry::New(content) => content,
            };
            all.insert(key, (0, content));
        }
        let mut bytes = MAGIC.to_vec();
        for (key, (age, content)) in all {
            bytes.extend(key.0);
            bytes.push(age);
            bytes.extend(u32::try_from(content.len()).ok()?.to_le_bytes());
            bytes.extend(content);
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        (bytes != self.before).then_some(bytes)
    }

    /// Whether there will be a next scan that knows of this one.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    fn content(&self, range: &Range<usize>) -> &[u8] {
        self.before.get(range.clone()).unwrap_or_default()
    }
}

/// Where the entries of a file stand; `None` when it is not whole.
fn entries(file: &[u8]) -> Option<HashMap<Key, Known>> {
    let end = file.len().checked_sub(CRC)?;
    let (body, crc) = file.split_at_checked(end)?;
    if !body.starts_with(MAGIC) || crc32fast::hash(body).to_le_bytes() != *crc {
        return None;
    }
    let mut entries = HashMap::new();
    let mut at = MAGIC.len();
    while at < end {
        let (key, head) = body.get(at..at + HEAD)?.split_at_checked(KEY)?;
        let (age, length) = head.split_first()?;
        let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
        let content = at + HEAD..at + HEAD + length;
        body.get(content.clone())?;
        at = content.end;
        entries.insert(Key(key.try_into().ok()?), Known { content, age: *age });
    }
    Some(entries)
}

#[cfg(test)]
pub(crate) mod tests;
