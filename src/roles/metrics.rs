//! `/metrics` on a port of its own, without a credential: for a scraper inside the network.

use crate::{
    context::AppContext,
    error::{Error, ErrorCode, Result},
    services::metrics,
    settings::MetricsSettings,
    shutdown::Tasks,
    telemetry::metrics::CONTENT_TYPE,
};
use actix_web::{
    App, HttpResponse, HttpServer,
    web::{self, Data},
};
use std::{net::TcpListener, time::Duration};

/// What the page needs.
struct Source {
    app: AppContext,
    heartbeat_ttl: Duration,
}

/// Serves the page until `tasks` is cancelled. Does nothing when no port is set.
///
/// # Errors
/// `dependency_unavailable` when the port cannot be had.
pub fn start(
    settings: &MetricsSettings,
    app: AppContext,
    heartbeat_ttl: Duration,
    tasks: &Tasks,
) -> Result<()> {
    let Some(port) = settings.port else {
        return Ok(());
    };
    let taken = |error| {
        let address = format!("{}:{port}", settings.host);
        let message = format!("cannot listen on {address} for metrics; change VEGA_METRICS_PORT");
        Error::new(ErrorCode::DependencyUnavailable, message).caused_by(error)
    };
    let listener = TcpListener::bind((settings.host.as_str(), port)).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    let source = Data::new(Source { app, heartbeat_ttl });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(source.clone())
            .route("/metrics", web::get().to(page))
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .listen(listener)
    .map_err(taken)?
    .run();
    tracing::info!(address = %format!("http://{address}/metrics"), "metrics are served");
    let (handle, token) = (server.handle(), tasks.token());
    tasks.spawn(server);
    tasks.spawn(async move {
        token.cancelled().await;
        handle.stop(false).await;
    });
    Ok(())
}

async fn page(source: Data<Source>) -> HttpResponse {
    match metrics::page(&source.app, source.heartbeat_ttl).await {
        Ok(text) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(error) => {
            tracing::error!(%error, cause = ?error, "the figures cannot be read");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}
