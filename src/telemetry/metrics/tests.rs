use super::*;

#[test]
fn every_metric_can_be_made_and_is_shown() {
    drop(InFlight::begin());
    request_answered("GET", "/v1/projects", 200, Duration::from_millis(3));
    store_answered("read", Duration::from_millis(1));
    claimed("scan");
    lease_lost("job");
    scan_recovered("queued");
    let gauge = |status: &str, value| Gauge {
        name: "vega_scans",
        help: "Scans by status.",
        labels: vec![("status", status.to_owned())],
        value,
    };
    let text = render(&[gauge("queued", 2.0), gauge("failed", 0.0)]);
    for line in [
        "vega_http_requests_total{method=\"GET\",route=\"/v1/projects\",status=\"200\"} 1\n",
        "vega_http_request_seconds_count{method=\"GET\",route=\"/v1/projects\"} 1\n",
        "vega_http_requests_in_flight 0\n",
        "vega_store_operation_seconds_bucket{operation=\"read\",le=\"0.001\"} 1\n",
        "vega_claims_total{kind=\"scan\"} 1\n",
        "vega_leases_lost_total{kind=\"job\"} 1\n",
        "vega_scans_recovered_total{status=\"queued\"} 1\n",
        "# TYPE vega_scans gauge\nvega_scans{status=\"queued\"} 2\nvega_scans{status=\"failed\"} 0\n",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}
