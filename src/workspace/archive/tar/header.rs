//! One tar header block (POSIX.1-1988 ustar, GNU, v7), read strictly.
//!
//! Numbers are octal or GNU base-256 and never negative; the checksum must fit. What an entry's
//! type means for safety is decided in the parent module.

use super::BLOCK;
use crate::{error::Result, workspace::rejection::Reason};

/// What a header announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    File,
    HardLink,
    Symlink,
    Directory,
    Special,
    Sparse,
    PaxLocal,
    PaxGlobal,
    GnuLongName,
    GnuLongLink,
    Unknown,
}

/// A decoded header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) kind: Type,
    pub(super) name: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) size: u64,
    pub(super) mode: u64,
}

/// Decodes a block that is not all zeros.
pub(super) fn decode(block: &[u8; BLOCK]) -> Result<Header> {
    let corrupt = || Reason::Corrupt.error();
    let stored = octal(&block[148..156]).ok_or_else(corrupt)?;
    let outside = block[..148].iter().chain(&block[156..]);
    let sum: u64 = outside.map(|byte| u64::from(*byte)).sum::<u64>() + 8 * u64::from(b' ');
    if stored != sum {
        return Err(corrupt());
    }
    let short = until_nul(&block[..100]);
    let is_ustar = &block[257..263] == b"ustar\0";
    let prefix = if is_ustar {
        until_nul(&block[345..500])
    } else {
        &[]
    };
    let name = if prefix.is_empty() {
        short.to_vec()
    } else {
        [prefix, b"/", short].concat()
    };
    let blamed = || Reason::Corrupt.at(&name);
    let kind = match block[156] {
        0 | b'0' | b'7' if name.ends_with(b"/") => Type::Directory,
        0 | b'0' | b'7' => Type::File,
        b'1' => Type::HardLink,
        b'2' => Type::Symlink,
        b'3' | b'4' | b'6' => Type::Special,
        b'5' => Type::Directory,
        b'x' | b'X' => Type::PaxLocal,
        b'g' => Type::PaxGlobal,
        b'L' => Type::GnuLongName,
        b'K' => Type::GnuLongLink,
        b'S' => Type::Sparse,
        _ => Type::Unknown,
    };
    Ok(Header {
        kind,
        link: until_nul(&block[157..257]).to_vec(),
        size: number(&block[124..136]).ok_or_else(blamed)?,
        mode: number(&block[100..108]).ok_or_else(blamed)?,
        name,
    })
}

fn until_nul(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// Octal digits between spaces, ended by NUL, space or the field's end; empty is zero.
fn octal(field: &[u8]) -> Option<u64> {
    let text = until_nul(field).trim_ascii();
    text.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// Octal, or big-endian binary behind a leading 0x80 (GNU). Negative numbers are refused.
fn number(field: &[u8]) -> Option<u64> {
    match field.split_first() {
        Some((0x80, digits)) => digits.iter().try_fold(0_u64, |value, byte| {
            value.checked_mul(256)?.checked_add(u64::from(*byte))
        }),
        Some((first, _)) if *first >= 0x80 => None,
        _ => octal(field),
    }
}
