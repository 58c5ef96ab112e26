//! Puts the HTTP server together and runs it.

use super::{
    cors,
    docs::{self, Described},
    handlers::system,
    idempotency, known, observe, openapi, routes, stall,
};
use crate::{
    context::ServeContext,
    error::{Error, Result},
    services::{code::OpenSnapshots, feed::Feed, git_push::PushRemotes, working_dir::WorkingRoot},
};
use actix_web::{
    App, HttpServer,
    dev::Server,
    http::header,
    middleware::{Compress, DefaultHeaders, NormalizePath, from_fn},
    web::{self, Data},
};
use std::{net::TcpListener, sync::Arc, time::Duration};
use utoipa::openapi::OpenApi as Document;
use utoipa_actix_web::{AppExt, scope};

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
    let described = Data::new(Described::new(&ctx.settings.name, &prefix));
    let shows_docs = !ctx.settings.is_prod();
    let grace = ctx.settings.shutdown_grace;
    let ctx = Data::new(ctx);
    let feed = Arc::new(Feed::new(Arc::clone(&ctx.app.store)));
    let tasks = &ctx.app.tasks;
    tasks.spawn(Arc::clone(&feed).listen(tasks.token()));
    let feed = Data::from(feed);
    let snapshots = Data::new(OpenSnapshots::new(Arc::clone(&working)));
    let remotes = Arc::new(PushRemotes::new(Arc::clone(&working)));
    let store = Arc::clone(&ctx.app.store);
    tasks.spawn(Arc::clone(&remotes).tidy_loop(store, tasks.token()));
    let remotes = Data::from(remotes);
    let working = Data::from(working);
    let server = HttpServer::new(move || {
        let app = App::new()
            .app_data(ctx.clone())
            .app_data(working.clone())
            .app_data(snapshots.clone())
            .app_data(remotes.clone())
            .app_data(feed.clone())
            .app_data(described.clone())
            .service(web::scope(&prefix).configure(routes::plain))
            .service(system::get_health)
            .service(system::get_readiness)
            .service(system::get_metrics)
            .configure(|config| docs::document_routes(config, &prefix))
            .configure(extra)
            .default_service(web::to(known::refuse))
            .wrap(from_fn(idempotency::replay))
            .wrap(from_fn(stall::watch_body))
            .wrap(from_fn(known::check_query))
            .wrap(DefaultHeaders::new().add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")))
            .wrap(Compress::default())
            .wrap(from_fn(observe::observe))
            .wrap(from_fn(cors::let_in))
            .wrap(NormalizePath::trim());
        if shows_docs {
            app.configure(docs::page_routes)
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
