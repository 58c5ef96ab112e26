//! What every route has in common: limits, headers, refusals that no handler can forget.

use crate::support::{Client, TestApp};
use reqwest::Method;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

#[tokio::test]
async fn no_route_takes_an_unknown_query_parameter() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let document = client.get("/openapi.json").await.json();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path
            .replace("{id}", "prj_01m7xzhczpe8mr4s5tgn8e6hve")
            .replace("{key}", "a/b");
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let request = client.request(method.clone(), &format!("{path}?surprise=1"));
            let error = client.send(request).await.expect_error("validation_error");
            let text = error["message"].as_str().unwrap();
            assert!(text.contains("surprise"), "{method} {path}: {text}");
            asked += 1;
        }
    }
    assert!(asked > 40, "{asked}");
    for path in ["/healthz", "/readyz/", "/openapi.json", "/metrics", "/docs"] {
        client
            .get(&format!("{path}?surprise=1"))
            .await
            .expect_error("validation_error");
    }
}

#[tokio::test]
async fn one_credential_is_limited_and_others_go_on() {
    let app = TestApp::with(&[("VEGA_RATE_LIMIT_PER_MINUTE", "5")]).await;
    let (first, second) = (app.debug().await, app.debug().await);
    for _ in 0..5 {
        first.get("/v1/auth/me").await.expect_status(200);
    }
    let answer = first.get("/v1/projects").await;
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    answer.expect_error("rate_limited");
    second.get("/v1/auth/me").await.expect_status(200);
    app.anonymous().get("/v1/healthz").await.expect_status(200);
}

async fn sign_in(client: &Client, email: &str, password: &str) -> crate::support::Answer {
    let body = json!({"email": email, "password": password});
    client.post("/v1/auth/login", body).await
}

#[tokio::test]
async fn guessing_one_accounts_password_is_stopped() {
    let app = TestApp::with(&[("VEGA_LOGIN_FAILURES_PER_ACCOUNT", "3")]).await;
    let client = app.anonymous();
    for account in ["debug@example.com", "nobody@example.com"] {
        for _ in 0..3 {
            sign_in(&client, account, "a guess")
                .await
                .expect_error("invalid_token");
        }
        // Also with the right password: the guesser must not learn that it is.
        let answer = sign_in(&client, account, "vega-debug-password").await;
        assert!(!answer.header("retry-after").is_empty());
        answer.expect_error("rate_limited");
    }
    sign_in(&client, "else@example.com", "a guess")
        .await
        .expect_error("invalid_token");
}

#[tokio::test]
async fn a_success_clears_the_account_but_not_the_address() {
    let app = TestApp::with(&[
        ("VEGA_LOGIN_FAILURES_PER_ACCOUNT", "2"),
        ("VEGA_LOGIN_FAILURES_PER_ADDRESS", "3"),
    ])
    .await;
    let client = app.anonymous();
    let (debug, right) = ("debug@example.com", "vega-debug-password");
    for _ in 0..3 {
        sign_in(&client, debug, "a guess")
            .await
            .expect_error("invalid_token");
        if sign_in(&client, debug, right).await.status != 200 {
            break;
        }
    }
    // The third failure used up the address, whoever it is for.
    sign_in(&client, debug, right)
        .await
        .expect_error("rate_limited");
    sign_in(&client, "else@example.com", "x")
        .await
        .expect_error("rate_limited");
}

#[tokio::test]
async fn addresses_are_taken_from_trusted_proxies_only() {
    async fn guesses(app: &TestApp) -> Vec<u16> {
        let client = app.anonymous();
        let mut statuses = Vec::new();
        for guess in 0..3 {
            let request = client
                .request(Method::POST, "/v1/auth/login")
                .header("x-forwarded-for", format!("192.0.2.{guess}"))
                .json(&json!({"email": format!("{guess}@example.com"), "password": "x"}));
            statuses.push(client.send(request).await.status);
        }
        statuses
    }
    let one = ("VEGA_LOGIN_FAILURES_PER_ADDRESS", "1");
    let app = TestApp::with(&[one]).await;
    assert_eq!(guesses(&app).await, [401, 429, 429]);
    let app = TestApp::with(&[one, ("VEGA_TRUSTED_PROXIES", "1")]).await;
    assert_eq!(guesses(&app).await, [401, 401, 401]);
}

