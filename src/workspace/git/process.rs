//! Running `git` on a leash: clean environment, own process group, time, size and memory limits.
//!
//! Whatever ends a run (success, failure, cancellation, a limit), the whole process group is dead
//! before [`run`] returns, so no transport helper outlives its job. The environment is built from
//! nothing: no configuration, proxy or credential of this machine reaches `git`.

use super::failure::GitReason;
use crate::{
    clock::Stopwatch,
    error::{Error, ErrorCode, Result},
    workspace::{check_cancelled, staging::disk_error},
};
use rustix::process::{Pid, Resource, Rlimit, Signal};
use std::{
    io::{self, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How often limits and cancellation are looked at.
const TICK: Duration = Duration::from_millis(20);
/// How much of git's complaints is kept.
const MAX_STDERR: u64 = 64 * 1024;
/// Memory of each git process: endless lists of references are kept in memory by git itself.
const MAX_MEMORY: u64 = 4 * 1024 * 1024 * 1024;
/// Where `git` may be installed. The caller's own PATH is not taken over.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:\
                    /opt/homebrew/bin:/run/current-system/sw/bin";

/// Settings every run gets, whatever its command.
const CONFIG: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=false",
    "core.askPass=",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "credential.helper=",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.http.allow=always",
    "http.followRedirects=false",
    "http.proxy=",
    "http.cookieFile=",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.uriProtocols=",
    "transfer.bundleURI=false",
    "transfer.unpackLimit=1",
    "fetch.unpackLimit=1",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
    "safe.bareRepository=all",
];

/// What bounds the runs of one fetch together.
pub(super) struct Leash<'a> {
    pub(super) cancel: &'a CancellationToken,
    pub(super) started: Stopwatch,
    pub(super) timeout: Duration,
    /// Folder whose size is watched, and the bytes it may reach.
    pub(super) watched: PathBuf,
    pub(super) max_bytes: u64,
}

impl Leash<'_> {
    /// Fails once cancellation or a limit says that this must end.
    pub(super) fn check(&self) -> Result<()> {
        check_cancelled(self.cancel)?;
        if self.started.elapsed() >= self.timeout {
            return Err(GitReason::Timeout.error());
        }
        Ok(())
    }

    fn check_size(&self) -> Result<()> {
        if folder_size(&self.watched) > self.max_bytes {
            return Err(GitReason::TooLarge.error());
        }
        Ok(())
    }
}

/// Bytes of all files below a folder; files that vanish meanwhile do not count.
fn folder_size(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// The private folders of one fetch.
pub(super) struct Place {
    pub(super) home: PathBuf,
    pub(super) repository: PathBuf,
}

impl Place {
    /// A `git` command with nothing of this machine's configuration.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .env("PATH", PATH)
            .env("LC_ALL", "C")
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", &self.home)
            .env("GIT_DIR", &self.repository)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .current_dir(&self.home)
            .process_group(0);
        for setting in CONFIG {
            command.args(["-c", setting]);
        }
        command
    }
}

/// How a run ended.
pub(super) struct Ended<T> {
    pub(super) status: ExitStatus,
    pub(super) stderr: String,
    /// What `talk` made of the output.
    pub(super) value: Result<T>,
}

impl<T> Ended<T> {
    /// Whether the disk was full.
    pub(super) fn is_full(&self) -> bool {
        let words = ["No space left", "Disk quota exceeded"];
        words.iter().any(|words| self.stderr.contains(words))
    }

    /// The value of a run that succeeded.
    ///
    /// # Errors
    /// `ingest_failed` with the meaning of git's complaint.
    pub(super) fn into_value(self) -> Result<T> {
        if !self.status.success() {
            if self.is_full() {
                let full = io::Error::from(io::ErrorKind::StorageFull);
                return Err(disk_error("could not store what git fetched", full));
            }
            let stderr = self.stderr;
            return Err(self
                .value
                .err()
                .unwrap_or_else(|| GitReason::of_complaint(&stderr).error()));
        }
        self.value
    }
}

/// Runs a command while `talk` reads (and feeds) it.
///
/// # Errors
/// `conflict` when cancelled, `ingest_failed` when a limit was reached, `dependency_unavailable`
/// when `git` cannot be started. A bad exit status is not an error here.
pub(super) fn run<T: Send>(
    mut command: Command,
    leash: &Leash<'_>,
    talk: impl FnOnce(ChildStdin, ChildStdout) -> Result<T>,
) -> Result<Ended<T>> {
    leash.check()?;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Error::new(
                ErrorCode::DependencyUnavailable,
                "The git program cannot be started.",
            )
            .with_detail("dependency", "git")
            .caused_by(error)
        })?;
    let group = Group(Pid::from_child(&child));
    group.limit(leash);
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Error::internal(
            "starting git",
            io::Error::other("no pipes"),
        ));
    };
    std::thread::scope(|scope| {
        let complaints = scope.spawn(move || {
            let mut stderr = stderr;
            let mut kept = Vec::new();
            let _ = stderr.by_ref().take(MAX_STDERR).read_to_end(&mut kept);
            // Drain the rest, or git would wait for a reader.
            let _ = io::copy(&mut stderr, &mut io::sink());
            String::from_utf8_lossy(&kept).into_owned()
        });
        let (done, finished) = channel::<()>();
        let watched_group = &group;
        let watch = scope.spawn(move || {
            loop {
                match finished.recv_timeout(TICK) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return leash.check_size(),
                }
                if let Err(error) = leash.check().and_then(|()| leash.check_size()) {
                    watched_group.kill();
                    return Err(error);
                }
            }
        });
        let value = talk(stdin, stdout);
        if value.is_err() {
            group.kill();
        }
        let status = wait(&mut child);
        drop(done);
        let verdict = watch.join();
        group.kill();
        let stderr = complaints.join().unwrap_or_default();
        verdict.unwrap_or_else(|_| {
            Err(Error::internal(
                "watching git",
                io::Error::other("a thread panicked"),
            ))
        })?;
        Ok(Ended {
            status: status?,
            stderr,
            value,
        })
    })
}

fn wait(child: &mut Child) -> Result<ExitStatus> {
    child
        .wait()
        .map_err(|error| Error::internal("waiting for git", error))
}

/// A process group; killing one that is gone does nothing.
struct Group(Pid);

impl Group {
    fn kill(&self) {
        let _ = rustix::process::kill_process_group(self.0, Signal::KILL);
    }

    /// Kernel limits behind the watching thread: they hold between two looks, and should this
    /// process die. Inherited by git's helpers.
    fn limit(&self, leash: &Leash<'_>) {
        let limits = [
            (Resource::Data, MAX_MEMORY),
            (Resource::Fsize, leash.max_bytes.saturating_add(1024 * 1024)),
            (Resource::Core, 0),
        ];
        for (resource, most) in limits {
            let limit = Rlimit {
                current: Some(most),
                maximum: Some(most),
            };
            // Without the limit the watching thread still works.
            let _ = rustix::process::prlimit(Some(self.0), resource, limit);
        }
    }
}
