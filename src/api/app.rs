//! Puts the HTTP server together and runs it.

use super::{error::ApiError, handlers::system, observe, openapi, routes};
use crate::{
    context::ServeContext,
    error::{Error, ErrorCode, Result},
    services::working_dir::WorkingRoot,
};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::{ResourceDef, Server},
    http::header,
    middleware::{Compress, DefaultHeaders, NormalizePath, from_fn},
    web::{self, Data},
};
use std::{net::TcpListener, sync::Arc, time::Duration};
use utoipa::openapi::OpenApi as Document;
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::SwaggerUi;

/// Which methods each path knows; answers 405 where a path exists and the method does not.
struct KnownPaths(Vec<(ResourceDef, String)>);

impl KnownPaths {
    fn of(document: &Document) -> Self {
        let methods = |item: &utoipa::openapi::PathItem| {
            [
                ("GET", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
            ]
            .into_iter()
            .filter(|(_, known)| *known)
            .map(|(method, _)| method)
            .collect::<Vec<_>>()
            .join(", ")
        };
        let paths = document.paths.paths.iter();
        Self(
            paths
                .map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item)))
                .collect(),
        )
    }

    fn refusal(&self, request: &HttpRequest) -> Error {
        let path = request.path();
        match self.0.iter().find(|(known, _)| known.is_match(path)) {
            Some((_, allowed)) => Error::new(
                ErrorCode::MethodNotAllowed,
                format!("{} is not allowed here; {allowed} is", request.method()),
            )
            .with_detail("allowed", allowed),
            None => Error::new(ErrorCode::NotFound, format!("There is nothing at {path}")),
        }
    }
}

async fn refuse(
    known: Data<KnownPaths>,
    request: HttpRequest,
) -> std::result::Result<HttpResponse, ApiError> {
    Err(known.refusal(&request).into())
}

/// The OpenAPI document of a server with these settings.
pub fn document(app_name: &str, prefix: &str) -> Document {
    let (_, document) = App::new()
        .into_utoipa_app()
        .openapi(openapi::base(app_name))
        .service(scope::scope(prefix).configure(routes::api))
        .split_for_parts();
    openapi::completed(document)
}

/// Starts the server on `listener`. It ends when `stop` on its handle is called.
///
/// `extra` adds routes beside the API; production adds none.
pub fn start(
    ctx: ServeContext,
    working: Arc<WorkingRoot>,
    listener: TcpListener,
    extra: fn(&mut web::ServiceConfig),
) -> Result<Server> {
    let prefix = ctx.settings.api_prefix.clone();
    let document = document(&ctx.settings.name, &prefix);
    let known = Data::new(KnownPaths::of(&document));
    let docs = !ctx.settings.is_prod();
    let grace = ctx.settings.shutdown_grace;
    let ctx = Data::new(ctx);
    let working = Data::from(working);
    let server = HttpServer::new(move || {
        let (app, _) = App::new()
            .app_data(ctx.clone())
            .app_data(working.clone())
            .app_data(known.clone())
            .into_utoipa_app()
            .service(scope::scope(prefix.as_str()).configure(routes::api))
            .split_for_parts();
        let json = document.clone();
        let described = move || {
            let json = json.clone();
            async move { HttpResponse::Ok().json(json) }
        };
        let app = app
            .service(system::get_health)
            .service(system::get_readiness)
            .configure(extra)
            .default_service(web::to(refuse))
            .wrap(DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")))
            .wrap(Compress::default())
            .wrap(from_fn(observe::observe))
            .wrap(NormalizePath::trim());
        let app = app
            .route("/openapi.json", web::get().to(described.clone()))
            .route(&format!("{prefix}/openapi.json"), web::get().to(described));
        if docs {
            app.service(SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", document.clone()))
                .route("/docs", web::get().to(|| redirect("/docs/index.html")))
                .route("/", web::get().to(|| redirect("/docs/index.html")))
        } else {
            app
        }
    })
    .workers(2)
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(30))
    .shutdown_timeout(grace.as_secs())
    // Signals are this process's business, not the server's.
    .disable_signals()
    .listen(listener)
    .map_err(|error| Error::internal("the server cannot listen", error))?;
    Ok(server.run())
}

async fn redirect(to: &'static str) -> HttpResponse {
    HttpResponse::TemporaryRedirect()
        .insert_header((header::LOCATION, to))
        .finish()
}
