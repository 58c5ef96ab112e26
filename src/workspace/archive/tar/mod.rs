//! Tar streams: one pass into the staging folder, small files written by another thread.
//!
//! A tar has no directory, so rules and content come interleaved; that is safe because nothing
//! leaves the staging folder before the end has been seen. Hard links become copies once all files
//! are there. The stream must end with a zero block and hold only zeros after it.

mod extension;
mod header;
mod writers;

use super::{CHUNK, LinkRule, Rules, SMALL_FILE, Tally, read_error};
use crate::{
    error::{Error, Result},
    workspace::{
        FileMode, ManifestEntry, check_cancelled,
        paths::{self, PathSet},
        rejection::Reason,
        staging::{Staging, TreeWriter, disk_error},
    },
};
use extension::Overrides;
use header::{Header, Type};
use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read},
};
use tokio_util::sync::CancellationToken;
use writers::Writers;

/// Size of a tar block.
pub(super) const BLOCK: usize = 512;
const S_IXUSR: u64 = 0o100;
/// Bytes of headers and padding allowed per entry on top of the content.
const OVERHEAD_PER_ENTRY: u64 = 8 * 1024;

/// Checks that a tar can begin like this.
pub(super) fn check_first_block(bytes: &[u8]) -> Result<()> {
    if bytes.is_empty() {
        return Err(Reason::Empty.error());
    }
    let Ok(block) = <&[u8; BLOCK]>::try_from(bytes) else {
        return Err(Reason::Truncated.error());
    };
    if block.iter().all(|byte| *byte == 0) {
        return Err(Reason::Empty.error());
    }
    header::decode(block).map(|_| ())
}

/// Unpacks a plain tar.
pub(super) fn unpack(
    file: &File,
    size: u64,
    staging: &Staging,
    rules: &Rules,
    cancel: &CancellationToken,
) -> Result<Vec<ManifestEntry>> {
    unpack_stream(file.take(size), staging, rules, cancel)
}

/// Unpacks a tar from its uncompressed bytes.
pub(super) fn unpack_stream(
    stream: impl Read,
    staging: &Staging,
    rules: &Rules,
    cancel: &CancellationToken,
) -> Result<Vec<ManifestEntry>> {
    let mut input = Blocks::new(stream, rules);
    std::thread::scope(|scope| {
        let mut unpacking = Unpacking {
            staging,
            rules,
            cancel,
            names: PathSet::default(),
            tally: Tally::default(),
            modes: HashMap::new(),
            hard_links: Vec::new(),
            writer: staging.writer(),
            writers: Writers::start(scope, staging),
            entries: Vec::new(),
        };
        let read = unpacking.read_all(&mut input);
        // Join the writers whatever happened, so that nobody writes while staging is removed.
        let written = unpacking.writers.finish();
        read?;
        unpacking.entries.extend(written?);
        unpacking.copy_hard_links()?;
        Ok(unpacking.entries)
    })
}

/// The stream, counted against the most it may hold.
struct Blocks<R> {
    input: BufReader<R>,
    left: u64,
}

impl<R: Read> Blocks<R> {
    fn new(stream: R, rules: &Rules) -> Self {
        let overhead = rules.limits.max_entries.saturating_mul(OVERHEAD_PER_ENTRY);
        Self {
            input: BufReader::with_capacity(CHUNK, stream),
            left: rules
                .limits
                .max_total_bytes
                .saturating_add(overhead)
                .saturating_add(extension::MAX_BYTES),
        }
    }

    fn spend(&mut self, bytes: u64) -> Result<()> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or_else(|| Reason::TotalTooLarge.error())?;
        Ok(())
    }

    fn exact(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.spend(buffer.len() as u64)?;
        self.input.read_exact(buffer).map_err(read_error)
    }

    fn skip_padding(&mut self, size: u64) -> Result<()> {
        let used = usize::try_from(size % BLOCK as u64).unwrap_or(0);
        if used != 0 {
            self.exact(&mut [0; BLOCK][used..])?;
        }
        Ok(())
    }

    /// Everything after the first zero block must be zeros.
    fn finish(&mut self) -> Result<()> {
        loop {
            let bytes = self.input.fill_buf().map_err(read_error)?;
            if bytes.is_empty() {
                return Ok(());
            }
            if bytes.iter().any(|byte| *byte != 0) {
                return Err(Reason::TrailingGarbage.error());
            }
            let count = bytes.len();
            self.input.consume(count);
            self.spend(count as u64)?;
        }
    }
}

