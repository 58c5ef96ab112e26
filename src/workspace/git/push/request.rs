//! What a client of `git push` sends: commands on references, then a pack.
//!
//! The commands are read and judged here, before any process starts; only what passed goes to git,
//! written anew. The pack is not touched. Format: gitprotocol-pack(5), "Pushing data to a server".

use super::pkt_line::{self, Packet};
use crate::{
    domain::git_upload::{SnapshotBranch, snapshot_branch},
    error::{Error, ErrorCode, Result},
    workspace::git::address,
};
use flate2::read::MultiGzDecoder;
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read},
};

/// References one push may name.
pub const MAX_COMMANDS: usize = 500;
/// References one remote may have.
pub const MAX_REFERENCES: usize = 1_000;
/// Commands that are read to the end at all, so that they can be answered one by one.
const MAX_READ: usize = 10_000;
/// Bytes of commands that are read: room for all of those, with names that are taken. A line may
/// have 64 KiB, and packed lines cost who sends them next to nothing.
const MAX_HEAD: usize = 4 * 1024 * 1024;
/// No object, in commands: the reference is made, or deleted.
const ZERO: &str = "0000000000000000000000000000000000000000";

/// How a body is packed for its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEncoding {
    /// As it is.
    Plain,
    /// `Content-Encoding: gzip`.
    Gzip,
}

/// One wish of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefCommand {
    /// What the client believes it to be.
    pub old: String,
    /// What it is to be.
    pub new: String,
    /// The reference.
    pub name: String,
}

impl RefCommand {
    /// The branch that is made or moved, without `refs/heads/`.
    pub fn updated_branch(&self) -> Option<&str> {
        (self.new != ZERO).then(|| self.name.strip_prefix("refs/heads/"))?
    }

    /// Whether the reference is made.
    pub fn creates(&self) -> bool {
        self.old == ZERO
    }

    /// Whether the reference is deleted.
    pub fn deletes(&self) -> bool {
        self.new == ZERO
    }
}

/// How the client wants to be answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// With a report on each reference.
    pub report: bool,
    /// Through bands, so that there is one for people.
    pub bands: bool,
    /// All references or none.
    pub atomic: bool,
}

/// A push as it was sent.
pub struct PushRequest {
    /// What is to be done.
    pub commands: Vec<RefCommand>,
    /// How to answer.
    pub capabilities: Capabilities,
    /// Where the client's history is cut off.
    shallow: Vec<String>,
    pack: Box<dyn Read + Send>,
}

impl std::fmt::Debug for PushRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PushRequest")
            .field("commands", &self.commands)
            .finish_non_exhaustive()
    }
}

impl PushRequest {
    /// Reads the commands of a body, which may have `max_bytes` once it is unpacked. Without any
    /// command it is git asking whether it is let in.
    ///
    /// # Errors
    /// `invalid_request` when the body is not a push.
    pub fn open(body: File, encoding: BodyEncoding, max_bytes: u64) -> Result<Self> {
        let body = io::BufReader::with_capacity(256 * 1024, body);
        let pack: Box<dyn Read + Send> = match encoding {
            BodyEncoding::Plain => Box::new(body),
            BodyEncoding::Gzip => Box::new(MultiGzDecoder::new(body)),
        };
        let mut request = Self {
            commands: Vec::new(),
            capabilities: Capabilities::default(),
            shallow: Vec::new(),
            pack: Box::new(Bounded {
                input: pack,
                left: max_bytes,
            }),
        };
        request.read_commands()?;
        Ok(request)
    }

    fn read_commands(&mut self) -> Result<()> {
        let mut room = MAX_HEAD;
        loop {
            let line = match pkt_line::read(&mut self.pack) {
                Ok(Some(Packet::Line(line))) => line,
                Ok(Some(Packet::Flush)) => return Ok(()),
                Ok(None) => return Err(malformed("it ends within its commands")),
                Err(error) => return Err(malformed("it cannot be read").caused_by(error)),
            };
            if self.commands.len() + self.shallow.len() >= MAX_READ {
                return Err(malformed("it has too many commands"));
            }
            room = room
                .checked_sub(line.len())
                .ok_or_else(|| malformed("its commands are too long"))?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let (command, words) = match line.split_once('\0') {
                Some((command, words)) => (command, Some(words)),
                None => (line.as_str(), None),
            };
            let command = command.trim_end_matches('\n');
            if let Some(id) = command.strip_prefix("shallow ") {
                self.shallow.push(object_id(id)?);
                continue;
            }
            if let (Some(words), true) = (words, self.commands.is_empty()) {
                self.capabilities = capabilities(words);
            }
            let mut parts = command.splitn(3, ' ');
            let (Some(old), Some(new), Some(name)) = (parts.next(), parts.next(), parts.next())
            else {
                return Err(malformed("it has a command that is none"));
            };
            self.commands.push(RefCommand {
                old: object_id(old)?,
                new: object_id(new)?,
                name: name.to_owned(),
            });
        }
    }

