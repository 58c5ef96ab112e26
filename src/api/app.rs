//! Puts the HTTP server together and runs it.

use super::{error::ApiError, handlers::system, observe, openapi, routes};
use crate::{
    context::ServeContext,
    error::{Error, ErrorCode, Result},
    services::{code::OpenSnapshots, feed::Feed, working_dir::WorkingRoot},
};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::{ResourceDef, Server},
    http::header,
    middleware::{Compress, DefaultHeaders, NormalizePath, from_fn},
    web::{self, Data},
};
use std::{
    net::TcpListener,
    sync::{Arc, OnceLock},
    time::Duration,
};
use utoipa::openapi::OpenApi as Document;
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Which methods each path knows; answers 405 where a path exists and the method does not.
struct KnownPaths {
    methods: Vec<(String, String)>,
    // Compiled on the first refusal: most servers never need it, and it is large.
    compiled: OnceLock<Vec<ResourceDef>>,
}

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
        Self {
            methods: paths
                .map(|(path, item)| (path.clone(), methods(item)))
                .collect(),
            compiled: OnceLock::new(),
        }
    }

    fn refusal(&self, request: &HttpRequest) -> Error {
        let path = request.path();
        let compiled = self.compiled.get_or_init(|| {
            let paths = self.methods.iter();
            paths
                .map(|(path, _)| ResourceDef::new(path.as_str()))
                .collect()
        });
        let known = compiled.iter().position(|known| known.is_match(path));
        match known.and_then(|index| self.methods.get(index)) {
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
        .service(scope::scope(prefix).configure(routes::described))
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
    let document = serde_json::to_vec(&document)
        .map_err(|error| Error::internal("the OpenAPI document cannot be written", error))?;
    let document = Data::new(web::Bytes::from(document));
    let docs = !ctx.settings.is_prod();
    let grace = ctx.settings.shutdown_grace;
    let ctx = Data::new(ctx);
    let feed = Arc::new(Feed::new(Arc::clone(&ctx.app.store)));
    let tasks = &ctx.app.tasks;
    tasks.spawn(Arc::clone(&feed).listen(tasks.token()));
    let feed = Data::from(feed);
    let snapshots = Data::new(OpenSnapshots::new(Arc::clone(&working)));
    let working = Data::from(working);
    let server = HttpServer::new(move || {
        let app = App::new()
            .app_data(ctx.clone())
            .app_data(working.clone())
            .app_data(snapshots.clone())
            .app_data(feed.clone())
            .app_data(known.clone())
            .app_data(document.clone())
            .service(web::scope(&prefix).configure(routes::plain))
            .service(system::get_health)
            .service(system::get_readiness)
            .route("/openapi.json", web::get().to(described))
            .route(&format!("{prefix}/openapi.json"), web::get().to(described))
            .configure(extra)
            .default_service(web::to(refuse))
            .wrap(DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")))
            .wrap(Compress::default())
            .wrap(from_fn(observe::observe))
            .wrap(NormalizePath::trim());
        if docs {
            let ui = SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json"));
            app.service(ui)
                .route("/docs", web::get().to(|| redirect("/docs/index.html")))
                .route("/", web::get().to(|| redirect("/docs/index.html")))
        } else {
            app
        }
    })
    .workers(2)
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(30))
    // Half of the grace period is for requests, the rest for background work.
    .shutdown_timeout((grace / 2).as_secs().max(1))
    // Signals are this process's business, not the server's.
    .disable_signals()
    .listen(listener)
    .map_err(|error| Error::internal("the server cannot listen", error))?;
    Ok(server.run())
}

async fn described(document: Data<web::Bytes>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(web::Bytes::clone(&document))
}

async fn redirect(to: &'static str) -> HttpResponse {
    HttpResponse::TemporaryRedirect()
        .insert_header((header::LOCATION, to))
        .finish()
}
