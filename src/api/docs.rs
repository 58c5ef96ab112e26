//! The OpenAPI document and the page that shows it, all from this binary.

use super::{app, error::ApiResult, known::KnownRoutes};
use crate::error::{Error, ErrorCode};
use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Bytes, Data, Path},
};
use std::sync::{Arc, OnceLock};
use utoipa_swagger_ui::Config;

/// The page runs its own scripts only; its styles are partly inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";
const FIRST_PAGE: &str = "/docs/index.html";

/// What the document says, put together when it is first needed: that takes longer than anything
/// else of a start on an empty folder, and few requests ask.
pub struct Described {
    app_name: String,
    prefix: String,
    made: OnceLock<Made>,
}

struct Made {
    json: serde_json::Result<Bytes>,
    routes: KnownRoutes,
}

impl Described {
    /// The document of a server with these settings.
    pub fn new(app_name: &str, prefix: &str) -> Self {
        Self {
            app_name: app_name.to_owned(),
            prefix: prefix.to_owned(),
            made: OnceLock::new(),
        }
    }

    /// The routes it describes.
    pub fn routes(&self) -> &KnownRoutes {
        &self.made().routes
    }

    fn made(&self) -> &Made {
        self.made.get_or_init(|| {
            let document = app::document(&self.app_name, &self.prefix);
            Made {
                json: serde_json::to_vec(&document).map(Bytes::from),
                routes: KnownRoutes::of(&document, &self.prefix),
            }
        })
    }
}

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

async fn described(described: Data<Described>) -> ApiResult {
    let json = described.made().json.as_ref().map_err(|cause| {
        Error::internal("the OpenAPI document cannot be written", cause.to_string())
    })?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(json.clone()))
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
