//! The file on its way in: plain entries one after the other, nothing believed.
//!
//! Every refusal is `validation_error` and says what is wrong with the file. Names are compared with
//! what has to come, never used.

use super::writer::Hashed;
use crate::error::{Error, ErrorCode, Result};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

/// Longest content that is held in memory, in bytes. A part has a few MiB; a single record may be
/// longer than a part.
const LONGEST: u64 = 512 * 1024 * 1024;

/// The file is not what it should be.
pub fn damaged(problem: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorCode::ValidationError,
        format!("the file is not a whole, unchanged export: {problem}"),
    )
}

/// An entry of the file.
pub struct Entry<'a> {
    /// Its name; at most 256 bytes.
    pub name: String,
    /// The size it states, in bytes.
    pub size: u64,
    content: Hashed<&'a mut dyn Read>,
}

impl<'a> Entry<'a> {
    /// Its whole content with its checksum.
    pub fn into_bytes(mut self) -> Result<(Vec<u8>, super::Checksum)> {
        let mut bytes = Vec::new();
        if self.size > LONGEST {
            return Err(damaged(format!("{} is too long", self.name)));
        }
        self.content
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(error, &self.name))?;
        Ok((bytes, self.whole()?))
    }

    /// Copies its content and gives the checksum.
    pub fn copy_to(mut self, target: &mut dyn io::Write) -> Result<super::Checksum> {
        io::copy(&mut self.content, target).map_err(|error| unreadable(error, &self.name))?;
        self.whole()
    }

    fn whole(self) -> Result<super::Checksum> {
        let checksum = self.content.checksum();
        if checksum.size == self.size {
            return Ok(checksum);
        }
        Err(damaged(format!("it ends in the middle of {}", self.name)))
    }
}

fn unreadable(error: io::Error, name: &str) -> Error {
    damaged(format!("{name} cannot be read")).caused_by(error)
}

/// Hands every entry to `visit`, in order.
pub fn each_entry(path: &Path, mut visit: impl FnMut(Entry<'_>) -> Result<()>) -> Result<()> {
    let file = File::open(path).map_err(|error| {
        let text = format!("{} cannot be opened", path.display());
        Error::new(ErrorCode::ValidationError, text).caused_by(error)
    })?;
    let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 20, file));
    let broken = |error| damaged("it is not a tar").caused_by(error);
    // Raw: names that are longer than a header are an extension that no export has.
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(damaged("there is something in it besides plain files"));
        }
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| damaged("a name is not text"))?;
        let size = entry.header().entry_size().map_err(broken)?;
        let content: &mut dyn Read = &mut entry;
        visit(Entry {
            name,
            size,
            content: Hashed::new(content),
        })?;
    }
    Ok(())
}
