//! Scans: detail, cancel, events, findings, reports.

use super::{Ctx, findings::list_filtered};
use crate::{
    api::{
        dto::{
            events::{EventDto, ScanEventParams},
            findings::{FindingDto, FindingListParams},
            scans::{ScanDetailDto, ScanDto, ScanListParams},
        },
        error::ApiResult,
        extract::{Caller, PathId, QueryParams, ReadScope, WriteScope, one_of},
        paging::{ALL_LIMIT, page_request, respond, respond_with},
    },
    context::ServeContext,
    domain::{
        access::Actor,
        event::Event,
        ids::{ScanId, ScanKind},
        scan::ScanStatus,
    },
    error::{Error, ErrorCode},
    services::{
        reports::{self, RenderedFormat, ReportFormat},
        scans::{self, ScansOf},
    },
    store::{EventQuery, FindingFilter},
};
use actix_web::{HttpRequest, HttpResponse, get, post, web::Json};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

/// The media type of SARIF.
const SARIF: &str = "application/sarif+json";

/// Scans of a project or a repository.
pub async fn list_of(
    ctx: &ServeContext,
    request: &HttpRequest,
    actor: &Actor,
    of: ScansOf,
    params: ScanListParams,
) -> ApiResult {
    let words: Vec<_> = ScanStatus::ALL
        .iter()
        .map(|status| status.as_str())
        .collect();
    let statuses = one_of(
        "status",
        params.status.as_deref(),
        ScanStatus::parse,
        &words,
    )?;
    let page = page_request(params.limit, params.cursor.as_deref(), ALL_LIMIT)?;
    let page = scans::list(ctx, actor, of, statuses, page).await?;
    respond(request, page, ScanDto::from)
}

/// The query behind a list of events.
pub fn event_query(after: Option<u64>, kinds: Option<&str>, limit: usize) -> EventQuery {
    EventQuery {
        scan_id: None,
        after,
        kinds: kinds
            .into_iter()
            .flat_map(|kinds| kinds.split(','))
            .map(|kind| kind.trim().to_owned())
            .collect(),
        limit,
        before_id: None,
    }
}

/// The events of one scan, in order; the link continues after the last one.
pub fn respond_events(request: &HttpRequest, events: Vec<Event>, limit: usize) -> ApiResult {
    let next = events.last().filter(|_| events.len() == limit);
    let next = next.map(|event| ("after", event.seq.to_string()));
    respond_with(request, next, events, EventDto::from)
}

/// A scan with links to its files.
#[utoipa::path(tag = "scans", params(("id" = String, Path, description = "scan_…")), responses((status = 200, body = ScanDetailDto)))]
#[get("/scans/{id}")]
pub async fn get_scan(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<ScanKind>,
) -> ApiResult<Json<ScanDetailDto>> {
    let detail = scans::detail(&ctx, &caller.actor, id.0).await?;
    Ok(Json(ScanDetailDto::new(detail, &ctx.settings.api_prefix)))
}

/// Call a scan off. A running one ends within two seconds and keeps what it found.
#[utoipa::path(tag = "scans", params(("id" = String, Path, description = "scan_…")), responses((status = 202, body = ScanDto)))]
#[post("/scans/{id}/cancel")]
pub async fn cancel_scan(ctx: Ctx, caller: Caller<WriteScope>, id: PathId<ScanKind>) -> ApiResult {
    let scan = scans::cancel(&ctx, &caller.actor, id.0).await?;
    Ok(HttpResponse::Accepted().json(ScanDto::from(scan)))
}

/// The events of a scan, in order.
#[utoipa::path(tag = "scans", params(("id" = String, Path, description = "scan_…"), ScanEventParams), responses((status = 200, body = Vec<EventDto>)))]
#[get("/scans/{id}/events")]
pub async fn list_scan_events(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<ScanKind>,
    query: QueryParams<ScanEventParams>,
) -> ApiResult {
    let params = query.0;
    let page = page_request(params.limit, None, 200)?;
    let query = event_query(params.after, params.kind.as_deref(), page.limit);
    let events = scans::events_of_scan(&ctx, &caller.actor, id.0, query).await?;
    respond_events(&request, events, page.limit)
}

/// What a scan found, worst first, as it was then.
#[utoipa::path(tag = "findings", params(("id" = String, Path, description = "scan_…"), FindingListParams), responses((status = 200, body = Vec<FindingDto>)))]
#[get("/scans/{id}/findings")]
pub async fn list_scan_findings(
    ctx: Ctx,
    request: HttpRequest,
    caller: Caller<ReadScope>,
    id: PathId<ScanKind>,
    query: QueryParams<FindingListParams>,
) -> ApiResult {
    let filter = FindingFilter {
        scan_id: Some(id.0),
        ..FindingFilter::default()
    };
    list_filtered(&ctx, &request, &caller.actor, filter, query.0).await
}

/// The form of a report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportParams {
    /// `json` (the default), `sarif`, `markdown`, `html` or `csv`.
    #[param(example = "sarif")]
    pub format: Option<String>,
}

/// The report of a scan that has ended.
#[utoipa::path(
    tag = "scans",
    params(("id" = String, Path, description = "scan_…"), ReportParams),
    responses((status = 200, description = "The report", content(
        (serde_json::Value = "application/json"),
        (serde_json::Value = "application/sarif+json"),
        (String = "text/markdown"),
        (String = "text/html"),
        (String = "text/csv")
    )))
)]
#[get("/scans/{id}/report")]
pub async fn get_report(
    ctx: Ctx,
    caller: Caller<ReadScope>,
    id: PathId<ScanKind>,
    query: QueryParams<ReportParams>,
) -> ApiResult {
    let format = query.0.format.as_deref().unwrap_or("json");
    let (format, content_type) = match format {
        "json" => (ReportFormat::Json, "application/json"),
        other => match rendered_report(&ctx, &caller.actor, id.0, other).await {
            // As the engine wrote it, then: that streams, whatever its size.
            Err(error) if other == "sarif" && error.code() == ErrorCode::PayloadTooLarge => {
                (ReportFormat::Sarif, SARIF)
            }
            page => return Ok(page?),
        },
    };
    let (meta, reader) = reports::open(&ctx, &caller.actor, id.0, format).await?;
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .no_chunking(meta.size)
        .streaming(ReaderStream::new(reader)))
}

/// A report for people. It is data of the audited tree in the API's own origin: the page may load
/// and run nothing, and nothing guesses what it is.
async fn rendered_report(
    ctx: &Ctx,
    actor: &Actor,
    id: ScanId,
    format: &str,
) -> Result<HttpResponse, Error> {
    let (format, content_type) = match format {
        "markdown" => (RenderedFormat::Markdown, "text/markdown; charset=utf-8"),
        "html" => (RenderedFormat::Html, "text/html; charset=utf-8"),
        "sarif" => (RenderedFormat::Sarif, SARIF),
        "csv" => (RenderedFormat::Csv, "text/csv; charset=utf-8"),
        other => {
            let message = format!("'{other}' is not one of json, sarif, markdown, html, csv");
            return Err(Error::field("format", message));
        }
    };
    let text = reports::rendered(ctx, actor, id, format).await?;
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header(("content-security-policy", reports::page_policy()))
        .insert_header(("x-content-type-options", "nosniff"))
        .body(text))
}
