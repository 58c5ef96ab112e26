//! Sign-in, refresh, logout, API keys.

use crate::support::TestApp;
use serde_json::{Value, json};

async fn login(app: &TestApp) -> Value {
    let body = json!({"email": "Debug@Example.com ", "password": "vega-debug-password"});
    app.anonymous()
        .post("/v1/auth/login", body)
        .await
        .expect_status(200)
        .json()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_debug_user_signs_in_and_wrong_credentials_do_not() {
    let app = TestApp::start().await;
    let tokens = login(&app).await;
    assert_eq!(tokens["token_type"], "bearer");
    assert_eq!(tokens["expires_in"], 3600);
    let me = app
        .anonymous()
        .with_bearer(text(&tokens, "access_token"))
        .get("/v1/auth/me")
        .await;
    assert_eq!(me.expect_status(200).json()["email"], "debug@example.com");
    for body in [
        json!({"email": "debug@example.com", "password": "wrong"}),
        json!({"email": "nobody@example.com", "password": "vega-debug-password"}),
        json!({"email": "", "password": ""}),
    ] {
        app.anonymous()
            .post("/v1/auth/login", body)
            .await
            .expect_error("invalid_token");
    }
}

#[tokio::test]
async fn forged_and_malformed_credentials_are_refused() {
    let app = TestApp::start().await;
    let token = text(&login(&app).await, "access_token");
    let (body, signature) = token.rsplit_once('.').unwrap();
    let flipped: String = signature.chars().rev().collect();
    for bearer in [
        String::new(),
        "nonsense".into(),
        "vega_nonsense".into(),
        format!("{body}."),
        format!("{body}.{flipped}"),
        format!("{token}x"),
    ] {
        let client = app.anonymous().with_bearer(bearer);
        client
            .get("/v1/projects")
            .await
            .expect_error("invalid_token");
    }
    app.anonymous()
        .get("/v1/projects")
        .await
        .expect_error("invalid_token");
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let app = TestApp::start().await;
    let first = login(&app).await;
    let refresh = |token: String| {
        let client = app.anonymous();
        async move {
            client
                .post("/v1/auth/refresh", json!({"refresh_token": token}))
                .await
        }
    };
    let second = refresh(text(&first, "refresh_token"))
        .await
        .expect_status(200)
        .json();
    let client = app.anonymous().with_bearer(text(&second, "access_token"));
    client.get("/v1/auth/me").await.expect_status(200);

    refresh(text(&first, "refresh_token"))
        .await
        .expect_error("invalid_token");
    client
        .get("/v1/auth/me")
        .await
        .expect_error("invalid_token");
    refresh(text(&second, "refresh_token"))
        .await
        .expect_error("invalid_token");
    refresh("nonsense".into())
        .await
        .expect_error("invalid_token");
}

#[tokio::test]
async fn logout_ends_the_session_at_once() {
    let app = TestApp::start().await;
    let tokens = login(&app).await;
    let client = app.anonymous().with_bearer(text(&tokens, "access_token"));
    client
        .post("/v1/auth/logout", json!(null))
        .await
        .expect_status(204);
    client
        .get("/v1/auth/me")
        .await
        .expect_error("invalid_token");
    let body = json!({"refresh_token": text(&tokens, "refresh_token")});
    app.anonymous()
        .post("/v1/auth/refresh", body)
        .await
        .expect_error("invalid_token");
    // Another sign-in of the same user is not touched.
    app.debug()
        .await
        .get("/v1/auth/me")
        .await
        .expect_status(200);
}

#[tokio::test]
async fn api_keys_work_within_their_scopes_until_revoked() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let wish = json!({"name": "ci", "scopes": ["read"]});
    let created = client.post("/v1/api-keys", wish).await.expect_status(201);
    let (id, secret) = (created.text_at("id"), created.text_at("secret"));
    assert!(secret.starts_with("vega_"));

    let key = app.anonymous().with_bearer(&secret);
    key.get("/v1/projects").await.expect_status(200);
    key.post("/v1/projects", json!({"name": "x"}))
        .await
        .expect_error("insufficient_scope");

    let listed = client.get("/v1/api-keys").await.expect_status(200).items();
    assert_eq!(listed.len(), 1);
    assert!(
        !listed[0].to_string().contains(&secret),
        "the secret is shown once"
    );
    assert!(listed[0]["last_used_at"].is_string());

    client
        .delete(&format!("/v1/api-keys/{id}"))
        .await
        .expect_status(204);
    key.get("/v1/projects").await.expect_error("invalid_token");
    client
        .delete(&format!("/v1/api-keys/{id}"))
        .await
        .expect_error("not_found");
    assert!(client.get("/v1/api-keys").await.items().is_empty());
}

#[tokio::test]
async fn a_key_never_gets_more_than_its_maker_has() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let make = |client: crate::support::Client, scopes: Value| async move {
        client
            .post("/v1/api-keys", json!({"name": "k", "scopes": scopes}))
            .await
    };
    let writer = make(client.clone(), json!(["write"]))
        .await
        .expect_status(201);
    let writer = app.anonymous().with_bearer(writer.text_at("secret"));
    make(writer, json!(["read", "write"]))
        .await
        .expect_error("insufficient_scope");
    make(client.clone(), json!(["admin"]))
        .await
        .expect_error("validation_error");
    make(client.clone(), json!([]))
        .await
        .expect_error("validation_error");
    let user = app.other_user("plain@example.com").await;
    make(user, json!(["ops"]))
        .await
        .expect_error("insufficient_scope");
    let past = json!({"name": "k", "expires_at": "2020-01-01T00:00:00Z"});
    client
        .post("/v1/api-keys", past)
        .await
        .expect_error("validation_error");
    let broken = json!({"name": "k", "expires_at": "tomorrow"});
    client
        .post("/v1/api-keys", broken)
        .await
        .expect_error("validation_error");
}

#[tokio::test]
async fn a_guessed_refresh_token_does_not_end_the_session_it_names() {
    let app = TestApp::start().await;
    let tokens = login(&app).await;
    let refresh_token = text(&tokens, "refresh_token");
    let (session, _) = refresh_token.split_once('.').unwrap();
    let guess = json!({"refresh_token": format!("{session}.guess")});
    let answer = app.anonymous().post("/v1/auth/refresh", guess).await;
    answer.expect_error("invalid_token");
    let client = app.anonymous().with_bearer(text(&tokens, "access_token"));
    client.get("/v1/auth/me").await.expect_status(200);
}

#[tokio::test]
async fn an_own_password_replaces_the_well_known_one() {
    let app = TestApp::start().await;
    app.debug().await;
    app.change_password("debug@example.com", "a password of my own")
        .await;
    let well_known = json!({"email": "debug@example.com", "password": "vega-debug-password"});
    let answer = app.anonymous().post("/v1/auth/login", well_known).await;
    answer.expect_error("invalid_token");
    app.signed_in("debug@example.com", "a password of my own")
        .await;
}

#[tokio::test]
async fn an_api_key_has_no_session_to_end() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let key = client.post("/v1/api-keys", json!({"name": "k"})).await;
    let key = app.anonymous().with_bearer(key.text_at("secret"));
    key.post("/v1/auth/logout", json!(null))
        .await
        .expect_error("conflict");
}
