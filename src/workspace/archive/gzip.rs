//! The gzip layer of a tar.gz: exactly one member, weighed while it flows.
//!
//! [`GzipStream`] ends only where the file ends. A second member or any other byte after the first
//! one fails, because readers differ in whether they go on, and so would see different trees.

use super::{MAX_RATIO, RATIO_FREE_BYTES, read_error};
use crate::{error::Result, workspace::rejection::Reason};
use flate2::bufread::GzDecoder;
use std::{
    error::Error as StdError,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
};

const INPUT_BUFFER: usize = 256 * 1024;

/// A fault found inside the stream, carried through [`io::Error`] to the caller.
#[derive(Debug)]
struct Fault(Reason);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl StdError for Fault {}

/// The rejection carried by an error of this stream, if there is one.
pub(super) fn fault(error: &io::Error) -> Option<Reason> {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Fault>())
        .map(|fault| fault.0)
}

fn fail(reason: Reason) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Fault(reason))
}

/// Counts the compressed bytes that were taken.
struct Metered<'a> {
    inner: BufReader<&'a File>,
    taken: u64,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.taken += count as u64;
        Ok(count)
    }
}

impl BufRead for Metered<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount as u64;
        self.inner.consume(amount);
    }
}

/// The content of a single-member gzip file.
pub(super) struct GzipStream<'a> {
    decoder: GzDecoder<Metered<'a>>,
    out: u64,
    ended: bool,
}

/// Starts reading at the file's current position.
pub(super) fn open(file: &File) -> Result<GzipStream<'_>> {
    let mut input = Metered {
        inner: BufReader::with_capacity(INPUT_BUFFER, file),
        taken: 0,
    };
    input.fill_buf().map_err(read_error)?;
    Ok(GzipStream {
        decoder: GzDecoder::new(input),
        out: 0,
        ended: false,
    })
}

impl Read for GzipStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.decoder.read(buffer)?;
        if count == 0 {
            self.ended = true;
            return match self.decoder.get_mut().fill_buf()? {
                [] => Ok(0),
                [0x1f, 0x8b, ..] => Err(fail(Reason::MultiMemberGzip)),
                _ => Err(fail(Reason::TrailingGarbage)),
            };
        }
        self.out += count as u64;
        let packed = self.decoder.get_ref().taken.max(1);
        if self.out > RATIO_FREE_BYTES && self.out > packed.saturating_mul(MAX_RATIO) {
            return Err(fail(Reason::CompressionRatio));
        }
        Ok(count)
    }
}
