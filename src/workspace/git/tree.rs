//! Taking a commit's files out of a repository without a checkout.
//!
//! `git ls-tree` lists, the path rules judge the whole list, and only then `git cat-file` delivers
//! the blobs. No working tree means no filters, no attributes, no links, no path tricks of git.
//! Symbolic links become text files whatever they point to, submodules are left out.

use super::{
    failure::GitReason,
    process::{Leash, Place, run},
};
use crate::{
    error::{Error, ErrorCode, Result},
    workspace::{
        FileMode, SourceLimits, SourceTree,
        paths::{self, PathSet},
        rejection::Reason,
        staging::{Access, Staging},
    },
};
use std::{
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::Path,
};

const CHUNK: usize = 256 * 1024;
/// Longest record of `ls-tree` read: the path limit and its columns.
const MAX_RECORD: u64 = 4096;

struct Blob {
    id: String,
    path: String,
    mode: FileMode,
    size: u64,
}

/// Writes the files of `commit` to `dest`.
pub(super) fn export(
    place: &Place,
    commit: &str,
    dest: &Path,
    limits: &SourceLimits,
    leash: &Leash<'_>,
) -> Result<SourceTree> {
    let (blobs, directories) = list(place, commit, limits, leash)?;
    if blobs.is_empty() {
        return Err(GitReason::Empty.error());
    }
    let staging = Staging::begin(dest, Access::Private)?;
    staging.create_directories(&directories)?;
    let mut command = place.command();
    command.args(["cat-file", "--batch", "--buffer"]);
    let mut entries = run(command, leash, |stdin, stdout| {
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let mut stdin = BufWriter::new(stdin);
                for blob in &blobs {
                    writeln!(stdin, "{}", blob.id)?;
                }
                stdin.flush()
            });
            let mut writer = staging.writer();
            let mut input = BufReader::with_capacity(CHUNK, stdout);
            let mut entries = Vec::with_capacity(blobs.len());
            for blob in &blobs {
                leash.check()?;
                expect_header(&mut input, blob)?;
                let mut file = writer.begin(blob.path.clone(), blob.mode)?;
                copy(&mut input, blob.size, |bytes| file.append(bytes))?;
                entries.push(file.finish());
            }
            match asking.join() {
                Ok(Ok(())) => Ok(entries),
                _ => Err(odd("git did not take all questions")),
            }
        })
    })?
    .into_value()?;
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    leash.check()?;
    let root = staging.publish()?;
    Ok(SourceTree { root, entries })
}

/// The commit's files and the directories to create, after every rule has passed.
fn list(
    place: &Place,
    commit: &str,
    limits: &SourceLimits,
    leash: &Leash<'_>,
) -> Result<(Vec<Blob>, Vec<String>)> {
    let mut command = place.command();
    command.args(["ls-tree", "-r", "-z", "-l", "--full-tree", commit]);
    run(command, leash, |_stdin, stdout| {
        let mut input = BufReader::with_capacity(CHUNK, stdout);
        let mut names = PathSet::default();
        let (mut blobs, mut directories) = (Vec::new(), Vec::new());
        let (mut count, mut total) = (0_u64, 0_u64);
        let mut record = Vec::new();
        loop {
            record.clear();
            input
                .by_ref()
                .take(MAX_RECORD)
                .read_until(0, &mut record)
                .map_err(|error| Error::internal("reading git's list", error))?;
            if record.is_empty() {
                return Ok((blobs, directories));
            }
            if record.pop() != Some(0) {
                return Err(refused(Reason::NameTooLong.error()));
            }
            count += 1;
            if count > limits.max_entries || names.directories() > limits.max_entries {
                return Err(refused(Reason::TooManyEntries.error()));
            }
            if let Some(blob) = parse(&record)? {
                if blob.size > limits.max_file_bytes {
                    return Err(refused(Reason::FileTooLarge.at(&blob.path)));
                }
                total = total.saturating_add(blob.size);
                if total > limits.max_total_bytes {
                    return Err(refused(Reason::TotalTooLarge.at(&blob.path)));
                }
                names
                    .add_file(&blob.path, blob.size, &mut directories)
                    .map_err(refused)?;
                blobs.push(blob);
            }
        }
    })?
    .into_value()
}

