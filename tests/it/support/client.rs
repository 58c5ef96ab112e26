//! A small HTTP client that fails loudly and says what it got.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Talks to one server, perhaps with a credential.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    bearer: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
    asked: String,
}

impl Client {
    pub fn new(address: &str) -> Self {
        // Whoever installs it first in this process wins; they are all the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            address: address.to_owned(),
            bearer: None,
        }
    }

    pub fn with_bearer(&self, bearer: impl Into<String>) -> Self {
        Self {
            bearer: Some(bearer.into()),
            ..self.clone()
        }
    }

    /// A request to `path`, with the credential.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.address));
        match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.expect("the server answers")
    }

    /// `None` when the connection broke off, as it does when the server is killed.
    pub async fn try_send(&self, request: RequestBuilder) -> Option<Answer> {
        let request = request.build().unwrap();
        let asked = format!("{} {}", request.method(), request.url());
        let response = self.http.execute(request).await.ok()?;
        Some(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.ok()?.to_vec(),
            asked,
        })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `None` while nobody listens.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        self.try_send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body))
            .await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Uploads an archive as bare bytes.
    pub async fn upload(&self, repository: &str, archive: Vec<u8>) -> Answer {
        let request = self
            .request(
                Method::POST,
                &format!("/v1/repositories/{repository}/archive"),
            )
            .header("content-type", "application/octet-stream")
            .body(archive);
        self.send(request).await
    }
}

impl Answer {
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}: {}",
            self.asked,
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// Checks that this is the error envelope with `code` and the status that belongs to it.
    #[track_caller]
    pub fn expect_error(self, code: &str) -> Value {
        let body = self.json();
        let asked = &self.asked;
        let known = vega::error::ErrorCode::parse(code).expect("a code of the catalogue");
        assert_eq!(body["error"]["code"], code, "{asked}: {body}");
        assert_eq!(self.status, known.status(), "{asked}: {body}");
        assert_eq!(body["schema_version"], 1, "{asked}: {body}");
        assert_eq!(
            body["error"]["retryable"],
            known.retryable(),
            "{asked}: {body}"
        );
        assert!(body["error"]["details"].is_object(), "{asked}: {body}");
        assert!(
            self.headers.contains_key("x-request-id"),
            "{asked}: no request id"
        );
        body["error"].clone()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            let text = String::from_utf8_lossy(&self.body);
            panic!(
                "{}: status {}, not JSON ({error}): {text}",
                self.asked, self.status
            )
        })
    }

    #[track_caller]
    pub fn text_at(&self, key: &str) -> String {
        let body = self.json();
        body[key]
            .as_str()
            .unwrap_or_else(|| panic!("{}: no {key} in {body}", self.asked))
            .to_owned()
    }

    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        self.json()
            .as_array()
            .cloned()
            .unwrap_or_else(|| panic!("{}: not a list", self.asked))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}
