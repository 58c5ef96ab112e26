//! Archives: zip, tar, tar.gz, tar.zst and tar.xz from strangers, unpacked as a security boundary.
//!
//! Containers are recognised by their bytes, never by their names. Everything is written into a
//! private staging folder first and appears under its name only when the last byte has passed;
//! links become text files, nested archives stay files. Zip is read from its central directory
//! (own parser: the checks need offsets that crates hide), tar as a stream. The rules with their
//! reasons: `docs/design/ingest.md`.

mod compressed;
mod tar;
pub(super) mod zip;

use super::{
    SourceLimits, SourceTree, check_cancelled,
    rejection::Reason,
    staging::{Access, Staging},
};
use crate::error::{Error, ErrorCode, Result};
use compressed::Codec;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};
use tokio_util::sync::CancellationToken;

/// What may come out per byte that goes in, above [`RATIO_FREE_BYTES`].
const MAX_RATIO: u64 = 200;
/// Below this size any ratio is fine: small files may well be all zeros.
const RATIO_FREE_BYTES: u64 = 10 * 1024 * 1024;
/// Bytes handled between two looks at the cancellation token.
const CHUNK: usize = 256 * 1024;
/// Files up to this size are handled in memory, larger ones in chunks.
const SMALL_FILE: u64 = 1024 * 1024;

/// The containers Vega reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveFormat {
    /// Zip, stored or deflated.
    Zip,
    /// Plain tar (ustar, pax, GNU).
    Tar,
    /// Tar inside one gzip member.
    TarGz,
    /// Tar inside one zstd frame.
    TarZst,
    /// Tar inside one xz stream.
    TarXz,
}

impl ArchiveFormat {
    /// The compression around the tar.
    fn codec(self) -> Option<Codec> {
        match self {
            Self::Zip | Self::Tar => None,
            Self::TarGz => Some(Codec::Gzip),
            Self::TarZst => Some(Codec::Zstd),
            Self::TarXz => Some(Codec::Xz),
        }
    }
}

/// What is asked of symbolic links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkRule {
    /// Their target lies inside the archive.
    InsideRoot,
    /// Anything: they are text files and nobody follows them.
    AnyTarget,
}

/// What is asked of compression ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RatioRule {
    /// At most [`MAX_RATIO`] above [`RATIO_FREE_BYTES`].
    Bounded,
    /// Anything: the content was weighed when it came in.
    Unbounded,
}

/// How strictly an archive is judged and what its files look like afterwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) limits: SourceLimits,
    pub(crate) links: LinkRule,
    pub(crate) ratio: RatioRule,
    pub(crate) access: Access,
}

impl Rules {
    fn check_ratio(&self, packed: u64, unpacked: u64) -> bool {
        self.ratio == RatioRule::Unbounded
            || unpacked <= RATIO_FREE_BYTES
            || unpacked <= packed.max(1).saturating_mul(MAX_RATIO)
    }
}

/// What has been counted of an archive so far.
#[derive(Debug, Default)]
struct Tally {
    entries: u64,
    bytes: u64,
}

impl Tally {
    fn entry(&mut self, limits: &SourceLimits, name: &[u8]) -> Result<()> {
        self.entries += 1;
        if self.entries > limits.max_entries {
            return Err(Reason::TooManyEntries.at(name));
        }
        Ok(())
    }

