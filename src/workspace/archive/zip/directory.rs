//! A zip's central directory (PKWARE APPNOTE 6.3.x, §4.3 and §4.5), read strictly.
//!
//! The directory must end exactly where the end record (zip64 included) begins, and that one
//! exactly where the file ends; counts and sizes told twice must agree. So there is one reading
//! of the file only, whatever other readers would make of it. Names are not judged here.

use crate::{error::Result, workspace::rejection::Reason};
use std::{fs::File, os::unix::fs::FileExt};

const END: [u8; 4] = *b"PK\x05\x06";
const END64_LOCATOR: [u8; 4] = *b"PK\x06\x07";
const END64: [u8; 4] = *b"PK\x06\x06";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END_LEN: u64 = 22;
const END64_LEN: u64 = 56;
const LOCATOR_LEN: u64 = 20;
const CENTRAL_LEN: usize = 46;
const MAX_COMMENT: u64 = u16::MAX as u64;
/// Largest directory read into memory; 50,000 entries need about 5 MB.
const MAX_DIRECTORY: u64 = 512 * 1024 * 1024;

const FLAG_ENCRYPTED: u16 = 1;
const FLAG_PATCHED: u16 = 1 << 5;
const FLAG_STRONG: u16 = 1 << 6;
const FLAG_MASKED: u16 = 1 << 13;
const HOST_UNIX: u8 = 3;
const HOST_DARWIN: u8 = 19;

/// How an entry is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Not at all.
    Stored,
    /// Deflate.
    Deflated,
}

/// One record of the central directory.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// The name as it stands there.
    pub(crate) name: Vec<u8>,
    /// Compression.
    pub(crate) method: Method,
    /// General purpose flags.
    pub(crate) flags: u16,
    /// CRC-32 of the content.
    pub(crate) crc: u32,
    /// Announced size as stored, in bytes.
    pub(crate) packed: u64,
    /// Announced size of the content, in bytes.
    pub(crate) size: u64,
    /// Where the local header stands.
    pub(crate) offset: u64,
    /// Unix mode, where the zip was made on a Unix system.
    pub(crate) unix_mode: Option<u32>,
    /// MS-DOS attributes.
    pub(crate) dos_attributes: u8,
}

/// The end of a zip: where its directory lies, and its comment.
#[derive(Debug)]
pub(crate) struct EndRecord {
    /// Number of records.
    pub(crate) count: u64,
    /// Where the directory begins.
    pub(crate) offset: u64,
    /// Length of the directory in bytes.
    pub(crate) length: u64,
    /// The archive's comment.
    pub(crate) comment: Vec<u8>,
}

/// Reads little-endian integers from a slice; running out of bytes is a rejection.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| Reason::Truncated.error())?;
        self.0 = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(N)?);
        Ok(out)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

pub(super) fn read_at(file: &File, offset: u64, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, offset)
        .map_err(super::super::read_error)?;
    Ok(bytes)
}

/// Finds and checks the end record.
pub(crate) fn read_end(file: &File, size: u64) -> Result<EndRecord> {
    let tail_len = size.min(END_LEN + MAX_COMMENT);
    let tail_start = size - tail_len;
    let tail = read_at(file, tail_start, usize::try_from(tail_len).unwrap_or(0))?;
    let at = find_end(&tail)?;
    let mut fields = Fields(&tail[at..]);
    fields.bytes(4)?;
    let (disk, directory_disk) = (fields.u16()?, fields.u16()?);
    let (here, count) = (fields.u16()?, fields.u16()?);
    let (length, offset) = (fields.u32()?, fields.u32()?);
    let comment_len = fields.u16()?;
    let comment = fields.bytes(usize::from(comment_len))?.to_vec();
    let end_at = tail_start + at as u64;
    let end = match read_end64(file, end_at)? {
        Some((end64, end64_at)) => {
            let told = |small: u64, limit: u64, large: u64| small == limit || small == large;
            let agrees = told(count.into(), 0xffff, end64.count)
                && told(length.into(), 0xffff_ffff, end64.length)
                && told(offset.into(), 0xffff_ffff, end64.offset);
            if !agrees || end64.offset.checked_add(end64.length) != Some(end64_at) {
                return Err(Reason::Corrupt.error());
            }
            end64
        }
        None => {
            if (disk, directory_disk) != (0, 0) || here != count {
                return Err(Reason::UnsupportedFeature.error());
            }
            if u64::from(offset) + u64::from(length) != end_at {
                return Err(Reason::Corrupt.error());
            }
            EndRecord {
                count: count.into(),
                offset: offset.into(),
                length: length.into(),
                comment: Vec::new(),
            }
        }
    };
    Ok(EndRecord { comment, ..end })
}

