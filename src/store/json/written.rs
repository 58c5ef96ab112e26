//! A commit as it is read back: what a line says, before anything is done with it.
//!
//! Parsing needs the line alone, so it runs beside the parsing of other lines; see [`super::journal::Apply`].

use super::{
    change::Kind,
    error::Newer,
    state::{
        Refusal, Span,
        index::{WrittenEvent, WrittenFinding, WrittenObservation},
        timeline::WrittenEntry,
    },
};
use crate::domain::{
    api_key::ApiKey,
    audit::AuditEntry,
    auth_session::AuthSession,
    git_upload::GitUpload,
    idempotency::IdempotencyRecord,
    job::Job,
    project::Project,
    repository::Repository,
    runner_job::RunnerJob,
    scan::Scan,
    snapshot::Snapshot,
    threat_profile::ThreatProfile,
    user::User,
    webhook::{Delivery, Webhook},
    worker::Worker,
};
use serde::Deserialize;

/// An operation that was read.
pub enum WrittenOp<'a> {
    /// A record, and where its body stands.
    Put(WrittenRecord<'a>, Span),
    /// What is deleted, and its id.
    Delete(Kind, &'a str),
}

/// A record as far as memory keeps it.
pub enum WrittenRecord<'a> {
    User(Box<User>),
    Session(Box<AuthSession>),
    ApiKey(Box<ApiKey>),
    Project(Box<Project>),
    Repository(Box<Repository>),
    Snapshot(Box<Snapshot>),
    ThreatProfile(Box<ThreatProfile>),
    Scan(Box<Scan>),
    RunnerJob(Box<RunnerJob>),
    Job(Box<Job>),
    Worker(Box<Worker>),
    Finding(Box<WrittenFinding<'a>>),
    Observation(Box<WrittenObservation<'a>>),
    Event(WrittenEvent<'a>),
    /// A comment or a change of a finding.
    Timeline(Kind, WrittenEntry),
    Webhook(Box<Webhook>),
    Delivery(Box<Delivery>),
    Audit(Box<AuditEntry>),
    Key(Box<IdempotencyRecord>),
    GitUpload(Box<GitUpload>),
}

/// Reads the commit written in `line`, which begins at byte `offset` of the journal.
///
/// Values are long and read often, so each is gone through once: what frames them is written by
/// this store in one way only and compared as text; only the values are parsed as JSON.
///
/// # Errors
/// When the line is not a commit this version can read.
pub fn parse_commit(line: &[u8], offset: u64) -> Result<Vec<WrittenOp<'_>>, Refusal> {
    let line = std::str::from_utf8(line)?;
    let head = line.find(OPS).ok_or("it has no operations")?;
    let mut text = Text {
        line,
        at: head + OPS.len(),
        offset,
    };
    let mut ops = Vec::new();
    while !text.takes("]}\n") {
        if !ops.is_empty() {
            text.expect(",")?;
        }
        ops.push(text.op()?);
    }
    Ok(ops)
}

const OPS: &str = ",\"ops\":[";

/// A line, and how far it was read.
struct Text<'a> {
    line: &'a str,
    at: usize,
    /// Where the line begins in the file.
    offset: u64,
}

impl<'a> Text<'a> {
    fn op(&mut self) -> Result<WrittenOp<'a>, Refusal> {
        let op = if self.takes("{\"put\":\"") {
            let kind = self.kind()?;
            self.expect(",\"value\":")?;
            let begin = self.at;
            let record = self.record(kind)?;
            let span = Span {
                offset: self.offset + begin as u64,
                len: u32::try_from(self.at - begin)?,
            };
            WrittenOp::Put(record, span)
        } else {
            self.expect("{\"del\":\"")?;
            let kind = self.kind()?;
            self.expect(",\"id\":\"")?;
            WrittenOp::Delete(kind, self.word()?)
        };
        self.expect("}")?;
        Ok(op)
    }

    fn record(&mut self, kind: Kind) -> Result<WrittenRecord<'a>, Refusal> {
        Ok(match kind {
            Kind::User => WrittenRecord::User(self.value()?),
            Kind::Session => WrittenRecord::Session(self.value()?),
            Kind::ApiKey => WrittenRecord::ApiKey(self.value()?),
            Kind::Project => WrittenRecord::Project(self.value()?),
            Kind::Repository => WrittenRecord::Repository(self.value()?),
            Kind::Snapshot => WrittenRecord::Snapshot(self.value()?),
            Kind::ThreatProfile => WrittenRecord::ThreatProfile(self.value()?),
            Kind::Scan => WrittenRecord::Scan(self.value()?),
            Kind::RunnerJob => WrittenRecord::RunnerJob(self.value()?),
            Kind::Job => WrittenRecord::Job(self.value()?),
            Kind::Worker => WrittenRecord::Worker(self.value()?),
            Kind::Finding => WrittenRecord::Finding(self.value()?),
            Kind::Observation => WrittenRecord::Observation(self.value()?),
            Kind::Event => WrittenRecord::Event(self.value()?),
            Kind::Comment | Kind::FindingChange => WrittenRecord::Timeline(kind, self.value()?),
            Kind::Webhook => WrittenRecord::Webhook(self.value()?),
            Kind::Delivery => WrittenRecord::Delivery(self.value()?),
            Kind::Audit => WrittenRecord::Audit(self.value()?),
            Kind::Key => WrittenRecord::Key(self.value()?),
            Kind::GitUpload => WrittenRecord::GitUpload(self.value()?),
        })
    }

    /// The JSON value that begins here.
    fn value<T: Deserialize<'a>>(&mut self) -> Result<T, Refusal> {
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter();
        let value = values.next().ok_or("a value is missing")?;
        // The checksum was right and it is JSON: somebody wrote it who knew more.
        let value = value.map_err(|error| match error.is_data() {
            true => Refusal::from(Newer(format!("a value, {error}"))),
            false => error.into(),
        })?;
        self.at += values.byte_offset();
        Ok(value)
    }

    fn kind(&mut self) -> Result<Kind, Refusal> {
        let word = self.word()?;
        Kind::parse(word).ok_or_else(|| Newer(format!("a record of the kind '{word}'")).into())
    }

    /// What stands before the next quote: names of kinds and ids have none in them.
    fn word(&mut self) -> Result<&'a str, Refusal> {
        let (word, _) = self.rest().split_once('"').ok_or("a text has no end")?;
        self.at += word.len() + 1;
        Ok(word)
    }

    fn takes(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    fn expect(&mut self, expected: &str) -> Result<(), Refusal> {
        if self.takes(expected) {
            return Ok(());
        }
        Err(format!("{expected} is missing at byte {} of the line", self.at).into())
    }

    fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }
}
