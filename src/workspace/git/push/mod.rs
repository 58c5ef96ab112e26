//! Taking in a `git push`, through the real `git` program in a clean environment.
//!
//! `git receive-pack --stateless-rpc` and not `git http-backend`: the latter is a CGI program that
//! decides from some twenty variables about services, export and authentication, all of which are
//! decided here already, and it sends its answer on as it comes. The answer has to be held back until
//! the push is recorded, and rewritten, because git's complaints name files of this machine.
//!
//! A body is spooled to a file before git starts, so a slow or broken client never holds a process.
//! The repository behind a remote is a cache: what a snapshot needs of a push is packed apart
//! ([`PushRepository::pack_tree`]), and a lost repository only makes the next push a full one.

mod pkt_line;
mod report;
mod request;
mod verdict;

use super::{
    failure::GitReason,
    process::{Ended, Leash, Place, run},
    tree,
};
use crate::{
    clock::Stopwatch,
    error::{Error, ErrorCode, Result},
    workspace::{SourceLimits, SourceTree, staging::disk_error},
};
pub use report::PushReport;
pub use request::{
    BodyEncoding, Capabilities, MAX_COMMANDS, MAX_REFERENCES, PushRequest, RefCommand,
};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::{ChildStdin, ChildStdout},
    time::Duration,
};
use tokio_util::sync::CancellationToken;
pub use verdict::{Received, Refusal, too_large_refusal};

/// How much git says at most.
const MAX_ANSWER: u64 = 4 * 1024 * 1024;

/// Settings of a remote, besides those every run gets. Branches may be moved and deleted as one
/// likes: a remote has no history to protect. Objects are checked as strictly as on receipt by the
/// large forges, but for old slips that do no harm and stand in many histories.
const CONFIG: &[&str] = &[
    "receive.fsckObjects=true",
    "receive.fsck.zeroPaddedFilemode=ignore",
    "receive.fsck.missingSpaceBeforeDate=ignore",
    "receive.fsck.missingSpaceBeforeEmail=ignore",
    "receive.fsck.missingNameBeforeEmail=ignore",
    "receive.fsck.missingEmail=ignore",
    "receive.fsck.badEmail=ignore",
    "receive.fsck.badName=ignore",
    "receive.fsck.badDate=ignore",
    "receive.fsck.badDateOverflow=ignore",
    "receive.fsck.badTimezone=ignore",
    "receive.fsck.missingTaggerEntry=ignore",
    "receive.fsck.badTagName=ignore",
    "receive.unpackLimit=1",
    "receive.denyDeletes=false",
    "receive.denyNonFastForwards=false",
    "receive.denyDeleteCurrent=ignore",
    "receive.denyCurrentBranch=ignore",
    "receive.shallowUpdate=true",
    "receive.autogc=false",
    "receive.updateServerInfo=false",
    "receive.advertiseAtomic=true",
    "receive.advertisePushOptions=false",
    "receive.keepAlive=0",
    "core.logAllRefUpdates=false",
    "pack.threads=1",
];

/// What bounds git's work on a push.
#[derive(Debug, Clone, Copy)]
pub struct PushLimits {
    /// How much may come in.
    pub sources: SourceLimits,
    /// How long each of git's steps may take.
    pub timeout: Duration,
}

/// The repository behind a remote.
#[derive(Debug)]
pub struct PushRepository {
    home: PathBuf,
    repository: PathBuf,
}

impl PushRepository {
    /// An empty one in `folder`, which must exist and be this process's own.
    ///
    /// # Errors
    /// `dependency_unavailable` when the disk is full or `git` is missing; `conflict` with
    /// `details.reason` = `cancelled`.
    pub fn create(folder: &Path, limits: &PushLimits, cancel: &CancellationToken) -> Result<Self> {
        let folder = fs::canonicalize(folder)
            .map_err(|error| disk_error("could not find the folder of a remote", error))?;
        let made = Self {
            home: folder.join("home"),
            repository: folder.join("repository"),
        };
        DirBuilder::new()
            .mode(0o700)
            .create(&made.home)
            .map_err(|error| disk_error("could not create a private folder", error))?;
        let mut init = made.place().command();
        init.args(["init", "--quiet", "--bare", "--template="]);
        init.arg(&made.repository);
        run(init, &made.leash(limits, cancel), |_stdin, stdout| {
            everything(stdout)
        })?
        .into_value()?;
        Ok(made)
    }

