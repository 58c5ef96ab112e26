//! The OpenAPI document and the page that shows it, all from this binary.

use super::error::ApiResult;
use crate::error::{Error, ErrorCode};
use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Bytes, Data, Path},
};
use std::sync::Arc;
use utoipa_swagger_ui::Config;

/// The page runs its own scripts only; its styles are partly inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
const FIRST_PAGE: &str = "/docs/index.html";

/// The document as served.
pub struct Described(pub Bytes);

/// The document, at the root and below `prefix`.
pub fn document_routes(config: &mut web::ServiceConfig, prefix: &str) {
    config
        .route("/openapi.json", web::get().to(described))
        .route(&format!("{prefix}/openapi.json"), web::get().to(described));
}

/// The page.
pub fn page_routes(config: &mut web::ServiceConfig) {
    config
        .app_data(Data::new(Config::from("/openapi.json")))
        .route("/", web::get().to(|| redirect(FIRST_PAGE)))
        .route("/docs", web::get().to(|| redirect(FIRST_PAGE)))
        .route("/docs/{file:.*}", web::get().to(page));
}

async fn described(document: Data<Described>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.0.clone())
}

async fn redirect(to: &'static str) -> HttpResponse {
    HttpResponse::TemporaryRedirect()
        .insert_header((header::LOCATION, to))
        .finish()
}

async fn page(file: Path<String>, config: Data<Config<'static>>) -> ApiResult {
    let config: Arc<Config<'static>> = config.into_inner();
    let found = utoipa_swagger_ui::serve(&file, config).map_err(|cause| {
        Error::internal("the documentation page cannot be made", cause.to_string())
    })?;
    let Some(found) = found else {
        let message = format!("There is nothing at /docs/{file}");
        return Err(Error::new(ErrorCode::NotFound, message).into());
    };
    let mut answer = HttpResponse::Ok();
    if found.gzpipped {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    Ok(answer
        .content_type(found.content_type)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(found.bytes.into_owned()))
}
