//! The compression around a tar: gzip (RFC 1952), zstd (RFC 8878) or xz, exactly one stream, weighed
//! while it flows.
//!
//! [`Compressed`] ends only where the file ends. A second stream or any other byte after the first
//! one fails, because readers differ in whether they go on, and so would see different trees. The
//! memory of a decoder is bounded, whatever a header asks for.

use super::{MAX_RATIO, RATIO_FREE_BYTES, read_error};
use crate::{error::Result, workspace::rejection::Reason};
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder, errors::FrameDecoderError};
use std::{
    error::Error as StdError,
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
};

const INPUT_BUFFER: usize = 256 * 1024;
/// The largest window of a zstd frame, in bytes: that of `zstd -22 --ultra` (RFC 8878, 3.1.1.1.2,
/// recommends to accept at least 8 MiB).
const MAX_WINDOW: u64 = 128 * 1024 * 1024;
/// The memory an xz block may ask for, in KiB: twice what `xz -9` needs.
const MAX_XZ_KIB: u32 = 132 * 1024;

/// A compression Vega reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Zstd,
    Xz,
}

impl Codec {
    /// Told by the first bytes.
    pub(super) fn recognise(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }
}

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

/// The compressed bytes: counted, and watched for the end and for failures of the disk.
struct Metered<'a> {
    inner: BufReader<&'a File>,
    taken: u64,
    ended: bool,
    broken: Option<io::ErrorKind>,
}

impl Metered<'_> {
    /// What an error of a decoder on these bytes means.
    fn blame(&self, error: io::Error) -> io::Error {
        if self.broken.is_some() || fault(&error).is_some() {
            return error;
        }
        let reason = match error.kind() {
            // A decoder that asked for more than there is met the end too early.
            _ if self.ended => Reason::Truncated,
            io::ErrorKind::UnexpectedEof => Reason::Truncated,
            io::ErrorKind::OutOfMemory => Reason::UnsupportedFeature,
            _ => Reason::Corrupt,
        };
        fail(reason)
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer).inspect_err(|error| {
            self.broken = Some(error.kind());
        })?;
        self.ended |= count == 0 && !buffer.is_empty();
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

enum Decoder<'a> {
    Gzip(Box<GzDecoder<Metered<'a>>>),
    Zstd(Box<StreamingDecoder<Metered<'a>, FrameDecoder>>),
    Xz(Box<XzReader<Metered<'a>>>),
}

impl<'a> Decoder<'a> {
    fn input(&mut self) -> &mut Metered<'a> {
        match self {
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
            Self::Xz(decoder) => decoder.inner_mut(),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self {
            Self::Gzip(decoder) => return decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Xz(decoder) => decoder.read(buffer),
        };
        read.map_err(|error| self.input().blame(error))
    }

    /// Called at the end of the stream: whether its own checksum, if it has one, agrees.
    fn check(&self) -> io::Result<()> {
        match self {
            // Both compare while they read.
            Self::Gzip(_) | Self::Xz(_) => Ok(()),
            Self::Zstd(decoder) => {
                let written = decoder.decoder.get_checksum_from_data();
                if written.is_some() && written != decoder.decoder.get_calculated_checksum() {
                    return Err(fail(Reason::ChecksumMismatch));
                }
                Ok(())
            }
        }
    }
}

/// The content of a file that is one compressed stream.
pub(super) struct Compressed<'a> {
    decoder: Decoder<'a>,
    codec: Codec,
    out: u64,
    ended: bool,
}

/// Starts reading at the file's current position.
pub(super) fn open(file: &File, codec: Codec) -> Result<Compressed<'_>> {
    let mut input = Metered {
        inner: BufReader::with_capacity(INPUT_BUFFER, file),
        taken: 0,
        ended: false,
        broken: None,
    };
    input.fill_buf().map_err(read_error)?;
    let decoder = match codec {
        Codec::Gzip => Decoder::Gzip(Box::new(GzDecoder::new(input))),
        Codec::Zstd => Decoder::Zstd(Box::new(zstd(input)?)),
        Codec::Xz => Decoder::Xz(Box::new(XzReader::new_mem_limit(input, false, MAX_XZ_KIB))),
    };
    Ok(Compressed {
        decoder,
        codec,
        out: 0,
        ended: false,
    })
}

fn zstd(input: Metered<'_>) -> Result<StreamingDecoder<Metered<'_>, FrameDecoder>> {
    StreamingDecoder::new_with_max_window_size(input, MAX_WINDOW).map_err(|error| {
        let mut cause: Option<&dyn StdError> = Some(&error);
        let mut ended = false;
        while let Some(inner) = cause {
            let found = inner.downcast_ref::<io::Error>();
            ended |= found.is_some_and(|it| it.kind() == io::ErrorKind::UnexpectedEof);
            cause = inner.source();
        }
        match error {
            FrameDecoderError::WindowSizeTooBig { .. } => Reason::UnsupportedFeature.error(),
            _ if ended => Reason::Truncated.error(),
            _ => Reason::Corrupt.error(),
        }
    })
}

impl Read for Compressed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.decoder.read(buffer)?;
        if count == 0 {
            self.ended = true;
            self.decoder.check()?;
            let rest = self.decoder.input().fill_buf()?;
            return match (Codec::recognise(rest), self.codec) {
                _ if rest.is_empty() => Ok(0),
                (Some(Codec::Gzip), Codec::Gzip) => Err(fail(Reason::MultiMemberGzip)),
                (Some(next), codec) if next == codec => Err(fail(Reason::MultipleStreams)),
                _ => Err(fail(Reason::TrailingGarbage)),
            };
        }
        self.out += count as u64;
        let packed = self.decoder.input().taken.max(1);
        if self.out > RATIO_FREE_BYTES && self.out > packed.saturating_mul(MAX_RATIO) {
            return Err(fail(Reason::CompressionRatio));
        }
        Ok(count)
    }
}
