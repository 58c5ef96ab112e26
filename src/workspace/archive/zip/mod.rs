//! Zip archives: judge the whole directory, then unpack entries on several threads.
//!
//! [`plan`] applies every rule that needs no content; nothing is written before it is through.
//! [`unpack`] then inflates runs of neighbouring entries in parallel. The local headers have to
//! agree with the directory, and exactly the announced bytes have to come out. When several
//! entries are bad, the first one in the file is reported, whichever thread met it.

pub(crate) mod directory;
mod inflate;

use super::{LinkRule, Rules, SMALL_FILE, Tally};
use crate::{
    error::{Error, Result},
    workspace::{
        FileMode, ManifestEntry, check_cancelled,
        paths::{self, PathSet},
        rejection::Reason,
        staging::{Staging, TreeWriter},
    },
};
use directory::{Fields, Method, Record, Wide, read_at};
use inflate::Inflater;
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const LOCAL_LEN: usize = 30;
const FLAG_DESCRIPTOR: u16 = 1 << 3;
/// Entries a thread takes at once: neighbours, so that reads and directories are shared.
const RUN: usize = 128;
/// Threads at most: beyond a few, the file system's own locks are the limit.
const MAX_THREADS: usize = 4;

const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFLNK: u32 = 0o120_000;
const S_IXUSR: u32 = 0o100;
const DOS_DIRECTORY: u8 = 0x10;

/// An entry that passed the rules for names, kinds and sizes.
struct Planned<'a> {
    record: &'a Record,
    path: String,
    mode: FileMode,
    /// Judged and inflated, but not written.
    unwritten: bool,
    /// Where the next entry, or the directory, begins: this entry's bytes end before that.
    ends_before: u64,
}

enum Kind {
    File(FileMode),
    Directory,
}

fn kind(record: &Record) -> Result<Kind> {
    let named_directory = record.name.ends_with(b"/");
    if let Some(mode) = record.unix_mode {
        match mode & S_IFMT {
            S_IFDIR => return Ok(Kind::Directory),
            S_IFLNK => return Ok(Kind::File(FileMode::Symlink)),
            S_IFREG | 0 if named_directory => return Ok(Kind::Directory),
            S_IFREG | 0 if mode & S_IXUSR != 0 => return Ok(Kind::File(FileMode::Executable)),
            S_IFREG | 0 => {}
            _ => return Err(Reason::SpecialFile.at(&record.name)),
        }
    }
    let dos_directory = record.unix_mode.is_none() && record.dos_attributes & DOS_DIRECTORY != 0;
    if named_directory || dos_directory {
        Ok(Kind::Directory)
    } else {
        Ok(Kind::File(FileMode::Regular))
    }
}

/// Applies every rule that needs no content. Returns the files in the order they lie in the
/// archive, and the directories to create, parents first.
fn plan<'a>(
    records: &'a [Record],
    archive_size: u64,
    rules: &Rules,
) -> Result<(Vec<Planned<'a>>, Vec<String>)> {
    let mut names = PathSet::default();
    let mut tally = Tally::default();
    let mut directories = Vec::new();
    let mut planned = Vec::with_capacity(records.len());
    for record in records {
        let name = &record.name;
        tally.entry(&rules.limits, name)?;
        let path = paths::clean(name)?;
        let (path, mode) = match (kind(record)?, path) {
            (Kind::Directory, path) => {
                if record.size != 0 {
                    return Err(Reason::SizeMismatch.at(name));
                }
                if let Some(path) = path {
                    names.add_directory(&path)?;
                }
                continue;
            }
            (Kind::File(_), None) => return Err(Reason::EmptyName.at(name)),
            (Kind::File(mode), Some(path)) => (path, mode),
        };
        // The second condition keeps every link on the path that checks its target.
        let long = record.size > paths::MAX_LINK_BYTES || record.packed > SMALL_FILE;
        if mode == FileMode::Symlink && long {
            return Err(Reason::NameTooLong.at(name));
        }
        if record.method == Method::Stored && record.packed != record.size {
            return Err(Reason::SizeMismatch.at(name));
        }
        tally.file(&rules.limits, name, record.size)?;
        if !rules.check_ratio(record.packed, record.size) {
            return Err(Reason::CompressionRatio.at(name));
        }
        let unwritten = paths::is_vcs_metadata(&path);
        if unwritten {
            names.add_unwritten_file(&path, record.size)?;
        } else {
            names.add_file(&path, record.size, &mut directories)?;
        }
        if names.directories() > rules.limits.max_entries {
            return Err(Reason::TooManyEntries.at(name));
        }
        planned.push(Planned {
            record,
            path,
            mode,
            unwritten,
            ends_before: 0,
        });
    }
    if !rules.check_ratio(archive_size, tally.bytes) {
        return Err(Reason::CompressionRatio.error());
    }
    check_overlaps(records, &mut planned, archive_size)?;
    Ok((planned, directories))
}