struct Unpacking<'scope, 'env> {
    staging: &'env Staging,
    rules: &'env Rules,
    cancel: &'env CancellationToken,
    names: PathSet,
    tally: Tally,
    /// Modes of executables and links, which hard links to them share.
    modes: HashMap<String, FileMode>,
    /// (new path, existing path), in archive order.
    hard_links: Vec<(String, String)>,
    writer: TreeWriter<'env>,
    writers: Writers<'scope>,
    entries: Vec<ManifestEntry>,
}

impl Unpacking<'_, '_> {
    fn read_all(&mut self, input: &mut Blocks<impl Read>) -> Result<()> {
        let mut said = Overrides::default();
        let mut block = [0; BLOCK];
        loop {
            check_cancelled(self.cancel)?;
            input.exact(&mut block)?;
            if block.iter().all(|byte| *byte == 0) {
                if said.is_pending() {
                    return Err(Reason::BadExtensionHeader.error());
                }
                return input.finish();
            }
            let mut header = header::decode(&block)?;
            match header.kind {
                Type::PaxLocal | Type::PaxGlobal | Type::GnuLongName | Type::GnuLongLink => {
                    let pending = said.is_pending();
                    if header.size > extension::MAX_BYTES
                        || (pending && header.kind == Type::PaxGlobal)
                    {
                        return Err(Reason::BadExtensionHeader.at(&header.name));
                    }
                    // Extension headers cost memory and time like entries do.
                    let content = read_small(input, header.size)?;
                    said.read(&header, &content)?;
                }
                _ => {
                    said.apply(&mut header)?;
                    self.entry(&header, input)?;
                }
            }
        }
    }

    fn entry(&mut self, header: &Header, input: &mut Blocks<impl Read>) -> Result<()> {
        let name = &header.name;
        self.tally.entry(&self.rules.limits, name)?;
        match header.kind {
            Type::Special => return Err(Reason::SpecialFile.at(name)),
            Type::Sparse => return Err(Reason::SparseFile.at(name)),
            Type::File | Type::Directory | Type::Symlink | Type::HardLink => {}
            _ => return Err(Reason::UnsupportedFeature.at(name)),
        }
        // Readers disagree on whether the content of a link or directory follows.
        if header.kind != Type::File && header.size != 0 {
            return Err(Reason::SizeMismatch.at(name));
        }
        let path = paths::clean(name)?;
        if header.kind == Type::Directory {
            if let Some(path) = path {
                self.names.add_directory(&path)?;
            }
            return self.check_directories(name);
        }
        let path = path.ok_or_else(|| Reason::EmptyName.at(name))?;
        match header.kind {
            Type::Symlink => self.symlink(header, path),
            Type::HardLink => self.hard_link(header, path),
            _ => self.file(header, path, input),
        }
    }

    fn check_directories(&self, name: &[u8]) -> Result<()> {
        if self.names.directories() > self.rules.limits.max_entries {
            return Err(Reason::TooManyEntries.at(name));
        }
        Ok(())
    }

    /// Enters a file's name and makes its directories. False when it is judged but not written.
    fn admit(&mut self, name: &[u8], path: &str, size: u64) -> Result<bool> {
        self.tally.file(&self.rules.limits, name, size)?;
        if paths::is_vcs_metadata(path) {
            self.names.add_unwritten_file(path, size)?;
            self.check_directories(name)?;
            return Ok(false);
        }
        let mut directories = Vec::new();
        self.names.add_file(path, size, &mut directories)?;
        self.check_directories(name)?;
        self.staging.create_directories(&directories)?;
        Ok(true)
    }

