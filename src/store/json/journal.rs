//! One journal file: checksummed JSON lines, appended and never changed.
//!
//! A line is `{"crc":"<8 hex>","prev":"<8 hex>","at":…,"ops":[…]}`. The checksum (CRC-32, IEEE)
//! covers everything after its own field up to the newline, so a line is valid on its own; `prev`
//! repeats the checksum of the line before, so a missing or exchanged line shows. The first line
//! carries format and generation instead. The first two fields always stand in this order, at
//! fixed places. Invariants: only the holder of the store's lock appends
//! or truncates; [`Journal::end`] is the end of the last valid line this process has read.
//! This file knows nothing of what the operations mean.

mod lines;

use super::error::{Newer, corrupted, not_known, storage, too_new};
use crate::error::{Cause, Error, Result};
use lines::{CHUNK, Chunk, Lines};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{fs::File, ops::Range, os::unix::fs::FileExt, path::PathBuf, sync::Arc};

/// The newest journal and manifest format this version reads, and the one it writes.
///
/// It is raised when something new is written that an older version would misread, lose or not know:
/// a kind of record, a value, a field that must not get lost. Older formats are read for ever; what
/// they were becomes this one before anything is added, so that an older version refuses it by name.
///
/// - 1: up to remotes for `git push`.
/// - 2: audit entries name `cli` and `server` and have details, and can be deleted; git uploads end
///   with an API key; kept answers know their scope and what rights their maker had.
pub const FORMAT: u32 = 2;

/// `{"crc":"`, eight digits, `",`.
const CRC_FIELD: usize = 18;
const LINE_START: &[u8] = b"{\"crc\":\"";
/// Fewer lines than this are not worth a second thread.
const PARALLEL_LINES: usize = 4;

/// The first line of a journal, without its checksum.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    generation: u64,
}

/// A reader of commits. Making sense of a line needs nothing but the line, so it is done for many
/// lines at once; applying follows their order.
pub trait Apply: Send {
    /// What a line says.
    type Commit<'a>: Send;

    /// Parses a line whose checksum is right and which begins at byte `offset`.
    fn parse(line: &[u8], offset: u64) -> Result<Self::Commit<'_>, Cause>;

    /// Takes over what a line says. After a refusal only a part of it may have been taken.
    fn apply(&mut self, commit: Self::Commit<'_>) -> Result<(), Cause>;
}

/// What lies after the last valid line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    Clean,
    /// This many bytes of a commit that was never acknowledged.
    Torn(u64),
}

/// An open journal and how far this process has read it.
#[derive(Debug)]
pub struct Journal {
    file: Arc<File>,
    path: PathBuf,
    generation: u64,
    format: u32,
    end: u64,
    /// Where the last valid line begins, and its checksum.
    last_start: u64,
    last: u32,
}

impl Journal {
    /// Wraps an opened file of which nothing has been read yet.
    pub fn new(file: File, path: PathBuf, generation: u64) -> Self {
        Self {
            file: Arc::new(file),
            path,
            generation,
            format: FORMAT,
            end: 0,
            last_start: 0,
            last: 0,
        }
    }

    /// Which generation this is.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The format its first line names; the newest one before that was read.
    pub fn format(&self) -> u32 {
        self.format
    }

