//! Group commit: whoever gets the turn to write commits for everyone who waits, with one lock hold
//! and one sync.
//!
//! While one group waits for the disk, the next one gathers; nobody waits for company, so a lone
//! writer pays what it always did. Each intent remains one checksummed line and is decided after
//! the lines before it were applied, so a group is the same journal that its members would have
//! written one by one. Invariant: **no answer leaves before the sync**, not even that of an intent
//! which changed nothing, because it may rest on a line of the same group. When the sync fails, the
//! journal is cut back to where the group began and every member is told. A line that cannot be read
//! back is taken out again before anyone builds on it.

use super::{
    Liveness, Shared, audit,
    change::{Change, Decision},
    folder::LockFile,
    journal::Appender,
    loaded::Loaded,
    poisoned,
    view::{Moment, View},
    webhooks,
};
use crate::{
    clock,
    error::{Error, ErrorCode, Result},
    store::beside::Beside,
};
use std::{
    collections::{BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};
use tokio::sync::oneshot;

/// At most this many intents are one group: it bounds how long other processes wait for the lock.
const LARGEST: usize = 128;

/// An intent that waits for its turn, whatever its answer is.
trait Waiting: Send {
    fn liveness(&self) -> Liveness;
    fn beside(&self) -> Option<&Beside>;
    /// Whether nobody waits for the answer any more; nothing was done for it yet.
    fn is_abandoned(&self) -> bool;
    /// Decides, keeps the answer and gives the changes; none after a refusal.
    fn decide(&mut self, view: View<'_>, moment: &Moment<'_>) -> Vec<Change>;
    /// Replaces the answer.
    fn fail(&mut self, error: Error);
    /// Sends the answer.
    fn answer(self: Box<Self>);
}

/// An intent with the answer it will get.
pub struct Intent<T, F> {
    liveness: Liveness,
    beside: Option<Beside>,
    decide: Option<F>,
    answer: Result<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Intent<T, F> {
    /// The intent and where its answer arrives.
    pub fn new(
        liveness: Liveness,
        beside: Option<Beside>,
        decide: F,
    ) -> (Self, oneshot::Receiver<Result<T>>) {
        let (reply, answer) = oneshot::channel();
        let intent = Self {
            liveness,
            beside,
            decide: Some(decide),
            answer: Err(unanswered()),
            reply,
        };
        (intent, answer)
    }
}

impl<T, F> Waiting for Intent<T, F>
where
    T: Send,
    F: FnOnce(View<'_>, &Moment<'_>) -> Result<Decision<T>> + Send,
{
    fn liveness(&self) -> Liveness {
        self.liveness
    }

    fn beside(&self) -> Option<&Beside> {
        self.beside.as_ref()
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn decide(&mut self, view: View<'_>, moment: &Moment<'_>) -> Vec<Change> {
        let Some(decide) = self.decide.take() else {
            return Vec::new();
        };
        match decide(view, moment) {
            Ok(decision) => {
                self.answer = Ok(decision.answer);
                decision.changes
            }
            Err(error) => {
                self.answer = Err(error);
                Vec::new()
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.answer = Err(error);
    }

    fn answer(self: Box<Self>) {
        // Who does not wait any more need not be told.
        let _ = self.reply.send(self.answer);
    }
}

/// What the caller of an intent is told whose decision panicked.
pub fn unanswered() -> Error {
    Error::new(
        ErrorCode::InternalError,
        "a store operation did not end; was there a panic?",
    )
}

/// The intents that wait, in the order in which they came.
#[derive(Default)]
pub struct Queue(Mutex<VecDeque<Box<dyn Waiting>>>);

impl Queue {
    /// Adds an intent at the end.
    pub fn add<T, F>(&self, intent: Intent<T, F>)
    where
        T: Send + 'static,
        F: FnOnce(View<'_>, &Moment<'_>) -> Result<Decision<T>> + Send + 'static,
    {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(Box::new(intent));
    }

    fn next_group(&self) -> Vec<Box<dyn Waiting>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(LARGEST);
        let group = waiting.drain(..count);
        group.filter(|intent| !intent.is_abandoned()).collect()
    }
}

impl Shared {
    /// Commits for those who wait, at most [`LARGEST`] of them, and answers them. The caller has
    /// the turn of this process.
    pub(super) fn commit_group(&self, lock: &LockFile) {
        // What arrives while another process has the lock belongs to the group as well.
        let held = lock.hold();
        let mut group = self.waiting.next_group();
        let done = held.and_then(|_held| {
            self.settle()?;
            self.raise_format()?;
            self.write_group(&mut group)
        });
        if let Err(error) = &done {
            for intent in &mut group {
                intent.fail(repeated(error));
            }
        }
        group.into_iter().for_each(Waiting::answer);
    }

    /// Writes the lines of a group, syncs them once, and compacts if that is due. Only under the
    /// lock. Fails for all; what fails for one is kept as its answer.
    fn write_group(&self, group: &mut [Box<dyn Waiting>]) -> Result<()> {
        // Where the group's first line began.
        let mut begin = None;
        for intent in group {
            let written = catch_unwind(AssertUnwindSafe(|| self.write(&mut **intent, &mut begin)));
            if let Err(error) = written.unwrap_or_else(|_| Err(unanswered())) {
                intent.fail(error);
            }
        }
        if let Some(begin) = begin {
            begin.sync()?;
            let mut loaded = self.loaded.write().map_err(poisoned)?;
            self.compact_if_due(&mut loaded);
        }
        Ok(())
    }

    /// Decides, and writes the line that makes the decision true, without waiting for the disk.
    fn write(&self, intent: &mut dyn Waiting, begin: &mut Option<Appender>) -> Result<()> {
        let now = self.clock.now();
        let loaded = self.loaded.read().map_err(poisoned)?;
        let dead = match intent.liveness() {
            Liveness::Needed => self.dead_holders(&loaded),
            Liveness::Unneeded => BTreeSet::new(),
        };
        let moment = Moment {
            now,
            owner: self.owners.own(),
            dead: &dead,
            event_id: clock::new_id,
            delivery_id: clock::new_id,
        };
        let mut changes = intent.decide(loaded.view(), &moment);
        if changes.is_empty() {
            return Ok(());
        }
        let told = webhooks::told(loaded.view(), &moment, &changes);
        if let Some(beside) = intent.beside() {
            changes.extend(audit::added(loaded.view(), &moment, beside, &changes)?);
        }
        changes.extend(told);
        let line = loaded.journal.encode(now, &changes)?;
        let appender = loaded.journal.appender();
        // Readers need not wait for the file.
        drop(loaded);
        appender.write(&line)?;
        begin.get_or_insert_with(|| appender.clone());
        let mut loaded = self.loaded.write().map_err(poisoned)?;
        let taken = loaded.take(&line, appender.end);
        if taken.is_err() {
            // Nobody could read past it, at no start either, and memory may hold a part of it.
            appender.take_back()?;
            (*loaded, _) = Loaded::open(&self.folder)?;
        }
        taken
    }
}

/// A failure of the whole group as one of its members is told.
pub fn repeated(error: &Error) -> Error {
    let copy = Error::new(error.code(), error.message());
    match std::error::Error::source(error) {
        Some(cause) => copy.caused_by(cause.to_string()),
        None => copy,
    }
}

#[cfg(test)]
mod tests;
