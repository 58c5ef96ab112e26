//! Figures for operators, in the Prometheus text format (version 0.0.4).
//!
//! Counters and histograms count what **this process** did; gauges that describe the whole system
//! are read from the store when they are asked for, so every process shows the same. Labels come
//! from closed sets (methods, route patterns, statuses): never ids, paths or names of users.

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use std::{sync::LazyLock, time::Duration};

/// The content type of [`render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Seconds; from a read in memory to a large upload.
const BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

struct Metrics {
    registry: Registry,
    requests: Option<IntCounterVec>,
    request_seconds: Option<HistogramVec>,
    in_flight: Option<IntGauge>,
    store_seconds: Option<HistogramVec>,
    claims: Option<IntCounterVec>,
    leases_lost: Option<IntCounterVec>,
    recovered: Option<IntCounterVec>,
    deliveries: Option<IntCounterVec>,
    delivery_seconds: Option<HistogramVec>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let registry = Registry::new();
    Metrics {
        requests: counter(
            &registry,
            "vega_http_requests_total",
            "Requests answered.",
            &["method", "route", "status"],
        ),
        request_seconds: histogram(
            &registry,
            "vega_http_request_seconds",
            "Time until the answer began.",
            &["method", "route"],
        ),
        in_flight: IntGauge::new("vega_http_requests_in_flight", "Requests being answered.")
            .ok()
            .filter(|it| registry.register(Box::new(it.clone())).is_ok()),
        store_seconds: histogram(
            &registry,
            "vega_store_operation_seconds",
            "Time one call of the metadata store took.",
            &["operation"],
        ),
        claims: counter(
            &registry,
            "vega_claims_total",
            "Scans and jobs taken from the queue.",
            &["kind"],
        ),
        leases_lost: counter(
            &registry,
            "vega_leases_lost_total",
            "Leases this process lost to another.",
            &["kind"],
        ),
        recovered: counter(
            &registry,
            "vega_scans_recovered_total",
            "Scans without a living owner that were dealt with.",
            &["status"],
        ),
        deliveries: counter(
            &registry,
            "vega_webhook_attempts_total",
            "Attempts to deliver to webhooks.",
            &["outcome"],
        ),
        delivery_seconds: histogram(
            &registry,
            "vega_webhook_attempt_seconds",
            "Time an attempt to deliver to a webhook took.",
            &["outcome"],
        ),
        registry,
    }
});

// A metric that cannot be made is a slip in this file, which a test finds; it must not stop a scan.
fn counter(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Option<IntCounterVec> {
    let made = IntCounterVec::new(Opts::new(name, help), labels).ok()?;
    registry.register(Box::new(made.clone())).ok()?;
    Some(made)
}

fn histogram(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Option<HistogramVec> {
    let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
    let made = HistogramVec::new(options, labels).ok()?;
    registry.register(Box::new(made.clone())).ok()?;
    Some(made)
}

fn count(counter: Option<&IntCounterVec>, labels: &[&str]) {
    if let Some(found) = counter.and_then(|it| it.get_metric_with_label_values(labels).ok()) {
        found.inc();
    }
}

fn measure(histogram: Option<&HistogramVec>, labels: &[&str], took: Duration) {
    if let Some(found) = histogram.and_then(|it| it.get_metric_with_label_values(labels).ok()) {
        found.observe(took.as_secs_f64());
    }
}

/// A request that is being answered, as long as this lives.
#[derive(Debug)]
pub struct InFlight(());

impl InFlight {
    /// A request has come.
    #[must_use]
    pub fn begin() -> Self {
        if let Some(gauge) = &METRICS.in_flight {
            gauge.inc();
        }
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(gauge) = &METRICS.in_flight {
            gauge.dec();
        }
    }
}

/// A request was answered. `route` is a pattern, never a path.
pub fn request_answered(method: &str, route: &str, status: u16, took: Duration) {
    let status = status.to_string();
    count(METRICS.requests.as_ref(), &[method, route, &status]);
    measure(METRICS.request_seconds.as_ref(), &[method, route], took);
}

/// The metadata store answered.
pub fn store_answered(operation: &str, took: Duration) {
    measure(METRICS.store_seconds.as_ref(), &[operation], took);
}

/// Something was taken from the queue.
pub fn claimed(kind: &str) {
    count(METRICS.claims.as_ref(), &[kind]);
}

/// A lease went to another process.
pub fn lease_lost(kind: &str) {
    count(METRICS.leases_lost.as_ref(), &[kind]);
}

/// A scan without a living owner was dealt with and now has this status.
pub fn scan_recovered(status: &str) {
    count(METRICS.recovered.as_ref(), &[status]);
}

/// An attempt to deliver to a webhook ended. `outcome` is a word of a closed set.
pub fn delivery_attempted(outcome: &str, took: Duration) {
    count(METRICS.deliveries.as_ref(), &[outcome]);
    measure(METRICS.delivery_seconds.as_ref(), &[outcome], took);
}

/// A figure of the whole system, read from the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// Name, with unit.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// Labels with their values.
    pub labels: Vec<(&'static str, String)>,
    /// The figure.
    pub value: f64,
}

/// Everything as text: `gauges` and what this process counted. Gauges of one name stand together.
pub fn render(gauges: &[Gauge]) -> String {
    let mut text = Vec::new();
    if let Err(error) = TextEncoder::new().encode(&METRICS.registry.gather(), &mut text) {
        tracing::warn!(%error, "metrics cannot be written");
    }
    let mut text = String::from_utf8_lossy(&text).into_owned();
    let mut name = "";
    for gauge in gauges {
        if gauge.name != name {
            name = gauge.name;
            let help = gauge.help;
            text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        }
        let labels: Vec<_> = gauge
            .labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{value}\""))
            .collect();
        let labels = match labels.as_slice() {
            [] => String::new(),
            labels => format!("{{{}}}", labels.join(",")),
        };
        text.push_str(&format!("{name}{labels} {}\n", gauge.value));
    }
    text
}

#[cfg(test)]
mod tests;
