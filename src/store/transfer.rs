//! Everything durable, read at one moment and added elsewhere: how an installation moves.

use crate::{
    domain::portable::{Portable, PortableKind},
    error::Result,
};
use tokio::sync::mpsc;

/// How a record that is to be added stands to what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none with its identity.
    Absent,
    /// There is one that says the same.
    Same,
    /// There is one that says something else, or something else that excludes it; in words.
    Conflict(&'static str),
}

/// Moving in and out. For administrators: no access is checked.
#[async_trait::async_trait]
pub trait TransferStore: Send + Sync {
    /// The content of this moment, which stays as it is however long reading takes. Nobody waits
    /// for it.
    async fn freeze(&self) -> Result<Box<dyn Frozen>>;

    /// How many other processes use this store now.
    async fn others(&self) -> Result<usize>;

    /// How each of these stands, in their order. Changes nothing.
    async fn standings(&self, records: Vec<Portable>) -> Result<Vec<Standing>>;

    /// Adds those of `records`, which are all of one kind, that are absent, as one change; returns
    /// how many. Nothing is ever replaced. A scan's events and a finding's history have to come in
    /// order.
    ///
    /// # Errors
    /// `conflict`, and nothing is changed, when one of them conflicts with what there is, needs a
    /// record that is not there, or is out of order.
    async fn add_missing(&self, records: Vec<Portable>) -> Result<u64>;
}

/// The content of a store at one moment.
#[async_trait::async_trait]
pub trait Frozen: Send + Sync {
    /// Sends every record of one kind, by id; events by scan and number, history by finding and
    /// place. No more is read than the receiver takes; ends early when it goes away.
    async fn send(&self, kind: PortableKind, to: mpsc::Sender<Portable>) -> Result<()>;
    /// How much there is of what people made and no export holds.
    fn left_out(&self) -> NotPortable;
}

/// What people made and no export holds, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotPortable {
    /// Webhooks: their secrets are sealed with a key of this installation.
    pub webhooks: u64,
    /// Temporary remotes for `git push`, which end by themselves.
    pub git_uploads: u64,
}