    fn place(&self) -> Place {
        Place {
            home: self.home.clone(),
            repository: self.repository.clone(),
        }
    }

    fn leash<'a>(&self, limits: &PushLimits, cancel: &'a CancellationToken) -> Leash<'a> {
        Leash {
            cancel,
            started: Stopwatch::start(),
            timeout: limits.timeout,
            watched: self.repository.clone(),
            // A pack comes with its indexes, and earlier ones lie beside it.
            max_bytes: limits.sources.max_source_bytes.saturating_mul(2),
        }
    }

    /// What the remote has, as the first answer of a push says it.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn advertise(&self, limits: &PushLimits, cancel: &CancellationToken) -> Result<Vec<u8>> {
        let mut command = self.place().command();
        for setting in CONFIG {
            command.args(["-c", setting]);
        }
        command.args(["receive-pack", "--stateless-rpc", "--advertise-refs"]);
        command.arg(&self.repository);
        let mut answer = Vec::new();
        pkt_line::write(&mut answer, b"# service=git-receive-pack\n");
        pkt_line::flush(&mut answer);
        let said = run(command, &self.leash(limits, cancel), |_stdin, stdout| {
            everything(stdout)
        })?
        .into_value()?;
        answer.extend(said);
        Ok(answer)
    }

    /// Lets git take a push. What was refused, wholly or in parts, is no error.
    ///
    /// # Errors
    /// `dependency_unavailable` when the disk is full or `git` is missing, `ingest_failed` when it
    /// took too long, `conflict` with `details.reason` = `cancelled`. The repository is not to be
    /// used any more then.
    pub fn receive(
        &self,
        request: PushRequest,
        limits: &PushLimits,
        cancel: &CancellationToken,
    ) -> Result<Received> {
        let most = limits.sources.max_source_bytes;
        let mut command = self.place().command();
        for setting in CONFIG {
            command.args(["-c", setting]);
        }
        command.args(["-c", &format!("receive.maxInputSize={most}")]);
        command.args(["receive-pack", "--stateless-rpc"]);
        command.arg(&self.repository);
        let names = request.commands.iter().map(|it| it.name.clone()).collect();
        let (head, pack) = request.into_input();
        let ended = run(command, &self.leash(limits, cancel), |stdin, stdout| {
            feed(stdin, stdout, &head, pack)
        })?;
        if ended.is_full() {
            let full = io::Error::from(io::ErrorKind::StorageFull);
            return Err(disk_error("could not store what was pushed", full));
        }
        let Ended { stderr, value, .. } = ended;
        let (said, fed) = value?;
        Ok(verdict::judge(names, &said, fed.as_ref(), &stderr, most))
    }

    /// Packs the files of `commit`, and nothing of its history, into a new file. Returns the id of
    /// the tree in it, for [`unpack_tree`].
    ///
    /// # Errors
    /// As [`Self::receive`].
    pub fn pack_tree(
        &self,
        commit: &str,
        target: &Path,
        limits: &PushLimits,
        cancel: &CancellationToken,
    ) -> Result<String> {
        let leash = self.leash(limits, cancel);
        let mut parse = self.place().command();
        parse.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
        parse.arg(format!("{commit}^{{tree}}"));
        let tree = run(parse, &leash, |_stdin, stdout| everything(stdout))?.into_value()?;
        let tree = String::from_utf8_lossy(&tree).trim().to_owned();
        let failed = |error| disk_error("could not store what was pushed", error);
        let mut file = new_file(target).map_err(failed)?;
        let mut pack = self.place().command();
        // Deltas are taken over as they came; looking for more of them takes longer than it saves.
        pack.args(["pack-objects", "--revs", "--stdout", "-q", "--window=0"]);
        pack.args(["--delta-base-offset", "--threads=1"]);
        // What was sent as a small delta of something outside the tree is written out here.
        let most = limits.sources.max_source_bytes;
        let most = most.saturating_add(most / 2);
        let asked = format!("{tree}\n");
        run(pack, &leash, |mut stdin, stdout| {
            stdin.write_all(asked.as_bytes()).map_err(failed)?;
            drop(stdin);
            let mut bounded = stdout.take(most.saturating_add(1));
            if io::copy(&mut bounded, &mut file).map_err(failed)? > most {
                return Err(GitReason::TooLarge.error());
            }
            file.sync_all().map_err(failed)
        })?
        .into_value()?;
        Ok(tree)
    }
}

