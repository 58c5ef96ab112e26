//! Events of scans: as lists, and as frames of a live stream.

use super::findings::FindingDto;
use crate::domain::{
    event::{Event, kind},
    finding::Finding,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
use utoipa::{IntoParams, ToSchema};

/// Parameters of a repository's events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RepositoryEventParams {
    /// Only of this scan, in order.
    pub scan_id: Option<String>,
    /// Only after this `seq`; needs `scan_id`.
    pub after: Option<u64>,
    /// Comma list of kinds.
    pub kind: Option<String>,
    /// At most this many items (1–200).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// Without `scan_id`: continue here; from the `Link` header.
    pub cursor: Option<String>,
}

/// Parameters of a scan's events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScanEventParams {
    /// Only after this `seq`.
    pub after: Option<u64>,
    /// Comma list of kinds.
    pub kind: Option<String>,
    /// At most this many items (1–200).
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// An event of a scan.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventDto {
    /// Identity (`evt_…`).
    pub id: String,
    /// The scan (`scan_…`).
    pub scan_id: String,
    /// 1, 2, 3, … per scan, without gaps.
    pub seq: u64,
    /// The attempt that wrote it.
    pub attempt: u32,
    /// `scan_started`, `scan_progress`, `scan_log`, `finding_updated`, `scan_completed`,
    /// `scan_failed`, `scan_cancelled`; others may follow.
    pub kind: String,
    /// The content, by kind.
    #[schema(value_type = Object)]
    pub payload: Value,
    /// When it happened (RFC 3339).
    pub created_at: String,
}

impl From<Event> for EventDto {
    fn from(event: Event) -> Self {
        let payload = if event.kind == kind::FINDING_UPDATED {
            finding_payload(event.payload)
        } else {
            event.payload
        };
        Self {
            id: event.id.to_string(),
            scan_id: event.scan_id.to_string(),
            seq: event.seq,
            attempt: event.attempt,
            kind: event.kind,
            payload,
            created_at: event.created_at.to_string(),
        }
    }
}

/// Findings look the same in events as everywhere else in the API.
fn finding_payload(payload: Value) -> Value {
    let stored = payload.get("finding").cloned().unwrap_or_default();
    match serde_json::from_value::<Finding>(stored) {
        Ok(finding) => json!({ "finding": FindingDto::from(finding) }),
        Err(_) => payload,
    }
}

/// One frame of a live stream of events (`text/event-stream`).
#[derive(Debug, ToSchema)]
pub struct EventFrame {
    /// The event's `seq`; what a client sends back as `Last-Event-ID`.
    #[schema(pattern = "^[1-9][0-9]*$")]
    pub id: String,
    /// The event's `kind`.
    pub event: String,
    /// The event itself, an `EventDto` in one line of JSON.
    #[schema(content_media_type = "application/json")]
    pub data: String,
}

impl From<Event> for EventFrame {
    fn from(event: Event) -> Self {
        let dto = EventDto::from(event);
        Self {
            id: dto.seq.to_string(),
            // Values of strings and numbers can always be written; JSON has no raw line ends.
            data: serde_json::to_string(&dto).unwrap_or_default(),
            event: dto.kind,
        }
    }
}

impl fmt::Display for EventFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, event, data } = self;
        write!(f, "id: {id}\nevent: {event}\ndata: {data}\n\n")
    }
}