    /// The end of the last valid line read, in bytes.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The size of the file at this moment, in bytes.
    pub fn len(&self) -> Result<u64> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(|e| storage("read", &self.path, e))?.len())
    }

    /// Whether there is nothing behind the last valid line read, and that line still stands.
    pub fn is_at_its_end(&self) -> Result<bool> {
        let len = self.len()?;
        Ok(len == self.end && self.still_has_what_was_read(len)?)
    }

    /// A writer whose sync failed takes its line back, which a reader may have followed already.
    fn still_has_what_was_read(&self, len: u64) -> Result<bool> {
        if self.end == 0 || len < self.end {
            return Ok(len >= self.end);
        }
        let mut field = [0; CRC_FIELD];
        self.file
            .read_exact_at(&mut field, self.last_start)
            .map_err(|e| storage("read", &self.path, e))?;
        Ok(stated_checksum(&field) == Some(self.last))
    }

    /// Reads on to the last valid line and hands each commit to `reader`, in order.
    ///
    /// # Errors
    /// `internal_error` when an invalid line is followed by a valid one, when the chain is broken,
    /// or when `reader` refuses a line. Without the lock that may also be a truncation seen half
    /// way: the caller repeats under the lock before it believes it.
    pub fn follow<A: Apply>(&mut self, reader: &mut A) -> Result<Tail> {
        let len = self.len()?;
        if !self.still_has_what_was_read(len)? {
            return Err(corrupted(&self.path, len, "it is not what was read before"));
        }
        self.read_lines(reader, &Lines::new(Arc::clone(&self.file), len))?;
        self.judge_tail(len)
    }

    /// Hands on every valid line up to the first invalid one. While the commits of one chunk are
    /// applied, the next one is read and parsed; two chunks take turns.
    fn read_lines<A: Apply>(&mut self, reader: &mut A, lines: &Lines) -> Result<()> {
        let path = self.path.clone();
        let failed = |cause| storage("read", &path, cause);
        let (mut even, mut odd) = (Chunk::default(), Chunk::default());
        let before = Chunk::before(self.end);
        let mut batch = parse_next::<A>(lines, &before, &mut even).map_err(failed)?;
        // Twice the same: the borrows tell the two chunks apart.
        loop {
            let last = batch.chunk;
            if lines.ends_with(last) {
                self.accept_all(batch, reader)?;
                return Ok(());
            }
            let (whole, next) = rayon::join(
                || self.accept_all(batch, reader),
                || parse_next::<A>(lines, last, &mut odd),
            );
            if !whole? {
                return Ok(());
            }
            let other = next.map_err(failed)?;
            let last = other.chunk;
            if lines.ends_with(last) {
                self.accept_all(other, reader)?;
                return Ok(());
            }
            let (whole, next) = rayon::join(
                || self.accept_all(other, reader),
                || parse_next::<A>(lines, last, &mut even),
            );
            if !whole? {
                return Ok(());
            }
            batch = next.map_err(failed)?;
        }
    }

    /// Takes lines in their order; `false` at an invalid one.
    fn accept_all<A: Apply>(&mut self, batch: Batch<'_, A>, reader: &mut A) -> Result<bool> {
        for line in batch.parsed {
            let Some(line) = line else {
                return Ok(false);
            };
            self.accept(line, reader)?;
        }
        Ok(true)
    }

    /// Takes a line this process has just appended, without reading it again.
    pub fn take<A: Apply>(&mut self, line: &[u8], reader: &mut A) -> Result<()> {
        let parsed = Parsed::<A>::new(line, self.end)
            .ok_or_else(|| corrupted(&self.path, self.end, "a line was encoded wrongly"))?;
        self.accept(parsed, reader)
    }

    /// Checks a valid line's place in the chain and hands its commit on.
    fn accept<A: Apply>(&mut self, parsed: Parsed<'_, A>, reader: &mut A) -> Result<()> {
        let Parsed {
            line,
            offset,
            checksum,
            commit,
        } = parsed;
        let path = &self.path;
        if let Some(commit) = commit {
            let link = line.get(CRC_FIELD..).and_then(stated_link);
            let link = link.ok_or_else(|| corrupted(path, offset, "the line is not a commit"))?;
            if link != self.last {
                return Err(corrupted(path, offset, "the line before it is missing"));
            }
            commit
                .and_then(|commit| reader.apply(commit))
                .map_err(|cause| {
                    if cause.is::<Newer>() {
                        return not_known(path, offset, &cause).caused_by(cause);
                    }
                    let problem = format!("the commit cannot be read: {cause}");
                    corrupted(path, offset, &problem).caused_by(cause)
                })?;
        } else {
            self.format = self.accept_header(line)?;
        }
        self.last = checksum;
        self.last_start = offset;
        self.end = offset + line.len() as u64;
        Ok(())
    }

    /// The format that the first line names.
    fn accept_header(&self, line: &[u8]) -> Result<u32> {
        let path = &self.path;
        let header: Header = serde_json::from_slice(line)
            .map_err(|e| corrupted(path, 0, "the first line is not a header").caused_by(e))?;
        if header.format > FORMAT {
            return Err(too_new(path, header.format));
        }
        if header.generation != self.generation {
            return Err(corrupted(path, 0, "the header names another generation"));
        }
        Ok(header.format)
    }

    /// Whether what follows the last valid line is only the rest of an interrupted commit.
    fn judge_tail(&self, len: u64) -> Result<Tail> {
        let rest = len - self.end;
        if rest == 0 {
            return Ok(Tail::Clean);
        }
        let region = self.read(self.end, usize::try_from(rest).unwrap_or(usize::MAX))?;
        if holds_valid_line(&region) {
            return Err(corrupted(
                &self.path,
                self.end,
                "an invalid line is followed by a valid one",
            ));
        }
        Ok(Tail::Torn(rest))
    }

    /// Reads `len` bytes at `offset`; fewer when the file ends before.
    pub fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>> {
        let available = usize::try_from(self.len()?.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len.min(available)];
        self.file
            .read_exact_at(&mut bytes, offset)
            .map_err(|e| storage("read", &self.path, e))?;
        Ok(bytes)
    }

    /// One commit as a line that follows the last one read.
    pub fn encode(&self, at: impl Serialize, ops: impl Serialize) -> Result<Vec<u8>> {
        encode_after(self.last, at, ops)
    }

    /// The place after the last valid line. Only under the lock.
    pub fn appender(&self) -> Appender {
        Appender {
            file: Arc::clone(&self.file),
            path: self.path.clone(),
            end: self.end,
        }
    }

    /// Cuts an interrupted commit off and makes sure there is a first line. Only under the lock.
    pub fn repair<A: Apply>(&mut self, tail: Tail, reader: &mut A) -> Result<()> {
        if let Tail::Torn(bytes) = tail {
            tracing::warn!(
                path = %self.path.display(), bytes, offset = self.end,
                "cut an interrupted commit off the metadata journal"
            );
            self.file
                .set_len(self.end)
                .and_then(|()| self.file.sync_data())
                .map_err(|e| storage("repair", &self.path, e))?;
        }
        if self.end == 0 {
            let header = header(self.generation)?;
            self.appender().append(&header)?;
            self.take(&header, reader)?;
        }
        Ok(())
    }
}

