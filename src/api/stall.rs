//! Bodies that stop coming: a client that sends nothing for too long is told so and let go.
//!
//! Bounds the wait for each next piece, so a slow upload of any length is fine and one that hangs
//! does not hold a working file and a connection for ever.

use crate::context::ServeContext;
use actix_web::{
    HttpMessage,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::header,
    middleware::Next,
    web::Data,
};
use futures_util::{Stream, StreamExt, stream};
use std::{io, time::Duration};

/// Watches the body of a request.
pub async fn watch_body(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let patience = request
        .app_data::<Data<ServeContext>>()
        .map(|ctx| ctx.body_stall);
    let has_body = request.headers().contains_key(header::CONTENT_LENGTH)
        || request.headers().contains_key(header::TRANSFER_ENCODING);
    if let (Some(patience), true) = (patience, has_body) {
        let body = request.take_payload();
        let watched = watched(body, patience);
        request.set_payload(Payload::Stream {
            // Readers of forms ask once more after the end.
            payload: Box::pin(watched.fuse()),
        });
    }
    next.call(request).await
}

/// The pieces of `body`; an error, and then nothing, once one takes longer than `patience`.
fn watched<B, E>(
    body: B,
    patience: Duration,
) -> impl Stream<Item = Result<actix_web::web::Bytes, PayloadError>>
where
    B: Stream<Item = Result<actix_web::web::Bytes, E>> + Unpin,
    PayloadError: From<E>,
{
    stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match tokio::time::timeout(patience, body.next()).await {
            Ok(Some(piece)) => Some((piece.map_err(PayloadError::from), Some(body))),
            Ok(None) => None,
            Err(_) => {
                let stalled = format!("nothing came for {} s", patience.as_secs());
                let error = io::Error::new(io::ErrorKind::TimedOut, stalled);
                Some((Err(PayloadError::Io(error)), None))
            }
        }
    })
}
