//! Every failure leaves as the envelope, whatever raised it.

use crate::support::TestApp;
use actix_web::{HttpResponse, web};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn unknown_routes_and_methods_are_told_apart() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    client.get("/v1/nothing").await.expect_error("not_found");
    client
        .get("/nothing/at/all")
        .await
        .expect_error("not_found");
    let answer = client.delete("/v1/projects").await;
    assert_eq!(answer.header("allow"), "GET, POST");
    answer.expect_error("method_not_allowed");
    client
        .post("/v1/healthz", json!({}))
        .await
        .expect_error("method_not_allowed");
}

#[tokio::test]
async fn broken_bodies_are_refused_with_the_right_code() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let send = |content_type: &'static str, body: Vec<u8>| {
        let request = client
            .request(Method::POST, "/v1/projects")
            .header("content-type", content_type)
            .body(body);
        client.send(request)
    };
    send("application/json", b"{\"name\":".to_vec())
        .await
        .expect_error("invalid_request");
    send("application/json", b"{\"name\":\"a\"} x".to_vec())
        .await
        .expect_error("invalid_request");
    send("application/json", Vec::new())
        .await
        .expect_error("invalid_request");
    send("application/json", vec![0xff, 0xfe])
        .await
        .expect_error("invalid_request");
    send("text/plain", b"{}".to_vec())
        .await
        .expect_error("unsupported_media_type");
    let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(2_000_000));
    send("application/json", huge.into_bytes())
        .await
        .expect_error("payload_too_large");
    let error = send("application/json", b"{}".to_vec())
        .await
        .expect_error("validation_error");
    assert!(
        error["details"]["fields"][0]["message"]
            .as_str()
            .unwrap()
            .contains("name")
    );
    let error = send("application/json", b"{\"name\":7}".to_vec()).await;
    let error = error.expect_error("validation_error");
    assert_eq!(error["details"]["fields"][0]["path"], "name");
    let unknown = json!({"name": "a", "nmae": "b"});
    let error = client
        .post("/v1/projects", unknown)
        .await
        .expect_error("validation_error");
    assert!(error["message"].as_str().unwrap().contains("nmae"));
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    send("application/json", deep.into_bytes())
        .await
        .expect_error("validation_error");
    send("application/json", b"[\"a\"]".to_vec())
        .await
        .expect_error("validation_error");
}

#[tokio::test]
async fn unknown_and_malformed_query_parameters_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    for query in [
        "limti=3",
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=-1",
        "cursor=%%%",
        "cursor=_",
        "limit=1&limit=2",
    ] {
        let path = format!("/v1/projects?{query}");
        client.get(&path).await.expect_error("validation_error");
    }
    let long = format!("/v1/projects?cursor={}", "a".repeat(9_000));
    client.get(&long).await.expect_error("validation_error");
}

#[tokio::test]
async fn a_panic_is_answered_and_the_server_lives_on() {
    async fn panics() -> HttpResponse {
        panic!("a secret detail")
    }
    let app = TestApp::with_routes(&[], |config| {
        config.route("/panics", web::get().to(panics));
    })
    .await;
    let client = app.anonymous();
    let answer = client.get("/panics").await;
    let id = answer.header("x-request-id").to_owned();
    let error = answer.expect_error("internal_error");
    assert_eq!(error["details"]["request_id"], id.as_str());
    assert!(!error.to_string().contains("secret"));
    client.get("/v1/healthz").await.expect_status(200);
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_a_strange_one_replaced() {
    let app = TestApp::start().await;
    let client = app.anonymous();
    let ask = |id: &'static str| {
        client.send(
            client
                .request(Method::GET, "/v1/healthz")
                .header("x-request-id", id),
        )
    };
    assert_eq!(
        ask("my-request-1").await.header("x-request-id"),
        "my-request-1"
    );
    assert_ne!(ask("x\"}{").await.header("x-request-id"), "x\"}{");
    let given = client.get("/v1/healthz").await;
    assert!(given.header("x-request-id").starts_with("req_"));
}

#[tokio::test]
async fn paths_answer_with_and_without_a_trailing_slash() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    for path in [
        "/v1/healthz/",
        "/healthz",
        "/v1/readyz",
        "/readyz/",
        "/v1/projects/",
        "/v1/config",
    ] {
        client.get(path).await.expect_status(200);
    }
}

#[tokio::test]
async fn a_post_that_sends_nothing_counts_as_an_empty_object() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (project, repository) = client.repository_with(&[("a.py", "x = 1\n")]).await;
    let bare = |method: Method, path: &str| client.send(client.request(method, path));
    let path = format!("/v1/repositories/{repository}/scans");
    for (path, status) in [
        (path.as_str(), 201),
        (&format!("{path}/estimate"), 200),
        ("/v1/sessions", 201),
        ("/v1/ops/cleanup", 200),
        ("/v1/ops/recover", 200),
    ] {
        bare(Method::POST, path).await.expect_status(status);
    }
    // What is needed is named.
    let error = bare(Method::POST, "/v1/projects").await;
    let error = error.expect_error("validation_error");
    assert!(
        error["message"].as_str().unwrap().contains("name"),
        "{error}"
    );
    // A body has to say what it is, and a change has to say something.
    let untyped = client.request(Method::POST, "/v1/projects");
    let untyped = untyped.body(b"{\"name\":\"a\"}".to_vec());
    let refused = client.send(untyped).await;
    refused.expect_error("unsupported_media_type");
    let project = format!("/v1/projects/{project}");
    for method in [Method::PUT, Method::PATCH] {
        let refused = bare(method, &project).await;
        refused.expect_error("unsupported_media_type");
    }
    let document = client.get("/openapi.json").await.json();
    let body = |path: &str| document["paths"][path]["post"]["requestBody"].clone();
    assert!(body("/v1/repositories/{id}/scans")["required"].is_null());
    assert_eq!(body("/v1/projects")["required"], true);
}