/// Sorts the files by their place in the archive and fails when two records share bytes. Local
/// extra fields are not known yet; [`locate`] checks the exact end against `ends_before`.
fn check_overlaps(
    records: &[Record],
    planned: &mut [Planned<'_>],
    archive_size: u64,
) -> Result<()> {
    let mut spans: Vec<(u64, u64, &[u8])> = Vec::with_capacity(records.len());
    for record in records {
        let header = LOCAL_LEN as u64 + record.name.len() as u64;
        let end = record
            .offset
            .checked_add(header)
            .and_then(|start| start.checked_add(record.packed))
            .filter(|end| *end <= archive_size)
            .ok_or_else(|| Reason::Truncated.at(&record.name))?;
        spans.push((record.offset, end, &record.name));
    }
    spans.sort_unstable();
    for pair in spans.windows(2) {
        if pair[0].1 > pair[1].0 {
            return Err(Reason::OverlappingEntries.at(pair[1].2));
        }
    }
    planned.sort_unstable_by_key(|entry| entry.record.offset);
    for entry in planned {
        let next = spans.partition_point(|span| span.0 <= entry.record.offset);
        entry.ends_before = spans.get(next).map_or(archive_size, |span| span.0);
    }
    Ok(())
}

/// Unpacks every entry into the staging folder.
pub(crate) fn unpack(
    file: &File,
    archive_size: u64,
    records: &[Record],
    staging: &Staging,
    rules: &Rules,
    cancel: &CancellationToken,
) -> Result<Vec<ManifestEntry>> {
    let end = directory::read_end(file, archive_size)?;
    let (planned, directories) = plan(records, end.offset, rules)?;
    staging.create_directories(&directories)?;

    let runs: Vec<&[Planned<'_>]> = planned.chunks(RUN).collect();
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let first_failure: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let work = || {
        let mut worker = Worker::new(file, staging, rules, cancel);
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(run) = runs.get(index) else { break };
            if let Err(error) = worker.run(run, &mut done) {
                failed.store(true, Ordering::Relaxed);
                let mut first = first_failure
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                if first.as_ref().is_none_or(|(known, _)| index < *known) {
                    *first = Some((index, error));
                }
                break;
            }
        }
        done
    };
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MAX_THREADS)
        .min(runs.len().max(1));
    let results: Vec<_> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        let mut results = vec![Ok(own)];
        results.extend(others.into_iter().map(std::thread::ScopedJoinHandle::join));
        results
    });
    let failure = first_failure
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, error)) = failure {
        return Err(error);
    }
    let mut entries = Vec::with_capacity(planned.len());
    for result in results {
        let done = result.map_err(|_| {
            Error::internal(
                "unpacking a zip",
                std::io::Error::other("a thread panicked"),
            )
        })?;
        entries.extend(done);
    }
    Ok(entries)
}

/// One thread's buffers.
struct Worker<'a> {
    file: &'a File,
    writer: TreeWriter<'a>,
    rules: &'a Rules,
    cancel: &'a CancellationToken,
    input: Window<'a>,
    inflater: Inflater,
    output: Vec<u8>,
}

