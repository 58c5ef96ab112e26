//! Git sources, through the real `git` program in a clean environment.
//!
//! One commit comes in: a shallow fetch into a bare repository in a private folder, then its files
//! are read out (`tree.rs`); there is never a working tree. The host is resolved once, judged by the
//! egress guard and pinned for git's own connection. The token travels by an askpass program that
//! reads an environment variable, so it stands in no argument, URL, file or message.

mod address;
mod failure;
mod process;
pub mod push;
mod tree;

use super::{SourceLimits, SourceTree, check_cancelled, staging::disk_error};
use crate::{
    clock::Stopwatch,
    error::{Error, Result},
    net::egress::{self, Verdict},
};
use address::Address;
pub use failure::GitReason;
use process::{Leash, Place, run};
use std::{
    fmt,
    fs::{self, DirBuilder, OpenOptions},
    io::{Read, Write},
    net::IpAddr,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Answers git's two questions. Any user name does where a token is the password.
const ASKPASS: &str = "#!/bin/sh\n\
    case \"$1\" in Username*) echo x-access-token ;; *) printf '%s\\n' \"$VEGA_GIT_TOKEN\" ;; esac\n";
const TOKEN_VARIABLE: &str = "VEGA_GIT_TOKEN";

/// What to fetch.
#[derive(Clone)]
pub struct GitSource {
    /// An `https` or `http` URL without user name and password.
    pub url: String,
    /// A branch, tag or full commit id; the remote's default branch when absent.
    pub reference: Option<String>,
    /// A token for private repositories. Never logged, never in an argument.
    pub token: Option<String>,
}

impl fmt::Debug for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSource")
            .field("url", &self.url)
            .field("reference", &self.reference)
            .field("token", &self.token.as_ref().map(|_| "[redacted]"))
            .finish()
    }
}

/// How git sources are fetched.
#[derive(Debug, Clone)]
pub struct GitSettings {
    /// Hosts (`host` or `host:port`) that may resolve to private addresses.
    pub allow_private_hosts: Vec<String>,
    /// How long a fetch may take.
    pub timeout: Duration,
    /// How much may come in.
    pub limits: SourceLimits,
}

/// A fetched commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitCheckout {
    /// The commit's files.
    pub tree: SourceTree,
    /// The full commit id, lower-case hex.
    pub commit: String,
    /// What was fetched: the given reference, or the name of the default branch.
    pub reference: String,
}

/// Checks URL and reference without touching the network.
///
/// # Errors
/// `validation_error` on field `git_url` or `git_ref`.
pub fn validate(url: &str, reference: Option<&str>) -> Result<()> {
    address::parse_url(url)?;
    reference.map_or(Ok(()), address::check_reference)
}

/// Fetches one commit and writes its files to `dest`, which must not exist yet.
///
/// # Errors
/// `ingest_failed` with `details.reason` ([`GitReason`], or a path rule's [`super::Reason`] with
/// `details.entry`); `validation_error` as in [`validate`]; `conflict` with `details.reason` =
/// `cancelled`; `dependency_unavailable` when the disk is full or `git` is missing. Nothing is left
/// behind in any of these cases.
pub fn fetch(
    source: &GitSource,
    dest: &Path,
    settings: &GitSettings,
    cancel: &CancellationToken,
) -> Result<GitCheckout> {
    let started = Stopwatch::start();
    check_cancelled(cancel)?;
    let address = address::parse_url(&source.url)?;
    if let Some(reference) = &source.reference {
        address::check_reference(reference)?;
    }
    let listed = egress::is_exception(&address.host, address.port, &settings.allow_private_hosts);
    if source.token.is_some() && !address.encrypted && !listed {
        return Err(GitReason::InsecureToken.error());
    }
    let pinned = resolve(&address, settings)?;

    let parent = match dest.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let parent = fs::canonicalize(parent)
        .map_err(|error| disk_error("could not find the folder to fetch into", error))?;
    // Removed when this function ends, however it ends.
    let private = tempfile::Builder::new()
        .prefix(".git-fetch-")
        .tempdir_in(&parent)
        .map_err(|error| disk_error("could not create a private folder", error))?;
    let place = Place {
        home: private.path().join("home"),
        repository: private.path().join("repository"),
    };
    DirBuilder::new()
        .mode(0o700)
        .create(&place.home)
        .map_err(|error| disk_error("could not create a private folder", error))?;
    let leash = Leash {
        cancel,
        started,
        timeout: settings.timeout,
        watched: place.repository.clone(),
        max_bytes: settings.limits.max_source_bytes,
    };
    let connection = Connection {
        place: &place,
        pin: pin(&address, &pinned),
        askpass: source
            .token
            .as_deref()
            .map(|token| Ok::<_, Error>((write_askpass(private.path())?, token)))
            .transpose()?,
    };
    let mut init = place.command();
    init.args(["init", "--quiet", "--bare", "--template="])
        .arg(&place.repository);
    run(init, &leash, |_stdin, stdout| read_text(stdout))?.into_value()?;

    let reference = match &source.reference {
        Some(reference) => reference.clone(),
        None => default_branch(&connection, &address, &leash)?,
    };
    let mut fetch = connection.command();
    fetch.args([
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-auto-maintenance",
        "--no-write-commit-graph",
        "--",
        &address.url,
        &reference,
    ]);
    run(fetch, &leash, |_stdin, stdout| read_text(stdout))?.into_value()?;

    let mut parse = place.command();
    parse.args(["rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}"]);
    let commit = run(parse, &leash, |_stdin, stdout| read_text(stdout))?
        .into_value()
        .map_err(|_| GitReason::RefNotFound.error())?;
    let commit = commit.trim().to_owned();
    if commit.is_empty() || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(GitReason::FetchFailed.error());
    }
    let tree = tree::export(&place, &commit, dest, &settings.limits, &leash)?;
    Ok(GitCheckout {
        tree,
        commit,
        reference,
    })
}

