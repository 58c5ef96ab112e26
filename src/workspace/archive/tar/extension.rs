//! Extension headers: pax records (POSIX.1-2001 §pax) and GNU long names.
//!
//! They apply to the next entry. Readers differ on repeated or contradicting extensions, and that
//! difference is how one archive shows two trees; so anything told twice is refused.

use super::header::{Header, Type};
use crate::{error::Result, workspace::rejection::Reason};

/// Largest extension header; real ones hold a path and a few times.
pub(super) const MAX_BYTES: u64 = 1024 * 1024;

/// What extension headers said about the entry that follows.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
    pax_seen: bool,
}

impl Overrides {
    /// Whether an extension waits for its entry.
    pub(super) fn is_pending(&self) -> bool {
        self.pax_seen || self.name.is_some() || self.link.is_some()
    }

    /// Takes in the content of an extension header.
    pub(super) fn read(&mut self, header: &Header, content: &[u8]) -> Result<()> {
        let bad = || Reason::BadExtensionHeader.at(&header.name);
        let once = |slot: &mut Option<Vec<u8>>, value: &[u8]| match slot.replace(value.to_vec()) {
            None => Ok(()),
            Some(_) => Err(bad()),
        };
        match header.kind {
            Type::GnuLongName => once(&mut self.name, gnu_name(content).ok_or_else(bad)?),
            Type::GnuLongLink => once(&mut self.link, gnu_name(content).ok_or_else(bad)?),
            Type::PaxGlobal => {
                for (key, _) in records(content).ok_or_else(bad)? {
                    // One name or size for all following entries makes no sense.
                    if matches!(key, b"path" | b"linkpath" | b"size") || is_sparse(key) {
                        return Err(bad());
                    }
                }
                Ok(())
            }
            _ => {
                if std::mem::replace(&mut self.pax_seen, true) {
                    return Err(bad());
                }
                for (key, value) in records(content).ok_or_else(bad)? {
                    match key {
                        b"path" => once(&mut self.name, value)?,
                        b"linkpath" => once(&mut self.link, value)?,
                        b"size" => {
                            let size = decimal(value).ok_or_else(bad)?;
                            if self.size.replace(size).is_some() {
                                return Err(bad());
                            }
                        }
                        _ => self.sparse |= is_sparse(key),
                    }
                }
                Ok(())
            }
        }
    }

    /// Applies what was said to the entry it was said about.
    pub(super) fn apply(&mut self, header: &mut Header) -> Result<()> {
        /// What an eleven-digit octal size field can hold.
        const OCTAL_LIMIT: u64 = 8 * 1024 * 1024 * 1024;
        let said = std::mem::take(self);
        if let Some(name) = said.name {
            header.name = name;
            if header.kind == Type::File && header.name.ends_with(b"/") {
                header.kind = Type::Directory;
            }
        }
        if let Some(link) = said.link {
            header.link = link;
        }
        if said.sparse {
            return Err(Reason::SparseFile.at(&header.name));
        }
        match said.size {
            Some(size) if size == header.size => {}
            Some(size) if header.size == 0 && size >= OCTAL_LIMIT => header.size = size,
            // A second size hides entries from whoever believes the first.
            Some(_) => return Err(Reason::BadExtensionHeader.at(&header.name)),
            None => {}
        }
        Ok(())
    }
}

fn is_sparse(key: &[u8]) -> bool {
    key.starts_with(b"GNU.sparse") || key == b"SCHILY.realsize"
}

/// A GNU long name: text ended by NULs only.
fn gnu_name(content: &[u8]) -> Option<&[u8]> {
    let end = content.iter().position(|byte| *byte == 0);
    let (name, rest) = content.split_at(end.unwrap_or(content.len()));
    (!name.is_empty() && rest.iter().all(|byte| *byte == 0)).then_some(name)
}

fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// The `length key=value\n` records of a pax header, or `None` when one is malformed.
fn records(mut content: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let space = content.iter().take(20).position(|byte| *byte == b' ')?;
        let length = usize::try_from(decimal(&content[..space])?).ok()?;
        if length <= space + 1 {
            return None;
        }
        let (record, rest) = content.split_at_checked(length)?;
        let pair = record.get(space + 1..)?.strip_suffix(b"\n")?;
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        found.push((&pair[..equals], &pair[equals + 1..]));
        content = rest;
    }
    Some(found)
}
