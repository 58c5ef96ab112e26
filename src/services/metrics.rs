//! The figures of the whole system, as metrics.

use crate::{
    context::AppContext,
    domain::{
        job::{JobKind, JobStatus},
        scan::ScanStatus,
    },
    error::Result,
    store::StoreFigures,
    telemetry::metrics::{self, Gauge},
};
use std::time::Duration;

/// The whole page.
pub async fn page(app: &AppContext, heartbeat_ttl: Duration) -> Result<String> {
    let figures = app.store.figures().await?;
    let workers = app.store.workers(heartbeat_ttl).await?;
    let alive = workers.iter().filter(|(_, alive)| *alive).count();
    let mut gauges = of_scans(&figures);
    gauges.extend(of_jobs(&figures));
    gauges.extend(of_findings(&figures));
    gauges.push(plain(
        "vega_webhook_deliveries_waiting",
        "Deliveries to webhooks that wait for an attempt.",
        figures.waiting_deliveries as f64,
    ));
    gauges.push(plain(
        "vega_workers_alive",
        "Workers heard of lately.",
        alive as f64,
    ));
    Ok(metrics::render(&gauges))
}

fn plain(name: &'static str, help: &'static str, value: f64) -> Gauge {
    Gauge {
        name,
        help,
        labels: Vec::new(),
        value,
    }
}

fn of_scans(figures: &StoreFigures) -> Vec<Gauge> {
    let count = |status| figures.scans.get(&status).copied().unwrap_or_default() as f64;
    let waits = figures.oldest_queued_scan.unwrap_or_default().as_secs_f64();
    let by_status = ScanStatus::ALL.iter().map(|status| Gauge {
        labels: vec![("status", status.to_string())],
        ..plain("vega_scans", "Scans by status.", count(*status))
    });
    let depth = plain(
        "vega_scan_queue_depth",
        "Scans that wait for a worker.",
        count(ScanStatus::Queued),
    );
    let age = plain(
        "vega_scan_queue_age_seconds",
        "How long the oldest queued scan has been waiting.",
        waits,
    );
    by_status.chain([depth, age]).collect()
}

fn of_jobs(figures: &StoreFigures) -> Vec<Gauge> {
    let count = |kind, status| {
        let found = figures.jobs.get(&(kind, status));
        found.copied().unwrap_or_default() as f64
    };
    let waits = figures.oldest_queued_job.unwrap_or_default().as_secs_f64();
    let both = JobKind::ALL
        .iter()
        .flat_map(|kind| JobStatus::ALL.iter().map(move |status| (*kind, *status)));
    let by_both = both.map(|(kind, status)| Gauge {
        labels: vec![("kind", kind.to_string()), ("status", status.to_string())],
        ..plain("vega_jobs", "Jobs by kind and status.", count(kind, status))
    });
    let age = plain(
        "vega_job_queue_age_seconds",
        "How long the oldest queued job has been waiting.",
        waits,
    );
    by_both.chain([age]).collect()
}

fn of_findings(figures: &StoreFigures) -> Vec<Gauge> {
    let counts = figures.open_findings;
    let by_severity = [
        ("critical", counts.critical),
        ("high", counts.high),
        ("medium", counts.medium),
        ("low", counts.low),
        ("info", counts.info),
    ];
    by_severity
        .into_iter()
        .map(|(severity, count)| Gauge {
            labels: vec![("severity", severity.to_owned())],
            ..plain(
                "vega_findings_open",
                "Open findings by severity.",
                count as f64,
            )
        })
        .collect()
}