/// Position of the end record in the file's tail: its comment must reach exactly to the end.
fn find_end(tail: &[u8]) -> Result<usize> {
    let mut seen = None;
    let last = tail.len().checked_sub(END_LEN as usize);
    for at in (0..=last.ok_or_else(|| Reason::Truncated.error())?).rev() {
        if tail[at..at + 4] != END {
            continue;
        }
        let comment = usize::from(u16::from_le_bytes([tail[at + 20], tail[at + 21]]));
        let end = at + END_LEN as usize + comment;
        if end == tail.len() {
            return Ok(at);
        }
        seen.get_or_insert(end);
    }
    Err(match seen {
        Some(end) if end < tail.len() => Reason::TrailingGarbage.error(),
        _ => Reason::Truncated.error(),
    })
}

/// The zip64 end record, if its locator stands before the end record.
fn read_end64(file: &File, end_at: u64) -> Result<Option<(EndRecord, u64)>> {
    let Some(locator_at) = end_at.checked_sub(LOCATOR_LEN) else {
        return Ok(None);
    };
    let locator = read_at(file, locator_at, LOCATOR_LEN as usize)?;
    let mut fields = Fields(&locator);
    if fields.bytes(4)? != END64_LOCATOR {
        return Ok(None);
    }
    let (disk, end64_at, disks) = (fields.u32()?, fields.u64()?, fields.u32()?);
    if disk != 0 || disks > 1 {
        return Err(Reason::UnsupportedFeature.error());
    }
    if end64_at
        .checked_add(END64_LEN)
        .is_none_or(|end| end > locator_at)
    {
        return Err(Reason::Corrupt.error());
    }
    let record = read_at(file, end64_at, END64_LEN as usize)?;
    let mut fields = Fields(&record);
    let signature = fields.bytes(4)?;
    let record_len = fields.u64()?;
    fields.bytes(4)?;
    let disks = (fields.u32()?, fields.u32()?);
    let (here, count) = (fields.u64()?, fields.u64()?);
    let (length, offset) = (fields.u64()?, fields.u64()?);
    let ends_at_locator = end64_at
        .checked_add(12)
        .and_then(|at| at.checked_add(record_len));
    if signature != END64 || ends_at_locator != Some(locator_at) {
        return Err(Reason::Corrupt.error());
    }
    if disks != (0, 0) || here != count {
        return Err(Reason::UnsupportedFeature.error());
    }
    let end = EndRecord {
        count,
        offset,
        length,
        comment: Vec::new(),
    };
    Ok(Some((end, end64_at)))
}

/// Reads every record, in directory order.
pub(crate) fn read(file: &File, size: u64, max_entries: u64) -> Result<Vec<Record>> {
    let end = read_end(file, size)?;
    if end.count > max_entries {
        return Err(Reason::TooManyEntries.error());
    }
    if end.length > MAX_DIRECTORY || end.count > end.length / CENTRAL_LEN as u64 {
        return Err(Reason::Corrupt.error());
    }
    let length = usize::try_from(end.length).map_err(|_| Reason::Corrupt.error())?;
    let bytes = read_at(file, end.offset, length)?;
    let mut fields = Fields(&bytes);
    let mut records = Vec::with_capacity(usize::try_from(end.count).unwrap_or(0));
    while !fields.0.is_empty() {
        if records.len() as u64 == end.count {
            return Err(Reason::Corrupt.error());
        }
        records.push(read_record(&mut fields)?);
    }
    if records.len() as u64 != end.count {
        return Err(Reason::Corrupt.error());
    }
    Ok(records)
}

