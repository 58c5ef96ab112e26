//! Writes snapshot zips: plain PKWARE APPNOTE 6.3 with zip64 only where numbers need it.
//!
//! Own code instead of a crate's writer, because the bytes must not change with a crate's version
//! or defaults, and because entries are compressed by several threads and only joined here.

use crate::{
    error::{Error, Result},
    workspace::{FileMode, ManifestEntry, staging::disk_error},
};
use flate2::{Compress, Compression, FlushCompress, Status};
use sha2::{Digest, Sha256};
use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Compression level: source shrinks almost as much at 3 as at 6, in well under half the time.
const LEVEL: u32 = 3;
/// Version 2.0 (deflate) or 4.5 (zip64), made on Unix.
const VERSION: u16 = 20;
const VERSION_ZIP64: u16 = 45;
const HOST_UNIX: u16 = 3 << 8;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// 1980-01-01 00:00, the earliest time a zip can tell.
const DATE: u16 = 0x0021;
const NARROW: u64 = u32::MAX as u64;

/// The Unix mode under which a kind of file is recorded.
pub(super) const fn unix_mode(mode: FileMode) -> u32 {
    match mode {
        FileMode::Regular => 0o100_644,
        FileMode::Executable => 0o100_755,
        FileMode::Symlink => 0o120_777,
    }
}

/// One compressed file.
pub(super) struct Packed {
    method: u16,
    crc: u32,
    bytes: Vec<u8>,
}

impl Packed {
    /// Compresses a content, unless that would not make it smaller.
    pub(super) fn new(entry: &ManifestEntry, content: &[u8]) -> Result<Self> {
        // Sizes of 4 GiB and more would need zip64 in every header; no source file has them.
        if content.len() as u64 >= NARROW {
            return Err(Error::internal(
                "a source file of 4 GiB or more",
                std::io::Error::other(entry.path.clone()),
            ));
        }
        let crc = crc32fast::hash(content);
        let mut bytes = Vec::with_capacity(content.len());
        let mut deflate = Compress::new(Compression::new(LEVEL), false);
        // The vector does not grow: a stream that does not fit is not worth having.
        let status = deflate
            .compress_vec(content, &mut bytes, FlushCompress::Finish)
            .map_err(|error| Error::internal("compressing a file", error))?;
        if status == Status::StreamEnd && bytes.len() < content.len() {
            bytes.shrink_to_fit();
            return Ok(Self {
                method: 8,
                crc,
                bytes,
            });
        }
        Ok(Self {
            method: 0,
            crc,
            bytes: content.to_vec(),
        })
    }
}

/// A zip being written; unless finished, no file remains.
pub(super) struct ZipFile {
    out: BufWriter<NamedTempFile>,
    path: PathBuf,
    hash: Sha256,
    written: u64,
    directory: Vec<u8>,
    count: u64,
}

impl ZipFile {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let file = tempfile::Builder::new()
            .prefix(".partial-")
            .tempfile_in(parent)
            .map_err(|error| disk_error("could not create a snapshot", error))?;
        Ok(Self {
            out: BufWriter::with_capacity(256 * 1024, file),
            path: path.to_owned(),
            hash: Sha256::new(),
            written: 0,
            directory: Vec::new(),
            count: 0,
        })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out
            .write_all(bytes)
            .map_err(|error| disk_error("could not write a snapshot", error))?;
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Appends a file.
    pub(super) fn add(&mut self, entry: &ManifestEntry, packed: &Packed) -> Result<()> {
        let offset = self.written;
        let name = entry.path.as_bytes();
        let mut common = Vec::with_capacity(26);
        common.extend(FLAGS.to_le_bytes());
        common.extend(packed.method.to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        common.extend(DATE.to_le_bytes());
        common.extend(packed.crc.to_le_bytes());
        common.extend(low(packed.bytes.len() as u64));
        common.extend(low(entry.size));
        common.extend(low16(name.len() as u64));

        let mut local = Vec::with_capacity(30 + name.len());
        local.extend(b"PK\x03\x04");
        local.extend(VERSION.to_le_bytes());
        local.extend(&common);
        local.extend(0_u16.to_le_bytes());
        local.extend(name);
        self.put(&local)?;
        self.put(&packed.bytes)?;

        let mut extra = Vec::new();
        if offset >= NARROW {
            extra.extend(1_u16.to_le_bytes());
            extra.extend(8_u16.to_le_bytes());
            extra.extend(offset.to_le_bytes());
        }
        let version = if extra.is_empty() {
            VERSION
        } else {
            VERSION_ZIP64
        };
        let out = &mut self.directory;
        out.extend(b"PK\x01\x02");
        out.extend((HOST_UNIX | VERSION_ZIP64).to_le_bytes());
        out.extend(version.to_le_bytes());
        out.extend(&common);
        out.extend(low16(extra.len() as u64));
        // Comment length, disk number, internal attributes.
        out.extend([0; 6]);
        out.extend((unix_mode(entry.mode) << 16).to_le_bytes());
        out.extend(low(offset));
        out.extend(name);
        out.extend(extra);
        self.count += 1;
        Ok(())
    }

    /// Writes the directory, publishes the file and gives its SHA-256 (hex).
    pub(super) fn finish(mut self, comment: &str) -> Result<String> {
        let offset = self.written;
        let directory = std::mem::take(&mut self.directory);
        let length = directory.len() as u64;
        self.put(&directory)?;
        let mut end = Vec::with_capacity(256);
        if self.count >= 0xffff || offset >= NARROW || length >= NARROW {
            let end64_at = self.written;
            end.extend(b"PK\x06\x06");
            end.extend(44_u64.to_le_bytes());
            end.extend((HOST_UNIX | VERSION_ZIP64).to_le_bytes());
            end.extend(VERSION_ZIP64.to_le_bytes());
            end.extend([0; 8]);
            end.extend(self.count.to_le_bytes());
            end.extend(self.count.to_le_bytes());
            end.extend(length.to_le_bytes());
            end.extend(offset.to_le_bytes());
            end.extend(b"PK\x06\x07");
            end.extend([0; 4]);
            end.extend(end64_at.to_le_bytes());
            end.extend(1_u32.to_le_bytes());
        }
        end.extend(b"PK\x05\x06");
        end.extend([0; 4]);
        end.extend(low16(self.count));
        end.extend(low16(self.count));
        end.extend(low(length));
        end.extend(low(offset));
        end.extend(low16(comment.len() as u64));
        end.extend(comment.as_bytes());
        self.put(&end)?;
        let failed = |error| disk_error("could not write a snapshot", error);
        let file = self
            .out
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.persist(&self.path)
            .map_err(|error| failed(error.error))?;
        Ok(hex::encode(self.hash.finalize()))
    }
}

/// The narrow form of a number: all ones where it does not fit.
fn low(value: u64) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

fn low16(value: u64) -> [u8; 2] {
    u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes()
}
