//! Live events as Server-Sent Events (WHATWG HTML, §9.2).
//!
//! Every frame's `id` is the event's number, so a client that comes back with `Last-Event-ID` goes
//! on where it was. A stream lives no longer than the credential and the role behind it.

use super::Ctx;
use crate::{
    api::{
        dto::events::EventFrame,
        error::ApiResult,
        extract::{Caller, PathId, QueryParams, ReadScope},
    },
    context::ServeContext,
    domain::ids::{ScanId, ScanKind},
    error::{Error, Result},
    services::{
        access, accounts,
        feed::{Feed, Watch},
    },
};
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, ContentEncoding},
    web::{Bytes, Data},
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use std::{pin::Pin, sync::Arc, time::Duration};
use tokio::time::{Sleep, sleep};
use utoipa::IntoParams;

/// How often a silent stream says that it lives, and the credential is looked at again.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a client waits before it comes back, in milliseconds.
const RETRY: &str = "retry: 2000\n\n";

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamParams {
    /// Only events after this `seq`; the header `Last-Event-ID` counts before it.
    #[param(minimum = 0)]
    pub after: Option<u64>,
}

/// The events of a scan as they happen, from the first or after `Last-Event-ID`; ends with the
/// scan. A comment every 15 seconds shows that the stream lives.
#[utoipa::path(
    tag = "scans",
    params(
        ("id" = String, Path, description = "scan_…"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The last event that was received", example = 0),
        StreamParams
    ),
    responses((status = 200, description = "Frames; the schema is that of each", content_type = "text/event-stream", body = EventFrame))
)]
#[get("/scans/{id}/events/stream")]
pub async fn stream_scan_events(
    ctx: Ctx,
    feed: Data<Feed>,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<ScanKind>,
    query: QueryParams<StreamParams>,
) -> ApiResult {
    let after = last_event_id(&request)?.or(query.0.after).unwrap_or(0);
    let scan = access::scan(&ctx.app.store, &caller.actor, id.0).await?;
    let frames = Frames {
        watch: feed.watch(&scan, after),
        ctx,
        scan: id.0,
        bearer: caller.bearer,
        check: Box::pin(sleep(HEARTBEAT)),
        greeted: false,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        // Proxies and compression would hold frames back.
        .insert_header(("x-accel-buffering", "no"))
        .insert_header(ContentEncoding::Identity)
        .streaming(frames.into_stream()))
}

fn last_event_id(request: &HttpRequest) -> Result<Option<u64>> {
    let Some(value) = request.headers().get("last-event-id") else {
        return Ok(None);
    };
    let number = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    number
        .map(Some)
        .ok_or_else(|| Error::field("Last-Event-ID", "must be the number of an event"))
}

/// One client's stream.
struct Frames {
    watch: Watch,
    ctx: Data<ServeContext>,
    scan: ScanId,
    bearer: String,
    /// Over when the credential is to be looked at again.
    check: Pin<Box<Sleep>>,
    greeted: bool,
}

impl Frames {
    fn into_stream(mut self) -> impl Stream<Item = Result<Bytes, Error>> {
        self.schedule();
        stream::unfold(self, |mut frames| async move {
            let frame = frames.next().await?;
            Some((Ok(Bytes::from(frame)), frames))
        })
    }

    fn schedule(&mut self) {
        let left = accounts::time_left(&self.ctx, &self.bearer);
        let pause = left.map_or(HEARTBEAT, |left| left.min(HEARTBEAT));
        self.check = Box::pin(sleep(pause));
    }

    /// The next frame; `None` when the stream is over.
    async fn next(&mut self) -> Option<String> {
        if !self.greeted {
            self.greeted = true;
            return Some(RETRY.to_owned());
        }
        let stop = self.ctx.app.tasks.token();
        tokio::select! {
            () = stop.cancelled() => None,
            event = self.watch.next() => match event {
                Ok(event) => event.map(|event| EventFrame::from(Arc::unwrap_or_clone(event)).to_string()),
                Err(error) => {
                    tracing::warn!(%error, cause = ?error, "a stream of events broke off");
                    None
                }
            },
            () = &mut self.check => {
                let actor = accounts::authenticate(&self.ctx, &self.bearer).await.ok()?;
                access::scan(&self.ctx.app.store, &actor, self.scan).await.ok()?;
                self.schedule();
                Some(": alive\n\n".to_owned())
            }
        }
    }
}
