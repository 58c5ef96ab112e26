//! Inflating zip entries: exactly the announced bytes go in and come out, or it is a rejection.
//!
//! Small entries are inflated in one call from memory to memory, large ones in chunks with a look
//! at the cancellation token between them. Sizes are compared with what really came out.

use super::super::CHUNK;
use super::directory::{Method, Record};
use crate::{
    error::Result,
    workspace::{check_cancelled, rejection::Reason},
};
use flate2::{Decompress, FlushDecompress, Status};
use std::{fs::File, os::unix::fs::FileExt};
use tokio_util::sync::CancellationToken;

/// A reusable raw-deflate decoder.
pub(super) struct Inflater {
    state: Decompress,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self {
            state: Decompress::new(false),
        }
    }

    /// Inflates an entry from memory; `output` is a buffer to reuse.
    pub(super) fn whole<'b>(
        &mut self,
        record: &Record,
        packed: &[u8],
        output: &'b mut Vec<u8>,
    ) -> Result<&'b [u8]> {
        let size = usize::try_from(record.size).unwrap_or(usize::MAX);
        // One byte more than announced, so that a lie shows.
        if output.len() <= size {
            output.resize(size + 1, 0);
        }
        self.state.reset(false);
        let status = self
            .state
            .decompress(packed, &mut output[..=size], FlushDecompress::Finish)
            .map_err(|_| Reason::Corrupt.at(&record.name))?;
        self.check_end(record, status)?;
        Ok(&output[..size])
    }

    /// Inflates or copies an entry from the file, handing pieces to `sink`.
    pub(super) fn stream(
        &mut self,
        file: &File,
        data_at: u64,
        record: &Record,
        cancel: &CancellationToken,
        mut sink: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut crc = crc32fast::Hasher::new();
        let mut input = vec![0; CHUNK];
        let mut output = vec![0; CHUNK];
        let mut status = Status::Ok;
        let mut read = 0;
        self.state.reset(false);
        while read < record.packed && status != Status::StreamEnd {
            check_cancelled(cancel)?;
            let count = usize::try_from(record.packed - read)
                .unwrap_or(CHUNK)
                .min(CHUNK);
            file.read_exact_at(&mut input[..count], data_at + read)
                .map_err(super::super::read_error)?;
            read += count as u64;
            let piece = &input[..count];
            if record.method == Method::Stored {
                crc.update(piece);
                sink(piece)?;
                continue;
            }
            status = self.drain(record, piece, &mut output, &mut |bytes| {
                crc.update(bytes);
                sink(bytes)
            })?;
        }
        if record.method == Method::Deflated {
            self.check_end(record, status)?;
        }
        if crc.finalize() != record.crc {
            return Err(Reason::ChecksumMismatch.at(&record.name));
        }
        Ok(())
    }

    /// Inflates all of `piece`.
    fn drain(
        &mut self,
        record: &Record,
        piece: &[u8],
        output: &mut [u8],
        sink: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<Status> {
        let first = self.state.total_in();
        loop {
            let taken = usize::try_from(self.state.total_in() - first).unwrap_or(usize::MAX);
            let before = self.state.total_out();
            let status = self
                .state
                .decompress(
                    piece.get(taken..).unwrap_or_default(),
                    output,
                    FlushDecompress::None,
                )
                .map_err(|_| Reason::Corrupt.at(&record.name))?;
            let produced = usize::try_from(self.state.total_out() - before).unwrap_or(usize::MAX);
            if self.state.total_out() > record.size {
                return Err(Reason::SizeMismatch.at(&record.name));
            }
            sink(output.get(..produced).unwrap_or_default())?;
            let taken_all = self.state.total_in() - first == piece.len() as u64;
            let stuck = produced == 0 && status == Status::BufError;
            if status == Status::StreamEnd || stuck || (taken_all && produced < output.len()) {
                return Ok(status);
            }
        }
    }

    fn check_end(&self, record: &Record, status: Status) -> Result<()> {
        let (taken, came) = (self.state.total_in(), self.state.total_out());
        if came > record.size || (status == Status::StreamEnd && came != record.size) {
            return Err(Reason::SizeMismatch.at(&record.name));
        }
        if status != Status::StreamEnd {
            return Err(Reason::Corrupt.at(&record.name));
        }
        if taken != record.packed {
            return Err(Reason::SizeMismatch.at(&record.name));
        }
        Ok(())
    }
}