/// The addresses git may connect to.
fn resolve(address: &Address, settings: &GitSettings) -> Result<Vec<IpAddr>> {
    match egress::judge(&address.host, address.port, &settings.allow_private_hosts) {
        Verdict::Connect(addresses) => Ok(addresses),
        Verdict::Refused => Err(GitReason::HostRefused.error()),
        Verdict::Unresolved(error) => Err(GitReason::Network.error().caused_by(error)),
    }
}

/// The setting that makes git's HTTP library use the judged addresses and ask no resolver.
fn pin(address: &Address, pinned: &[IpAddr]) -> Option<String> {
    if address.literal {
        return None;
    }
    let addresses: Vec<String> = pinned
        .iter()
        .map(|ip| match ip {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        })
        .collect();
    Some(format!(
        "http.curloptResolve={}:{}:{}",
        address.host,
        address.port,
        addresses.join(",")
    ))
}

/// What every command that talks to the server needs.
struct Connection<'a> {
    place: &'a Place,
    pin: Option<String>,
    askpass: Option<(PathBuf, &'a str)>,
}

impl Connection<'_> {
    fn command(&self) -> Command {
        let mut command = self.place.command();
        if let Some(pin) = &self.pin {
            command.args(["-c", pin]);
        }
        if let Some((program, token)) = &self.askpass {
            command
                .env("GIT_ASKPASS", program)
                .env(TOKEN_VARIABLE, token);
        }
        command
    }
}

fn write_askpass(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("askpass");
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o700)
        .open(&path)
        .and_then(|mut file| file.write_all(ASKPASS.as_bytes()))
        .map_err(|error| disk_error("could not write the askpass program", error))?;
    Ok(path)
}

/// The branch the remote's HEAD names (`ref: refs/heads/main\tHEAD`), or `HEAD` when it is detached.
fn default_branch(
    connection: &Connection<'_>,
    address: &Address,
    leash: &Leash<'_>,
) -> Result<String> {
    let mut command = connection.command();
    command.args([
        "ls-remote",
        "--symref",
        "--quiet",
        "--",
        &address.url,
        "HEAD",
    ]);
    let answer = run(command, leash, |_stdin, stdout| read_text(stdout))?.into_value()?;
    if answer.trim().is_empty() {
        return Err(GitReason::Empty.error());
    }
    let branch = answer.lines().find_map(|line| {
        line.strip_prefix("ref: refs/heads/")?
            .strip_suffix("\tHEAD")
    });
    Ok(match branch {
        Some(branch) if address::check_reference(branch).is_ok() => branch.to_owned(),
        _ => "HEAD".to_owned(),
    })
}

/// The first bytes of an output as text; the rest is drained.
fn read_text(mut output: impl Read) -> Result<String> {
    const MAX_TEXT: u64 = 64 * 1024;
    let failed = |error| Error::internal("reading git's answer", error);
    let mut text = Vec::new();
    output
        .by_ref()
        .take(MAX_TEXT)
        .read_to_end(&mut text)
        .map_err(failed)?;
    std::io::copy(&mut output, &mut std::io::sink()).map_err(failed)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
