//! The file on its way out: entries with their checksums, records gathered into parts.

use super::{
    CONTENTS, Checksum, Contents, MANIFEST, Manifest, RecordPart, StoredObject, object_name,
    part_name,
};
use crate::{
    domain::{
        object_key::ObjectKey,
        portable::{Portable, PortableKind},
    },
    error::{Error, ErrorCode, Result},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    io::{self, Read, Write},
};

/// A part is ended when it has this many bytes.
const PART: usize = 4 * 1024 * 1024;

/// Where the file goes.
pub type Output = Box<dyn Write + Send>;

/// Writes a file entry by entry.
pub struct Writer {
    tar: tar::Builder<Output>,
    contents: Contents,
    part: Vec<u8>,
    part_records: u64,
}

impl Writer {
    /// Begins a file.
    pub fn begin(output: Output, manifest: &Manifest) -> Result<Self> {
        let mut writer = Self {
            tar: tar::Builder::new(output),
            contents: Contents::default(),
            part: Vec::new(),
            part_records: 0,
        };
        let text = json(manifest)?;
        writer.contents.manifest = writer.entry(MANIFEST, text.len() as u64, text.as_slice())?;
        Ok(writer)
    }

    /// Adds an object of `size` bytes.
    pub fn object(&mut self, key: &ObjectKey, size: u64, content: impl Read) -> Result<()> {
        let name = object_name(self.contents.objects.len() + 1);
        let checksum = self.entry(&name, size, content)?;
        self.contents.objects.push(StoredObject {
            key: key.to_string(),
            checksum,
        });
        Ok(())
    }

    /// The keys of the objects added so far.
    pub fn keys(&self) -> HashSet<String> {
        let objects = self.contents.objects.iter();
        objects.map(|object| object.key.clone()).collect()
    }

    /// Adds a record. Those of one kind come one after the other, and [`Self::end_kind`] after them.
    pub fn record(&mut self, record: &Portable) -> Result<()> {
        serde_json::to_writer(&mut self.part, record).map_err(unwritable)?;
        self.part.push(b'\n');
        self.part_records += 1;
        if self.part.len() >= PART {
            self.end_part(record.kind())?;
        }
        Ok(())
    }

    /// Ends the records of a kind.
    pub fn end_kind(&mut self, kind: PortableKind) -> Result<()> {
        if self.part_records > 0 {
            self.end_part(kind)?;
        }
        Ok(())
    }

    fn end_part(&mut self, kind: PortableKind) -> Result<()> {
        let text = std::mem::take(&mut self.part);
        let before = self.contents.records.last().filter(|it| it.kind == kind);
        let number = before.map_or(1, |part| part.number + 1);
        let checksum = self.entry(&part_name(kind, number), text.len() as u64, text.as_slice())?;
        self.contents.records.push(RecordPart {
            kind,
            number,
            records: self.part_records,
            checksum,
        });
        self.part_records = 0;
        Ok(())
    }

    /// Ends the file.
    pub fn end(mut self) -> Result<()> {
        let text = json(&self.contents)?;
        self.entry(CONTENTS, text.len() as u64, text.as_slice())?;
        let mut output = self.tar.into_inner().map_err(failed)?;
        output.flush().map_err(failed)
    }

    fn entry(&mut self, name: &str, size: u64, content: impl Read) -> Result<Checksum> {
        let mut header = tar::Header::new_ustar();
        header.set_path(name).map_err(failed)?;
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(size);
        header.set_mode(0o600);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        let mut content = Hashed::new(content.take(size));
        self.tar.append(&header, &mut content).map_err(failed)?;
        let checksum = content.checksum();
        if checksum.size != size {
            return Err(Error::new(
                ErrorCode::DependencyUnavailable,
                format!("{name} has {} bytes instead of {size}", checksum.size),
            ));
        }
        Ok(checksum)
    }
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value).map_err(unwritable)?;
    text.push(b'\n');
    Ok(text)
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::internal("a record cannot be written as JSON", error)
}

fn failed(error: io::Error) -> Error {
    Error::new(
        ErrorCode::DependencyUnavailable,
        "the export cannot be written",
    )
    .caused_by(error)
}

/// Counts and hashes what is read through it.
pub struct Hashed<R> {
    inner: R,
    hash: Sha256,
    size: u64,
}

impl<R: Read> Hashed<R> {
    /// Nothing read yet.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            size: 0,
        }
    }

    /// Of all that was read.
    pub fn checksum(self) -> Checksum {
        Checksum {
            size: self.size,
            sha256: hex::encode(self.hash.finalize()),
        }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        self.size += read as u64;
        Ok(read)
    }
}
