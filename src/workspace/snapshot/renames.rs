//! Files that moved between two snapshots, unchanged or a little edited.

use super::{Listing, writer};
use crate::{
    error::Result,
    workspace::{
        FileMode,
        archive::zip::{self, directory::Record},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};
use tokio_util::sync::CancellationToken;

/// Percent of the text two files must share for one to be the other, edited.
const MOVED_PERCENT: usize = 60;
/// Percent of the text another file must not reach beside it.
const RIVAL_PERCENT: usize = 50;
/// Lines below which likeness says little.
const MIN_LINES: usize = 5;
/// Larger files are not compared.
const MAX_COMPARED_BYTES: u64 = 256 * 1024;
/// Comparisons, and bytes read for them, beyond which edited files are not looked for.
const MAX_PAIRS: usize = 4096;
const MAX_READ_BYTES: u64 = 16 * 1024 * 1024;

/// Files that moved between two snapshots: old path → new path, among the files that vanished and
/// those that appeared. Identical content that occurs once on each side is a move; so is, with the
/// same extension, content that is mostly the same where nothing else comes near. Empty files and
/// links never count as moved.
///
/// # Errors
/// `archive_rejected` when one of the files is not a snapshot.
pub fn renames(old_zip: &Path, new_zip: &Path) -> Result<BTreeMap<String, String>> {
    let (old, new) = (Listing::read(old_zip)?, Listing::read(new_zip)?);
    let (mut vanished, mut appeared) = (old.without(&new), new.without(&old));
    let mut moved = unchanged(&old, &vanished, &new, &appeared)?;
    let targets: BTreeSet<String> = moved.values().cloned().collect();
    vanished.retain(|path, _| !moved.contains_key(*path));
    appeared.retain(|path, _| !targets.contains(*path));
    moved.extend(edited(&old, vanished, &new, appeared)?);
    Ok(moved)
}

type Files<'a> = BTreeMap<&'a str, &'a Record>;

/// Moves of content that is the same to the byte.
fn unchanged(
    old: &Listing,
    vanished: &Files<'_>,
    new: &Listing,
    appeared: &Files<'_>,
) -> Result<BTreeMap<String, String>> {
    let (vanished, appeared) = (by_weight(vanished), by_weight(appeared));
    let mut moved = BTreeMap::new();
    for (weight, old_files) in &vanished {
        let Some(new_files) = appeared.get(weight) else {
            continue;
        };
        let old_contents = old.by_content(old_files)?;
        let new_contents = new.by_content(new_files)?;
        for (hash, paths) in &old_contents {
            let new_paths = new_contents.get(hash).map(Vec::as_slice);
            if let ([from], Some([to])) = (paths.as_slice(), new_paths) {
                moved.insert((*from).to_owned(), (*to).to_owned());
            }
        }
    }
    Ok(moved)
}

/// Files grouped by size and CRC-32.
fn by_weight<'a>(files: &Files<'a>) -> HashMap<(u64, u32), Vec<&'a str>> {
    let mut groups: HashMap<(u64, u32), Vec<&str>> = HashMap::new();
    for (path, record) in files {
        let weight = (record.size, record.crc);
        groups.entry(weight).or_default().push(path);
    }
    groups
}

/// Moves of content that was edited on the way.
fn edited(
    old: &Listing,
    mut vanished: Files<'_>,
    new: &Listing,
    mut appeared: Files<'_>,
) -> Result<BTreeMap<String, String>> {
    vanished.retain(|_, record| record.size <= MAX_COMPARED_BYTES);
    appeared.retain(|_, record| record.size <= MAX_COMPARED_BYTES);
    let bytes: u64 = vanished
        .values()
        .chain(appeared.values())
        .map(|record| record.size)
        .sum();
    if vanished.len().saturating_mul(appeared.len()) > MAX_PAIRS || bytes > MAX_READ_BYTES {
        return Ok(BTreeMap::new());
    }
    let (vanished, appeared) = (old.lines(&vanished)?, new.lines(&appeared)?);
    let mut alike = Vec::new();
    for (from, before) in &vanished {
        for (to, after) in &appeared {
            let percent = before.likeness(after);
            let same_kind = Path::new(from).extension() == Path::new(to).extension();
            if same_kind && percent >= RIVAL_PERCENT {
                alike.push((*from, *to, percent));
            }
        }
    }
    let rivals = |from: &str, to: &str| {
        let near = alike.iter().filter(|pair| pair.0 == from || pair.1 == to);
        near.count() > 1
    };
    Ok(alike
        .iter()
        .filter(|(from, to, percent)| *percent >= MOVED_PERCENT && !rivals(from, to))
        .map(|(from, to, _)| ((*from).to_owned(), (*to).to_owned()))
        .collect())
}

/// A text's lines that are not blank, sorted, without the space around them.
struct Lines(Vec<Vec<u8>>);

impl Lines {
    /// How much of both texts is in lines they share, in percent of their bytes.
    fn likeness(&self, other: &Self) -> usize {
        let size = |lines: &Self| lines.0.iter().map(Vec::len).sum::<usize>();
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut shared = 0;
        while let (Some(one), Some(two)) = (left.peek(), right.peek()) {
            match one.cmp(two) {
                std::cmp::Ordering::Less => drop(left.next()),
                std::cmp::Ordering::Greater => drop(right.next()),
                std::cmp::Ordering::Equal => {
                    shared += one.len();
                    left.next();
                    right.next();
                }
            }
        }
        (shared * 200)
            .checked_div(size(self) + size(other))
            .unwrap_or(0)
    }
}

impl Listing {
    /// Files that `other` does not have.
    fn without(&self, other: &Self) -> BTreeMap<&str, &Record> {
        let link = Some(writer::unix_mode(FileMode::Symlink));
        let own = self.files.iter().filter(|(path, record)| {
            record.size > 0 && record.unix_mode != link && !other.files.contains_key(*path)
        });
        own.map(|(path, record)| (path.as_str(), record)).collect()
    }

    /// The same files grouped by SHA-256 of their content, since a CRC is easily made to collide.
    fn by_content<'a>(&self, paths: &[&'a str]) -> Result<BTreeMap<[u8; 32], Vec<&'a str>>> {
        let never = CancellationToken::new();
        let mut groups: BTreeMap<[u8; 32], Vec<&str>> = BTreeMap::new();
        for path in paths {
            if let Some(record) = self.files.get(*path) {
                let hash = zip::content_sha256(&self.file, record, &never)?;
                groups.entry(hash).or_default().push(path);
            }
        }
        Ok(groups)
    }

    /// The lines of those files that are text and long enough to be told from others.
    fn lines<'a>(&self, files: &Files<'a>) -> Result<BTreeMap<&'a str, Lines>> {
        let never = CancellationToken::new();
        let mut texts = BTreeMap::new();
        for (path, record) in files {
            let mut content = Vec::new();
            zip::content(&self.file, record, &never, |bytes| {
                content.extend_from_slice(bytes);
                Ok(())
            })?;
            let mut lines: Vec<Vec<u8>> = content
                .split(|byte| *byte == b'\n')
                .map(|line| line.trim_ascii().to_vec())
                .filter(|line| !line.is_empty())
                .collect();
            if lines.len() >= MIN_LINES && !content.contains(&0) {
                lines.sort_unstable();
                texts.insert(*path, Lines(lines));
            }
        }
        Ok(texts)
    }
}