    /// Why this push is not taken, per command; nothing when it may be tried. One bad command
    /// refuses all: half a push is a surprise.
    ///
    /// `known` are the references the remote has.
    pub fn refusals(&self, known: &BTreeSet<String>) -> Vec<(String, String)> {
        let count = self.commands.len();
        let created = self.commands.iter().filter(|it| it.creates()).count();
        let branches: Vec<&str> = self
            .commands
            .iter()
            .filter_map(RefCommand::updated_branch)
            .collect();
        let whole = if count > MAX_COMMANDS {
            Some(format!(
                "{count} references; at most {MAX_COMMANDS} in one push"
            ))
        } else if known.len() + created > MAX_REFERENCES {
            Some(format!("a remote has at most {MAX_REFERENCES} references"))
        } else if snapshot_branch(&branches) == SnapshotBranch::Ambiguous {
            Some("several branches and none is main or master; push one".to_owned())
        } else {
            None
        };
        let mut seen = BTreeSet::new();
        let own: Vec<Option<&str>> = self
            .commands
            .iter()
            .map(|command| {
                let twice = !seen.insert(command.name.as_str());
                let twice = twice.then_some("named twice");
                twice.or_else(|| fault_of_name(&command.name))
            })
            .collect();
        if whole.is_none() && own.iter().all(Option::is_none) {
            return Vec::new();
        }
        let whole = whole.unwrap_or_else(|| "not tried: another reference was refused".to_owned());
        let told = self.commands.iter().zip(own);
        told.map(|(command, own)| {
            let reason = own.map_or_else(|| whole.clone(), str::to_owned);
            (command.name.clone(), reason)
        })
        .collect()
    }

    /// The commands as git is to read them, and the pack behind them.
    pub(super) fn into_input(self) -> (Vec<u8>, Box<dyn Read + Send>) {
        let mut head = Vec::new();
        for id in &self.shallow {
            pkt_line::write(&mut head, format!("shallow {id}").as_bytes());
        }
        let mut words = String::from("\0report-status quiet object-format=sha1");
        if self.capabilities.atomic {
            words.push_str(" atomic");
        }
        for RefCommand { old, new, name } in &self.commands {
            let line = format!("{old} {new} {name}{words}");
            pkt_line::write(&mut head, line.as_bytes());
            words.clear();
        }
        pkt_line::flush(&mut head);
        (head, self.pack)
    }
}

fn capabilities(words: &str) -> Capabilities {
    let has = |word: &str| words.split_ascii_whitespace().any(|it| it == word);
    Capabilities {
        report: has("report-status") || has("report-status-v2"),
        bands: has("side-band-64k"),
        atomic: has("atomic"),
    }
}

/// What is wrong with the name of a reference.
fn fault_of_name(name: &str) -> Option<&'static str> {
    let kinds = ["refs/heads/", "refs/tags/"];
    let Some(short) = kinds.iter().find_map(|kind| name.strip_prefix(kind)) else {
        return Some("only refs/heads/ and refs/tags/ are taken");
    };
    let odd = short == "HEAD" || name.contains('\u{fffd}');
    if odd || address::check_reference(short).is_err() {
        return Some("not a name that is taken (at most 255 plain characters)");
    }
    None
}

fn object_id(text: &str) -> Result<String> {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() == ZERO.len() && text.bytes().all(hex) {
        Ok(text.to_owned())
    } else {
        Err(malformed(
            "it names an object by something else than a SHA-1",
        ))
    }
}

fn malformed(what: &str) -> Error {
    let message = format!("The body is not a push: {what}");
    Error::new(ErrorCode::InvalidRequest, message)
}

/// Fails with [`io::ErrorKind::FileTooLarge`] once more than `left` bytes come out.
struct Bounded<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(count)
    }
}
