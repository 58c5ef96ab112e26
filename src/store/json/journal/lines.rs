//! Whole lines of a part of a journal, chunk by chunk: memory holds two chunks, or one line each
//! when lines are longer. Knows nothing of what a line says.

use std::{fs::File, ops::Range, os::unix::fs::FileExt, sync::Arc};

/// How much is read, and its lines checked and parsed side by side, at a time, in bytes.
pub const CHUNK: usize = 1024 * 1024;

/// A part of the file, up to a limit.
pub struct Lines {
    file: Arc<File>,
    /// Nothing is read from this offset on.
    limit: u64,
}

/// Some whole lines, and the beginning of the next one.
#[derive(Default)]
pub struct Chunk {
    bytes: Vec<u8>,
    /// File offset of the first byte.
    base: u64,
    /// Where the lines stand in `bytes`, newlines included.
    lines: Vec<Range<usize>>,
}

impl Chunk {
    /// The empty chunk before the line that begins at `offset`.
    pub fn before(offset: u64) -> Self {
        Self {
            base: offset,
            ..Self::default()
        }
    }

    /// The lines.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.lines
    }

    /// The line in `range`, and its file offset.
    pub fn line(&self, range: &Range<usize>) -> (&[u8], u64) {
        let line = self.bytes.get(range.clone()).unwrap_or_default();
        (line, self.base + range.start as u64)
    }

    /// The end of the last whole line in `bytes`.
    fn whole(&self) -> usize {
        self.lines.last().map_or(0, |line| line.end)
    }
}

impl Lines {
    /// The part of `file` up to `limit`, in bytes.
    pub fn new(file: Arc<File>, limit: u64) -> Self {
        Self { file, limit }
    }

    /// Whether nothing lies behind `chunk`. A file that was cut back ends before the limit.
    pub fn ends_with(&self, chunk: &Chunk) -> bool {
        chunk.lines.is_empty() || chunk.base + chunk.bytes.len() as u64 >= self.limit
    }

    /// Reads what follows the lines of `last` into `next`; no lines at the end.
    pub fn read_on(&self, last: &Chunk, next: &mut Chunk) -> std::io::Result<()> {
        let whole = last.whole();
        next.bytes.clear();
        next.lines.clear();
        next.bytes
            .extend_from_slice(last.bytes.get(whole..).unwrap_or_default());
        next.base = last.base + whole as u64;
        let mut searched = next.bytes.len();
        while next.lines.is_empty() && self.fill(next)? {
            let unsearched = next.bytes.get(searched..).unwrap_or_default();
            let mut start = 0;
            for newline in memchr::memchr_iter(b'\n', unsearched) {
                let end = searched + newline + 1;
                next.lines.push(start..end);
                start = end;
            }
            searched = next.bytes.len();
        }
        Ok(())
    }

    /// Adds up to [`CHUNK`] bytes; `false` at the end.
    fn fill(&self, chunk: &mut Chunk) -> std::io::Result<bool> {
        let filled = chunk.bytes.len();
        let from = chunk.base + filled as u64;
        let left = usize::try_from(self.limit.saturating_sub(from)).unwrap_or(CHUNK);
        chunk.bytes.resize(filled + left.min(CHUNK), 0);
        let free = chunk.bytes.get_mut(filled..).unwrap_or_default();
        let read = self.file.read_at(free, from)?;
        chunk.bytes.truncate(filled + read);
        Ok(read > 0)
    }
}