impl<'a> Worker<'a> {
    fn new(
        file: &'a File,
        staging: &'a Staging,
        rules: &'a Rules,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            file,
            writer: staging.writer(),
            rules,
            cancel,
            input: Window {
                file,
                start: 0,
                bytes: Vec::new(),
            },
            inflater: Inflater::new(),
            output: Vec::new(),
        }
    }

    fn run(&mut self, run: &[Planned<'_>], done: &mut Vec<ManifestEntry>) -> Result<()> {
        let run_ends = run.last().map_or(0, |entry| entry.ends_before);
        for entry in run {
            check_cancelled(self.cancel)?;
            let data_at = self.locate(entry, run_ends)?;
            let unpacked = if entry.record.size <= SMALL_FILE && entry.record.packed <= SMALL_FILE {
                self.small(entry, data_at, run_ends)?
            } else {
                self.large(entry, data_at)?
            };
            done.extend(unpacked);
        }
        Ok(())
    }

    /// Compares the local header with the directory and gives the position of the data.
    fn locate(&mut self, entry: &Planned<'_>, run_ends: u64) -> Result<u64> {
        let record = entry.record;
        let mismatch = || Reason::HeaderMismatch.at(&record.name);
        let fixed = self.input.get(record.offset, LOCAL_LEN, run_ends)?;
        let mut fields = Fields(fixed);
        let signature = fields.bytes(4)?;
        let _version = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _time_and_date = fields.u32()?;
        let crc = fields.u32()?;
        let (packed, size) = (fields.u32()?, fields.u32()?);
        let (name_len, extra_len) = (fields.u16()?, fields.u16()?);
        let expected_method = match record.method {
            Method::Stored => 0,
            Method::Deflated => 8,
        };
        if signature != LOCAL
            || method != expected_method
            || flags & !FLAG_DESCRIPTOR != record.flags & !FLAG_DESCRIPTOR
            || usize::from(name_len) != record.name.len()
        {
            return Err(mismatch());
        }
        let variable = usize::from(name_len) + usize::from(extra_len);
        let data_at = record.offset + (LOCAL_LEN + variable) as u64;
        if data_at + record.packed > entry.ends_before {
            return Err(Reason::OverlappingEntries.at(&record.name));
        }
        let variable = self
            .input
            .get(record.offset + LOCAL_LEN as u64, variable, run_ends)?;
        let (name, extra) = variable.split_at(name_len.into());
        if name != record.name {
            return Err(mismatch());
        }
        // With a data descriptor the header may leave the three values open (zero), but not lie.
        let open = flags & FLAG_DESCRIPTOR != 0 && (crc, packed, size) == (0, 0, 0);
        if !open {
            let wide = Wide::read(extra, size, packed, None).map_err(|_| mismatch())?;
            let open = flags & FLAG_DESCRIPTOR != 0;
            let same = |local: u64, told: u64| local == told || (open && local == 0);
            if !same(crc.into(), record.crc.into())
                || !same(wide.size, record.size)
                || !same(wide.packed, record.packed)
            {
                return Err(mismatch());
            }
        }
        Ok(data_at)
    }

    fn small(
        &mut self,
        entry: &Planned<'_>,
        data_at: u64,
        run_ends: u64,
    ) -> Result<Option<ManifestEntry>> {
        let record = entry.record;
        let packed_len = usize::try_from(record.packed).unwrap_or(usize::MAX);
        let packed = self.input.get(data_at, packed_len, run_ends)?;
        let content = match record.method {
            Method::Stored => packed,
            Method::Deflated => self.inflater.whole(record, packed, &mut self.output)?,
        };
        if crc32fast::hash(content) != record.crc {
            return Err(Reason::ChecksumMismatch.at(&record.name));
        }
        if entry.mode == FileMode::Symlink {
            check_link(entry, content, self.rules)?;
        }
        if entry.unwritten {
            return Ok(None);
        }
        self.writer
            .write(entry.path.clone(), entry.mode, content)
            .map(Some)
    }

    fn large(&mut self, entry: &Planned<'_>, data_at: u64) -> Result<Option<ManifestEntry>> {
        let mut target = match entry.unwritten {
            true => None,
            false => Some(self.writer.begin(entry.path.clone(), entry.mode)?),
        };
        self.inflater
            .stream(self.file, data_at, entry.record, self.cancel, |bytes| {
                target.as_mut().map_or(Ok(()), |file| file.append(bytes))
            })?;
        Ok(target.map(|file| file.finish()))
    }
}

fn check_link(entry: &Planned<'_>, target: &[u8], rules: &Rules) -> Result<()> {
    match rules.links {
        LinkRule::AnyTarget => Ok(()),
        LinkRule::InsideRoot if target.contains(&0) => {
            Err(Reason::ControlCharacter.at(&entry.record.name))
        }
        LinkRule::InsideRoot if paths::link_stays_inside(&entry.path, target) => Ok(()),
        LinkRule::InsideRoot => Err(Reason::LinkOutsideRoot.at(&entry.record.name)),
    }
}

/// A piece of the archive in memory, so that many small entries cost one read.
struct Window<'a> {
    file: &'a File,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    const LEN: u64 = 512 * 1024;

    /// The bytes at `offset`, read ahead up to `run_ends` where they are not in memory yet.
    fn get(&mut self, offset: u64, length: usize, run_ends: u64) -> Result<&[u8]> {
        let end = offset + length as u64;
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            let ahead = run_ends
                .saturating_sub(offset)
                .min(Self::LEN)
                .max(length as u64);
            let ahead = usize::try_from(ahead).map_err(|_| Reason::Corrupt.error())?;
            self.bytes.resize(ahead, 0);
            self.start = offset;
            if let Err(error) = self.file.read_exact_at(&mut self.bytes, offset) {
                self.bytes.clear();
                return Err(super::read_error(error));
            }
        }
        let from = usize::try_from(offset - self.start).map_err(|_| Reason::Corrupt.error())?;
        Ok(&self.bytes[from..from + length])
    }
}

/// The central directory's comment, which snapshots carry.
pub(crate) fn comment(file: &File, size: u64) -> Result<Vec<u8>> {
    Ok(directory::read_end(file, size)?.comment)
}

/// Hands one record's content to `take`, piece by piece, checked against size and checksum on the
/// way.
pub(crate) fn content(
    file: &File,
    record: &Record,
    cancel: &CancellationToken,
    take: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let fixed = read_at(file, record.offset, LOCAL_LEN)?;
    let variable = u64::from(u16::from_le_bytes([fixed[26], fixed[27]]))
        + u64::from(u16::from_le_bytes([fixed[28], fixed[29]]));
    let data_at = record.offset + LOCAL_LEN as u64 + variable;
    Inflater::new().stream(file, data_at, record, cancel, take)?;
    Ok(())
}

/// SHA-256 of one record's content.
pub(crate) fn content_sha256(
    file: &File,
    record: &Record,
    cancel: &CancellationToken,
) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    content(file, record, cancel, |bytes| {
        hash.update(bytes);
        Ok(())
    })?;
    Ok(hash.finalize().into())
}
