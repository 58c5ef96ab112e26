//! Uploads: a multipart field `file`, or the bare bytes. Streamed to a working file, never held in
//! memory, cut off at the limit.

use crate::{
    context::ServeContext,
    error::{Error, ErrorCode, Result},
    services::working_dir::WorkingRoot,
};
use actix_multipart::Multipart;
use actix_web::{HttpMessage, HttpRequest, http::header, web};
use futures_util::{Stream, StreamExt};
use std::fmt::Display;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

/// What an upload may be.
#[derive(Debug)]
pub struct Accepted {
    /// Content types taken as the bare bytes.
    raw: &'static [&'static str],
    /// What it is called in messages, with its article.
    noun: &'static str,
}

/// A source archive.
pub const ARCHIVE: Accepted = Accepted {
    raw: &[
        "application/octet-stream",
        "application/zip",
        "application/x-zip-compressed",
        "application/x-tar",
        "application/gzip",
        "application/x-gzip",
        "application/x-gtar",
        "application/zstd",
        "application/x-zstd",
        "application/x-xz",
    ],
    noun: "an archive",
};

/// A SARIF file.
pub const SARIF: Accepted = Accepted {
    raw: &[
        "application/octet-stream",
        "application/json",
        "application/sarif+json",
    ],
    noun: "a SARIF file",
};

const MAX_LABEL_CHARS: usize = 200;

/// A received file.
#[derive(Debug)]
pub struct Upload {
    /// Where it lies until it is stored.
    pub file: NamedTempFile,
    /// The name it came under.
    pub label: String,
}

/// Receives a file from a request body.
pub async fn receive_upload(
    ctx: &ServeContext,
    accepted: &Accepted,
    working: &WorkingRoot,
    request: &HttpRequest,
    payload: web::Payload,
    file_name: Option<String>,
) -> Result<Upload> {
    let limit = ctx.limits.max_source_bytes;
    check_declared(request, accepted, limit)?;
    let content_type = request.content_type().to_ascii_lowercase();
    let file = working.file()?;
    if content_type == "multipart/form-data" {
        let mut parts = Multipart::new(request.headers(), payload);
        let Some(part) = parts.next().await else {
            let message = "is missing; send the file in a field named 'file'";
            return Err(Error::field("file", message));
        };
        let part = part.map_err(broken)?;
        if part.name() != Some("file") {
            return Err(Error::field(
                part.name().unwrap_or("body"),
                "is not expected; send one field named 'file'",
            ));
        }
        let label = part
            .content_disposition()
            .and_then(|disposition| disposition.get_filename().map(str::to_owned))
            .or(file_name);
        write(&file, part, accepted, limit).await?;
        if parts.next().await.is_some() {
            return Err(Error::field(
                "body",
                "has more than one field; send only 'file'",
            ));
        }
        return Ok(Upload {
            file,
            label: clean_label(label),
        });
    }
    if !accepted.raw.contains(&content_type.as_str()) {
        return Err(Error::new(
            ErrorCode::UnsupportedMediaType,
            format!(
                "Send {} as multipart/form-data with a field 'file', or as {}",
                accepted.noun,
                accepted.raw.join(", ")
            ),
        ));
    }
    write(&file, payload, accepted, limit).await?;
    Ok(Upload {
        file,
        label: clean_label(file_name),
    })
}

/// Receives the bare bytes of a file, whatever they are called.
pub async fn receive_bytes(
    ctx: &ServeContext,
    accepted: &Accepted,
    working: &WorkingRoot,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<NamedTempFile> {
    let limit = ctx.limits.max_source_bytes;
    check_declared(request, accepted, limit)?;
    let file = working.file()?;
    write(&file, payload, accepted, limit).await?;
    Ok(file)
}

/// Receives a body whole, or, when it has more than `limit` bytes, its beginning and the word that
/// it was cut: whoever reads it wants to answer, and clients hear no answer before they have sent
/// all. A body of more than twice the limit is not listened to.
pub async fn spool(
    working: &WorkingRoot,
    payload: web::Payload,
    limit: u64,
) -> Result<(NamedTempFile, bool)> {
    let file = working.file()?;
    let mut target = tokio::fs::File::from_std(file.reopen().map_err(unwritable)?);
    let mut bytes = std::pin::pin!(payload);
    let mut received = 0_u64;
    // Commands stand before the pack and are small beside it.
    let kept = limit.saturating_add(1024 * 1024);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(broken)?;
        received += chunk.len() as u64;
        if received > kept.saturating_mul(2) {
            let message = format!("A push may have at most {limit} bytes");
            return Err(Error::new(ErrorCode::PayloadTooLarge, message));
        }
        if received <= kept {
            target.write_all(&chunk).await.map_err(unwritable)?;
        }
    }
    target.flush().await.map_err(unwritable)?;
    Ok((file, received > kept))
}

/// Refuses a body that says itself that it is too large.
fn check_declared(request: &HttpRequest, accepted: &Accepted, limit: u64) -> Result<()> {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // Multipart framing adds a little to the file itself.
    if declared.is_some_and(|bytes| bytes > limit.saturating_add(64 * 1024)) {
        return Err(too_large(accepted, limit));
    }
    Ok(())
}

async fn write<E: Display>(
    file: &NamedTempFile,
    bytes: impl Stream<Item = std::result::Result<web::Bytes, E>>,
    accepted: &Accepted,
    limit: u64,
) -> Result<()> {
    let mut target = tokio::fs::File::from_std(file.reopen().map_err(unwritable)?);
    let mut bytes = std::pin::pin!(bytes);
    let mut received = 0_u64;
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk.map_err(broken)?;
        received += chunk.len() as u64;
        if received > limit {
            return Err(too_large(accepted, limit));
        }
        target.write_all(&chunk).await.map_err(unwritable)?;
    }
    target.flush().await.map_err(unwritable)
}

fn unwritable(error: std::io::Error) -> Error {
    Error::new(
        ErrorCode::DependencyUnavailable,
        "an upload cannot be written",
    )
    .caused_by(error)
}

fn too_large(accepted: &Accepted, limit: u64) -> Error {
    Error::new(
        ErrorCode::PayloadTooLarge,
        format!("{} may have at most {limit} bytes", accepted.noun),
    )
    .with_detail("limit_bytes", limit)
}

fn broken(error: impl Display) -> Error {
    Error::new(
        ErrorCode::InvalidRequest,
        format!("The upload could not be read: {error}"),
    )
}

/// A name for people: printable, short, no path.
pub fn clean_label(name: Option<String>) -> String {
    let name = name.unwrap_or_default();
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let label: String = base
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_LABEL_CHARS)
        .collect();
    if label.trim().is_empty() {
        "upload".to_owned()
    } else {
        label
    }
}