#[tokio::test]
async fn pages_of_permitted_origins_may_read_answers_and_others_not() {
    let app = TestApp::with(&[("VEGA_CORS_ORIGINS", "https://app.example.com")]).await;
    let client = app.anonymous();
    let ask = |method: Method, path: &'static str, origin: &'static str| {
        let request = client
            .request(method, path)
            .header("origin", origin)
            .header("access-control-request-method", "POST");
        client.send(request)
    };
    let (ours, theirs) = ("https://app.example.com", "https://evil.example.com");
    let allowed = "access-control-allow-origin";
    let answer = ask(Method::OPTIONS, "/v1/projects", ours).await;
    let answer = answer.expect_status(204);
    assert_eq!(answer.header(allowed), ours);
    assert_eq!(answer.header("access-control-allow-methods"), "GET, POST");
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("Authorization")
    );
    assert!(!answer.header("x-request-id").is_empty());
    // Failures too: a page must be able to read why.
    let answer = ask(Method::GET, "/v1/projects", ours).await;
    assert_eq!(answer.header(allowed), ours);
    assert!(answer.header("vary").contains("Origin"));
    answer.expect_error("invalid_token");
    let answer = ask(Method::GET, "/v1/healthz?x=1", ours).await;
    assert_eq!(answer.header(allowed), ours);
    for method in [Method::GET, Method::OPTIONS] {
        let answer = ask(method, "/v1/projects", theirs).await;
        assert_eq!(answer.header(allowed), "");
    }
    let app = TestApp::start().await;
    let client = app.anonymous();
    let request = client
        .request(Method::GET, "/v1/healthz")
        .header("origin", ours);
    assert_eq!(client.send(request).await.header(allowed), "");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let app = TestApp::with(&[("VEGA_BODY_STALL_SECONDS", "1")]).await;
    let address = app.address.strip_prefix("http://").unwrap().to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        let patience = Some(Duration::from_secs(20));
        connection.set_read_timeout(patience).unwrap();
        connection
            .write_all(
                b"POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                  content-length: 100\r\n\r\n{\"email\":",
            )
            .unwrap();
        let mut answer = String::new();
        // To the end: the connection is closed, not kept for the rest of the body.
        connection.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("nothing came for 1 s"), "{answer}");
}

#[tokio::test]
async fn roots_know_their_methods_and_the_documentation_its_files() {
    let app = TestApp::start().await;
    let client = app.anonymous();
    for path in [
        "/healthz",
        "/readyz",
        "/openapi.json",
        "/metrics",
        "/docs",
        "/",
    ] {
        let answer = client.post(path, json!({})).await;
        assert_eq!(answer.header("allow"), "GET", "{path}");
        answer.expect_error("method_not_allowed");
    }
    client.get("/docs/x").await.expect_error("not_found");
    client
        .get("/docs/../Cargo.toml")
        .await
        .expect_error("not_found");
    let page = client.get("/docs/index.html").await.expect_status(200);
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(page.header("content-type"), "text/html");
    let script = client.get("/docs/swagger-initializer.js").await;
    assert!(
        String::from_utf8(script.body)
            .unwrap()
            .contains("/openapi.json")
    );
    let app = TestApp::with(&[("VEGA_ENVIRONMENT", "staging")]).await;
    app.anonymous().get("/docs").await.expect_status(200);
}

#[tokio::test]
async fn every_answer_forbids_guessing_its_type() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    for path in [
        "/v1/healthz",
        "/v1/projects",
        "/v1/nothing",
        "/v1/projects?surprise=1",
        "/docs/x",
        "/docs/index.html",
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[tokio::test]
async fn metrics_are_for_operators_on_the_main_port() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    client.get("/v1/auth/me").await.expect_status(200);
    let page = client.get("/metrics").await.expect_status(200);
    assert!(page.header("content-type").starts_with("text/plain"));
    let text = String::from_utf8(page.body).unwrap();
    for line in [
        "vega_http_requests_total{method=\"GET\",route=\"/v1/auth/me\",status=\"200\"}",
        "vega_store_operation_seconds_count{operation=\"commit\"}",
        "vega_scan_queue_depth 0\n",
        "vega_scan_queue_age_seconds 0\n",
        "vega_jobs{kind=\"ingest\",status=\"queued\"} 0\n",
        "vega_findings_open{severity=\"critical\"} 0\n",
        "vega_workers_alive ",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    app.anonymous()
        .get("/metrics")
        .await
        .expect_error("invalid_token");
    let other = app.other_user("other@example.com").await;
    other.get("/metrics").await.expect_error("forbidden");
}

#[tokio::test]
async fn metrics_need_no_credential_on_a_port_of_their_own() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let app = TestApp::with(&[("VEGA_METRICS_PORT", &port.to_string())]).await;
    app.anonymous().get("/v1/healthz").await.expect_status(200);
    let client = Client::new(&format!("http://127.0.0.1:{port}"));
    let text = client.get("/metrics").await.expect_status(200).body;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("vega_http_requests_total"), "{text}");
    assert_eq!(client.get("/v1/healthz").await.status, 404);
}

#[tokio::test]
async fn api_keys_come_in_parts() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    for name in ["a", "b", "c"] {
        let wish = json!({"name": name});
        client.post("/v1/api-keys", wish).await.expect_status(201);
    }
    let page = client.get("/v1/api-keys?limit=2").await.expect_status(200);
    assert_eq!(page.header("x-total-count"), "3");
    let link = page.header("link").to_owned();
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    let names = |page: &crate::support::Answer| {
        let items = page.items();
        items
            .iter()
            .map(|key| key["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&page), ["c", "b"]);
    let page = client.get(next).await.expect_status(200);
    assert_eq!(names(&page), ["a"]);
    assert_eq!(page.header("link"), "");
    client
        .get("/v1/api-keys?limit=0")
        .await
        .expect_error("validation_error");
}
