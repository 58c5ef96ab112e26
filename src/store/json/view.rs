//! What decisions see: the state, and the bodies that stayed on the disk.

use super::state::{Span, State};
use crate::{
    domain::{
        event::Event,
        finding::{Finding, FindingObservation},
        ids::{DeliveryId, EventId, FindingId, ScanId, WorkerId},
        lease::Lease,
        time::Timestamp,
    },
    error::{Error, Result},
};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Where bodies are read from: the journal, or memory for a model.
pub trait Bodies {
    /// The bytes at `span`.
    fn read(&self, span: Span) -> Result<Vec<u8>>;
}

/// A state with its bodies, at one commit.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The index.
    pub state: &'a State,
    /// The bodies it points to.
    pub bodies: &'a dyn Bodies,
}

impl View<'_> {
    /// The finding, or `not_found`.
    pub fn finding(&self, id: FindingId) -> Result<Finding> {
        let entry = self.state.findings.get(id);
        let entry = entry.ok_or_else(|| Error::not_found("Finding", id))?;
        self.body(entry.span)
    }

    /// What a scan saw of a finding.
    pub fn observation(
        &self,
        scan: ScanId,
        finding: FindingId,
    ) -> Result<Option<FindingObservation>> {
        let entry = self.state.findings.observation(scan, finding);
        entry.map(|entry| self.body(entry.span)).transpose()
    }

    /// The event written at `span`.
    pub fn event(&self, span: Span) -> Result<Event> {
        self.body(span)
    }

    /// The record written at `span`.
    pub fn body<T: DeserializeOwned>(&self, span: Span) -> Result<T> {
        let bytes = self.bodies.read(span)?;
        serde_json::from_slice(&bytes).map_err(|cause| {
            let place = span.offset;
            Error::internal(format!("the body at byte {place} cannot be read"), cause)
        })
    }
}

/// The circumstances of a decision that are not in the state.
pub struct Moment<'a> {
    /// The time by the store's clock.
    pub now: Timestamp,
    /// The identity of this process.
    pub owner: WorkerId,
    /// Lease holders known to be dead.
    pub dead: &'a BTreeSet<WorkerId>,
    /// Makes ids for the events the store itself writes.
    pub event_id: fn() -> EventId,
    /// Makes ids for the deliveries of webhooks that the store itself adds.
    pub delivery_id: fn() -> DeliveryId,
}

impl Moment<'_> {
    /// Whether another process may take what `lease` protects. No lease protects nothing.
    pub fn has_ended(&self, lease: Option<&Lease>) -> bool {
        lease.is_none_or(|lease| lease.expires_at <= self.now || self.dead.contains(&lease.owner))
    }

    /// A lease of this process.
    pub fn lease(&self, length: std::time::Duration) -> Lease {
        Lease {
            owner: self.owner,
            expires_at: self.now.after(length),
        }
    }
}