/// Where the next line goes. Apart from [`Journal`], so that readers need not wait for the disk.
#[derive(Debug, Clone)]
pub struct Appender {
    file: Arc<File>,
    path: PathBuf,
    /// Byte offset of the next line.
    pub end: u64,
}

impl Appender {
    /// Writes `line` and waits until it is on the disk. When that fails, the file is cut back, so
    /// that nothing of the line is left.
    pub fn append(&self, line: &[u8]) -> Result<()> {
        self.write(line).and_then(|()| self.sync())
    }

    /// Writes `line` without waiting for the disk: nothing may be acknowledged before
    /// [`Self::sync`]. When that fails, the file is cut back to where the line began.
    pub fn write(&self, line: &[u8]) -> Result<()> {
        let written = self.file.write_all_at(line, self.end);
        written.map_err(|cause| self.cut_back(cause))
    }

    /// Waits until everything written so far is on the disk. When that fails, the file is cut back
    /// to where this appender stands, so that nothing written since is left.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|cause| self.cut_back(cause))
    }

    /// Cuts off what was written since this appender was made.
    pub fn take_back(&self) -> Result<()> {
        let cut = self.file.set_len(self.end);
        cut.map_err(|cause| storage("repair", &self.path, cause))
    }

    fn cut_back(&self, cause: std::io::Error) -> Error {
        // Should this fail as well, the next holder of the lock cuts the torn line off.
        let cut = self.file.set_len(self.end);
        if let Err(error) = cut.and_then(|()| self.file.sync_data()) {
            let path = self.path.display();
            tracing::error!(%path, %error, "could not cut the journal back");
        }
        storage("write", &self.path, cause)
    }
}

/// The first line of the journal of `generation`.
pub fn header(generation: u64) -> Result<Vec<u8>> {
    let header = Header {
        format: FORMAT,
        generation,
    };
    sealed(&header)
}