fn read_record(fields: &mut Fields<'_>) -> Result<Record> {
    if fields.bytes(4)? != CENTRAL {
        return Err(Reason::Corrupt.error());
    }
    let (_made_by_version, host) = (fields.u8()?, fields.u8()?);
    let _version_needed = fields.u16()?;
    let flags = fields.u16()?;
    let method = fields.u16()?;
    let _time_and_date = fields.u32()?;
    let crc = fields.u32()?;
    let (packed, size) = (fields.u32()?, fields.u32()?);
    let (name_len, extra_len, comment_len) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let disk = fields.u16()?;
    let _internal_attributes = fields.u16()?;
    let external = fields.u32()?;
    let offset = fields.u32()?;
    let name = fields.bytes(name_len.into())?.to_vec();
    let extra = fields.bytes(extra_len.into())?;
    fields.bytes(comment_len.into())?;

    if flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED) != 0 || method == 99 {
        return Err(Reason::Encrypted.at(&name));
    }
    let method = match method {
        0 => Method::Stored,
        8 => Method::Deflated,
        _ => return Err(Reason::UnsupportedCompression.at(&name)),
    };
    if flags & FLAG_PATCHED != 0 || (disk != 0 && disk != 0xffff) {
        return Err(Reason::UnsupportedFeature.at(&name));
    }
    let wide =
        Wide::read(extra, size, packed, Some(offset)).map_err(|_| Reason::Corrupt.at(&name))?;
    Ok(Record {
        method,
        flags,
        crc,
        packed: wide.packed,
        size: wide.size,
        offset: wide.offset,
        unix_mode: matches!(host, HOST_UNIX | HOST_DARWIN).then_some(external >> 16),
        dos_attributes: external.to_le_bytes()[0],
        name,
    })
}

/// Sizes and offset after looking at the zip64 extra field (APPNOTE §4.5.3).
pub(super) struct Wide {
    pub(super) size: u64,
    pub(super) packed: u64,
    pub(super) offset: u64,
}

impl Wide {
    /// Takes from the zip64 field exactly the values whose narrow form is all ones.
    pub(super) fn read(extra: &[u8], size: u32, packed: u32, offset: Option<u32>) -> Result<Self> {
        const NARROW: u32 = u32::MAX;
        let mut wide = Self {
            size: size.into(),
            packed: packed.into(),
            offset: offset.unwrap_or(0).into(),
        };
        if size != NARROW && packed != NARROW && offset != Some(NARROW) {
            return Ok(wide);
        }
        let mut fields = Fields(zip64_field(extra)?);
        if size == NARROW {
            wide.size = fields.u64()?;
        }
        if packed == NARROW {
            wide.packed = fields.u64()?;
        }
        if offset == Some(NARROW) {
            wide.offset = fields.u64()?;
        }
        Ok(wide)
    }
}

fn zip64_field(extra: &[u8]) -> Result<&[u8]> {
    const ZIP64: u16 = 1;
    let mut fields = Fields(extra);
    let mut found: Option<&[u8]> = None;
    // Some writers pad extra fields with a few zero bytes.
    while fields.0.len() >= 4 {
        let (id, length) = (fields.u16()?, fields.u16()?);
        let body = fields.bytes(length.into())?;
        // Told twice is told ambiguously.
        if id == ZIP64 && found.replace(body).is_some() {
            return Err(Reason::Corrupt.error());
        }
    }
    found.ok_or_else(|| Reason::Corrupt.error())
}