/// One record: `<mode> <type> <id> <size>\t<path>`. Submodules give nothing.
fn parse(record: &[u8]) -> Result<Option<Blob>> {
    let tab = record
        .iter()
        .position(|byte| *byte == b'\t')
        .ok_or_else(|| odd("a list without paths"))?;
    let (columns, path) = (&record[..tab], &record[tab + 1..]);
    let columns = std::str::from_utf8(columns).map_err(|_| odd("a list that is not text"))?;
    let mut columns = columns.split_ascii_whitespace();
    let (Some(mode), Some(kind), Some(id), Some(size)) = (
        columns.next(),
        columns.next(),
        columns.next(),
        columns.next(),
    ) else {
        return Err(odd("a list without columns"));
    };
    if kind != "blob" {
        return Ok(None);
    }
    let path = paths::clean(path)
        .and_then(|clean| clean.ok_or_else(|| Reason::EmptyName.at(path)))
        .map_err(refused)?;
    if paths::is_vcs_metadata(&path) {
        return Ok(None);
    }
    let mode = match mode {
        "120000" => FileMode::Symlink,
        "100755" => FileMode::Executable,
        _ => FileMode::Regular,
    };
    let size = size.parse().map_err(|_| odd("a list without sizes"))?;
    if mode == FileMode::Symlink && size > paths::MAX_LINK_BYTES {
        return Err(refused(Reason::NameTooLong.at(&path)));
    }
    Ok(Some(Blob {
        id: id.to_owned(),
        path,
        mode,
        size,
    }))
}

/// `<id> blob <size>\n`, exactly as listed.
fn expect_header(input: &mut impl BufRead, blob: &Blob) -> Result<()> {
    let mut line = Vec::new();
    input
        .take(256)
        .read_until(b'\n', &mut line)
        .map_err(|error| Error::internal("reading a blob", error))?;
    if line == format!("{} blob {}\n", blob.id, blob.size).as_bytes() {
        Ok(())
    } else {
        Err(odd("another blob than asked for"))
    }
}

/// Hands exactly `size` bytes to `sink` and takes the line end behind them.
fn copy(
    input: &mut impl BufRead,
    size: u64,
    mut sink: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut left = size;
    while left > 0 {
        let bytes = input
            .fill_buf()
            .map_err(|error| Error::internal("reading a blob", error))?;
        if bytes.is_empty() {
            return Err(odd("a blob that ends early"));
        }
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        sink(&bytes[..count])?;
        input.consume(count);
        left -= count as u64;
    }
    let mut end = [0];
    input
        .read_exact(&mut end)
        .map_err(|error| Error::internal("reading a blob", error))?;
    if end == *b"\n" {
        Ok(())
    } else {
        Err(odd("a blob without its end"))
    }
}

/// Git answers in a form this code does not know.
fn odd(what: &'static str) -> Error {
    GitReason::FetchFailed
        .error()
        .caused_by(io::Error::other(what))
}

/// A broken path or size rule, told as a failure to ingest: same reason, same entry.
#[expect(
    clippy::needless_pass_by_value,
    reason = "used as a `map_err` function"
)]
fn refused(rejection: Error) -> Error {
    let details = rejection.details().clone();
    let message = rejection
        .message()
        .replace("The archive was", "The repository was");
    let mut error = Error::new(ErrorCode::IngestFailed, message);
    for (key, value) in details {
        let too_large = matches!(
            value.as_str(),
            Some("file_too_large" | "total_too_large" | "too_many_entries")
        );
        // Callers of git sources look for one reason when something is too much.
        if key == "reason" && too_large {
            error = error
                .with_detail("limit", &value)
                .with_detail("reason", GitReason::TooLarge.as_str());
        } else {
            error = error.with_detail(&key, value);
        }
    }
    error
}