/// One commit as a line that follows the line with the checksum `prev`.
pub fn encode_after(prev: u32, at: impl Serialize, ops: impl Serialize) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Commit<A, O> {
        prev: String,
        at: A,
        ops: O,
    }
    let prev = format!("{prev:08x}");
    sealed(&Commit { prev, at, ops })
}

/// The checksum written in a whole line, if it is right.
pub fn checksum_of(line: &[u8]) -> Option<u32> {
    let content = line.strip_suffix(b"\n")?;
    let (field, covered) = content.split_at_checked(CRC_FIELD)?;
    let stated = stated_checksum(field)?;
    (crc32fast::hash(covered) == stated).then_some(stated)
}

fn stated_checksum(field: &[u8]) -> Option<u32> {
    hexadecimal(field.strip_prefix(LINE_START)?.strip_suffix(b"\",")?)
}

/// The checksum of the line before, as the rest of a line behind its own checksum states it.
fn stated_link(rest: &[u8]) -> Option<u32> {
    let (digits, rest) = rest.strip_prefix(b"\"prev\":\"")?.split_at_checked(8)?;
    rest.starts_with(b"\",").then(|| hexadecimal(digits))?
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let written = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    let digits = (digits.len() == 8 && digits.iter().all(written)).then_some(digits)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Writes `body`, which is an object, as a line with its checksum as the first field.
fn sealed(body: &impl Serialize) -> Result<Vec<u8>> {
    // The checksum's field ends where the object's own brace stands: that one is overwritten.
    let mut line = vec![0; CRC_FIELD - 1];
    line.reserve(CHUNK / 16);
    serde_json::to_writer(&mut line, body).map_err(unencodable)?;
    let crc = crc32fast::hash(line.get(CRC_FIELD..).unwrap_or_default());
    line.splice(
        ..CRC_FIELD,
        format!("{{\"crc\":\"{crc:08x}\",").into_bytes(),
    );
    line.push(b'\n');
    Ok(line)
}

fn unencodable(error: serde_json::Error) -> Error {
    Error::internal("a change cannot be written as JSON", error)
}

/// A line with the right checksum, on its way to be applied.
struct Parsed<'a, A: Apply> {
    line: &'a [u8],
    offset: u64,
    checksum: u32,
    /// What it says; the first line says nothing.
    commit: Option<Result<A::Commit<'a>, Cause>>,
}

impl<'a, A: Apply> Parsed<'a, A> {
    /// `None` when the checksum is wrong.
    fn new(line: &'a [u8], offset: u64) -> Option<Self> {
        Some(Self {
            line,
            offset,
            checksum: checksum_of(line)?,
            commit: (offset > 0).then(|| A::parse(line, offset)),
        })
    }
}

/// The lines of a chunk, each parsed; `None` where a checksum is wrong.
struct Batch<'c, A: Apply> {
    chunk: &'c Chunk,
    parsed: Vec<Option<Parsed<'c, A>>>,
}

/// Reads the chunk behind `last` into `next` and parses its lines, side by side if there are many.
fn parse_next<'c, A: Apply>(
    lines: &Lines,
    last: &Chunk,
    next: &'c mut Chunk,
) -> std::io::Result<Batch<'c, A>> {
    lines.read_on(last, next)?;
    let chunk: &'c Chunk = next;
    let parse = |range: &Range<usize>| {
        let (line, offset) = chunk.line(range);
        Parsed::new(line, offset)
    };
    let parsed = if chunk.ranges().len() < PARALLEL_LINES {
        chunk.ranges().iter().map(parse).collect()
    } else {
        chunk.ranges().par_iter().map(parse).collect()
    };
    Ok(Batch { chunk, parsed })
}

/// Whether a valid line begins anywhere in `region`. JSON escapes quotes inside texts, so the
/// start of a line cannot occur in the middle of an undamaged one.
fn holds_valid_line(region: &[u8]) -> bool {
    let starts = region
        .windows(LINE_START.len())
        .enumerate()
        .filter(|(_, window)| *window == LINE_START)
        .map(|(start, _)| start);
    for start in starts {
        let candidate = region.get(start..).unwrap_or_default();
        let end = candidate.iter().position(|byte| *byte == b'\n');
        if end.is_some_and(|end| checksum_of(candidate.get(..=end).unwrap_or_default()).is_some()) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