    fn file(&mut self, limits: &SourceLimits, name: &[u8], size: u64) -> Result<()> {
        if size > limits.max_file_bytes {
            return Err(Reason::FileTooLarge.at(name));
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > limits.max_total_bytes {
            return Err(Reason::TotalTooLarge.at(name));
        }
        Ok(())
    }
}

/// Recognises the container and finds its faults (unknown, empty, truncated, encrypted) without
/// reading the content.
///
/// # Errors
/// `archive_rejected` with `details.reason` and, where one is to blame, `details.entry`.
pub fn check_container(path: &Path) -> Result<ArchiveFormat> {
    let (file, size) = open(path)?;
    let format = recognise(&file, size)?;
    if let Some(codec) = format.codec() {
        let mut block = Vec::new();
        compressed::open(&file, codec)?
            .take(tar::BLOCK as u64)
            .read_to_end(&mut block)
            .map_err(read_error)?;
        tar::check_first_block(&block)?;
    } else if format == ArchiveFormat::Zip {
        let directory = zip::directory::read(&file, size, u64::MAX)?;
        if directory.is_empty() {
            return Err(Reason::Empty.error());
        }
    }
    Ok(format)
}

/// Unpacks an archive into `dest`, which must not exist yet, applying every safety rule.
///
/// # Errors
/// `archive_rejected` (`details.reason`, `details.entry`); `payload_too_large` when the archive
/// itself is above `max_source_bytes`; `conflict` with `details.reason` = `cancelled`;
/// `dependency_unavailable` when the disk is full. Nothing is left behind in any of these cases.
pub fn unpack(
    archive: &Path,
    dest: &Path,
    limits: &SourceLimits,
    cancel: &CancellationToken,
) -> Result<SourceTree> {
    check_cancelled(cancel)?;
    let (file, size) = open(archive)?;
    if size > limits.max_source_bytes {
        return Err(Error::new(
            ErrorCode::PayloadTooLarge,
            format!(
                "The archive has {size} bytes; at most {} are allowed.",
                limits.max_source_bytes
            ),
        )
        .with_detail("limit", limits.max_source_bytes));
    }
    let rules = Rules {
        limits: *limits,
        links: LinkRule::InsideRoot,
        ratio: RatioRule::Bounded,
        access: Access::Private,
    };
    let format = recognise(&file, size)?;
    let staging = Staging::begin(dest, rules.access)?;
    let mut entries = match (format, format.codec()) {
        (_, Some(codec)) => {
            let stream = compressed::open(&file, codec)?;
            tar::unpack_stream(stream, &staging, &rules, cancel)?
        }
        (ArchiveFormat::Zip, None) => {
            let directory = zip::directory::read(&file, size, limits.max_entries)?;
            zip::unpack(&file, size, &directory, &staging, &rules, cancel)?
        }
        (_, None) => tar::unpack(&file, size, &staging, &rules, cancel)?,
    };
    if entries.is_empty() {
        return Err(Reason::Empty.error());
    }
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    check_cancelled(cancel)?;
    let root = staging.publish()?;
    Ok(SourceTree { root, entries })
}

fn open(path: &Path) -> Result<(File, u64)> {
    let file = File::open(path).map_err(|error| Error::internal("opening an archive", error))?;
    let size = file
        .metadata()
        .map_err(|error| Error::internal("reading an archive's size", error))?
        .len();
    Ok((file, size))
}

/// Tells the container by its first bytes.
fn recognise(mut file: &File, size: u64) -> Result<ArchiveFormat> {
    use std::io::{Seek, SeekFrom};
    if size == 0 {
        return Err(Reason::Empty.error());
    }
    let mut head = Vec::with_capacity(tar::BLOCK);
    let io = |error| Error::internal("reading an archive", error);
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    file.take(tar::BLOCK as u64)
        .read_to_end(&mut head)
        .map_err(io)?;
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    match Codec::recognise(&head) {
        Some(Codec::Gzip) => return Ok(ArchiveFormat::TarGz),
        Some(Codec::Zstd) => return Ok(ArchiveFormat::TarZst),
        Some(Codec::Xz) => return Ok(ArchiveFormat::TarXz),
        None => {}
    }
    match head.as_slice() {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Ok(ArchiveFormat::Zip),
        [b'P', b'K', 7, 8, ..] => Err(Reason::UnsupportedFeature.error()),
        _ => {
            tar::check_first_block(&head).map_err(|error| match head.get(257..262) {
                Some(b"ustar") => error,
                _ if head.iter().all(|byte| *byte == 0) => error,
                _ => Reason::UnknownFormat.error(),
            })?;
            Ok(ArchiveFormat::Tar)
        }
    }
}

/// A failure while reading an archive's stream: its own faults are rejections, the disk's are not.
fn read_error(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Reason::Truncated.error(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            compressed::fault(&error).unwrap_or(Reason::Corrupt).error()
        }
        _ => Error::internal("reading an archive", error),
    }
}