/// Writes the files of a tree that [`PushRepository::pack_tree`] packed to `dest`, by the rules for
/// every git source. `dest` must not exist yet.
///
/// # Errors
/// `ingest_failed` with `details.reason`, as [`super::fetch`]; `conflict` with `details.reason` =
/// `cancelled`; `dependency_unavailable` when the disk is full or `git` is missing. Nothing is left
/// behind in any of these cases.
pub fn unpack_tree(
    pack: &Path,
    tree: &str,
    dest: &Path,
    limits: &PushLimits,
    cancel: &CancellationToken,
) -> Result<SourceTree> {
    let parent = dest.parent().unwrap_or(Path::new("."));
    let private = tempfile::Builder::new()
        .prefix(".git-push-")
        .tempdir_in(parent)
        .map_err(|error| disk_error("could not create a private folder", error))?;
    let repository = PushRepository::create(private.path(), limits, cancel)?;
    let (place, leash) = (repository.place(), repository.leash(limits, cancel));
    let failed = |error| disk_error("could not read what was pushed", error);
    let mut input = File::open(pack).map_err(failed)?;
    let mut index = place.command();
    index.args(["index-pack", "--stdin", "--threads=1"]);
    run(index, &leash, |mut stdin, stdout| {
        // Whether git took all of it is seen by how it ends.
        let _ = io::copy(&mut input, &mut stdin);
        drop(stdin);
        everything(stdout)
    })?
    .into_value()?;
    if tree.len() != 40 || !tree.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = "A push names its tree by something else than a SHA-1";
        return Err(Error::new(ErrorCode::InternalError, message));
    }
    tree::export(&place, tree, dest, &limits.sources, &leash)
}

/// Why the body could not be handed over, if it could not.
type Fed = Option<io::ErrorKind>;

/// Writes the push and reads git's answer, at the same time: git may answer before it has read all.
fn feed(
    mut stdin: ChildStdin,
    stdout: ChildStdout,
    head: &[u8],
    mut pack: Box<dyn Read + Send>,
) -> Result<(Vec<u8>, Fed)> {
    std::thread::scope(|scope| {
        let feeding = scope.spawn(move || {
            if stdin.write_all(head).is_err() {
                return None;
            }
            let mut buffer = vec![0; 256 * 1024];
            loop {
                match pack.read(&mut buffer) {
                    Ok(0) => return None,
                    // Git does not want more: its answer says why.
                    Ok(count) if stdin.write_all(&buffer[..count]).is_err() => return None,
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Some(error.kind()),
                }
            }
        });
        let said = everything(stdout)?;
        Ok((said, feeding.join().unwrap_or(Some(io::ErrorKind::Other))))
    })
}

/// All git says, up to a bound nothing of ours reaches.
fn everything(mut output: impl Read) -> Result<Vec<u8>> {
    let failed = |error| Error::internal("reading git's answer", error);
    let mut said = Vec::new();
    output
        .by_ref()
        .take(MAX_ANSWER)
        .read_to_end(&mut said)
        .map_err(failed)?;
    io::copy(&mut output, &mut io::sink()).map_err(failed)?;
    Ok(said)
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests;