    fn symlink(&mut self, header: &Header, path: String) -> Result<()> {
        let target = &header.link;
        if target.len() as u64 > paths::MAX_LINK_BYTES {
            return Err(Reason::NameTooLong.at(&header.name));
        }
        if target.contains(&0) {
            return Err(Reason::ControlCharacter.at(&header.name));
        }
        if self.rules.links == LinkRule::InsideRoot && !paths::link_stays_inside(&path, target) {
            return Err(Reason::LinkOutsideRoot.at(&header.name));
        }
        if self.admit(&header.name, &path, target.len() as u64)? {
            self.modes.insert(path.clone(), FileMode::Symlink);
            self.writers.send(path, FileMode::Symlink, target.clone())?;
        }
        Ok(())
    }

    fn hard_link(&mut self, header: &Header, path: String) -> Result<()> {
        let target = match paths::clean(&header.link) {
            Ok(Some(target)) => target,
            Ok(None) | Err(_) => return Err(Reason::LinkOutsideRoot.at(&header.name)),
        };
        let missing = || Reason::LinkTargetMissing.at(&header.name);
        let size = self.names.file_size(&target).ok_or_else(missing)?;
        if self.admit(&header.name, &path, size)? {
            if paths::is_vcs_metadata(&target) {
                return Err(missing());
            }
            self.hard_links.push((path, target));
        }
        Ok(())
    }

    fn file(&mut self, header: &Header, path: String, input: &mut Blocks<impl Read>) -> Result<()> {
        let written = self.admit(&header.name, &path, header.size)?;
        let mode = match header.mode & S_IXUSR {
            0 => FileMode::Regular,
            _ => FileMode::Executable,
        };
        if header.size <= SMALL_FILE {
            let content = read_small(input, header.size)?;
            if !written {
                return Ok(());
            }
            if mode == FileMode::Executable {
                self.modes.insert(path.clone(), mode);
            }
            return self.writers.send(path, mode, content);
        }
        let mut target = match written {
            true => Some(self.writer.begin(path.clone(), mode)?),
            false => None,
        };
        let mut left = header.size;
        while left > 0 {
            check_cancelled(self.cancel)?;
            let bytes = input.input.fill_buf().map_err(read_error)?;
            if bytes.is_empty() {
                return Err(Reason::Truncated.at(&header.name));
            }
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
            if let Some(file) = &mut target {
                file.append(&bytes[..count])?;
            }
            input.input.consume(count);
            input.spend(count as u64)?;
            left -= count as u64;
        }
        input.skip_padding(header.size)?;
        if let Some(file) = target {
            if mode == FileMode::Executable {
                self.modes.insert(path, mode);
            }
            self.entries.push(file.finish());
        }
        Ok(())
    }

    /// Turns hard links into copies, in archive order, so that chains work.
    fn copy_hard_links(&mut self) -> Result<()> {
        for (path, target) in std::mem::take(&mut self.hard_links) {
            check_cancelled(self.cancel)?;
            let mode = self.modes.get(&target).copied();
            let mode = mode.unwrap_or(FileMode::Regular);
            if mode != FileMode::Regular {
                self.modes.insert(path.clone(), mode);
            }
            let mut from = self.staging.read(&target)?;
            let mut copy = self.writer.begin(path, mode)?;
            let mut buffer = vec![0; CHUNK];
            loop {
                check_cancelled(self.cancel)?;
                let count = from
                    .read(&mut buffer)
                    .map_err(|error| disk_error("could not read a staged file", error))?;
                if count == 0 {
                    break;
                }
                copy.append(&buffer[..count])?;
            }
            self.entries.push(copy.finish());
        }
        Ok(())
    }
}

/// Reads a content known to be small, and its padding.
fn read_small(input: &mut Blocks<impl Read>, size: u64) -> Result<Vec<u8>> {
    let length = usize::try_from(size)
        .map_err(|error| Error::internal("a small file that is not small", error))?;
    let mut content = vec![0; length];
    input.exact(&mut content)?;
    input.skip_padding(size)?;
    Ok(content)
}
