//! A whole `vega serve` in the test's own process, on a free port and a folder of its own.

mod archives;
mod client;
mod git;
mod receiver;

pub use archives::{tar_gz, zip};
pub use client::{Answer, Client};
pub use git::{Checkout, Remote, working_files};
pub use receiver::{Received, Receiver, Reply};

use serde_json::{Value, json};
use std::{net::TcpListener, sync::Arc, time::Duration};
use tempfile::TempDir;
use vega::{
    domain::{retention::RunMode, user::Group},
    roles::serve,
    services::users::{self, NewUser},
    settings::{Env, ServeSettings},
    shutdown::Tasks,
};

/// The longest any test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Dropping it stops everything it started.
pub struct TestApp {
    pub address: String,
    pub data: Arc<TempDir>,
    tasks: Tasks,
}

impl TestApp {
    /// Starts a server with the defaults of a laptop.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts a server with some settings changed.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::with_routes(settings, |_| {}).await
    }

    /// Starts a server with routes beside the API.
    pub async fn with_routes(
        settings: &[(&str, &str)],
        extra: fn(&mut actix_web::web::ServiceConfig),
    ) -> Self {
        Self::over(Arc::new(tempfile::tempdir().unwrap()), settings, extra).await
    }

    /// Stops the server and waits until nobody answers any more.
    pub async fn stop(self) {
        self.tasks.cancel();
        let anyone = self.anonymous();
        wait_for("the end of the server", async || {
            anyone.try_get("/v1/healthz").await.is_none().then_some(())
        })
        .await;
    }

    /// Starts a server over data that another one left.
    pub async fn again(data: Arc<TempDir>, settings: &[(&str, &str)]) -> Self {
        Self::over(data, settings, |_| {}).await
    }

    /// Starts another server over the same data, as a second process would.
    pub async fn beside(&self, settings: &[(&str, &str)]) -> Self {
        Self::over(Arc::clone(&self.data), settings, |_| {}).await
    }

    async fn over(
        data: Arc<TempDir>,
        settings: &[(&str, &str)],
        extra: fn(&mut actix_web::web::ServiceConfig),
    ) -> Self {
        let folder = data.path().join("data").to_string_lossy().into_owned();
        let mut env = Env::from_pairs(settings.iter().copied());
        env.set("VEGA_DATA_DIR", folder);
        env.set(
            "PATH",
            std::env::var_os("PATH")
                .unwrap_or_default()
                .to_string_lossy(),
        );
        let mut settings = ServeSettings::load(&env).unwrap();
        settings.runner.program = Some(env!("CARGO_BIN_EXE_vega").into());
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let tasks = Tasks::new();
        let server = serve::serve(settings, listener, tasks.clone(), extra);
        // The server runs on a thread and a runtime of its own, so that it outlives no test.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(server).unwrap();
        });
        let app = Self {
            address,
            data,
            tasks,
        };
        let anyone = app.anonymous();
        wait_for("the server", async || {
            let answer = anyone.try_get("/v1/healthz").await?;
            (answer.status == 200).then_some(())
        })
        .await;
        app
    }

    /// A client without credentials.
    pub fn anonymous(&self) -> Client {
        Client::new(&self.address)
    }

    /// The debug user, signed in.
    pub async fn debug(&self) -> Client {
        self.signed_in("debug@example.com", "vega-debug-password")
            .await
    }

    /// A client signed in with these credentials.
    pub async fn signed_in(&self, email: &str, password: &str) -> Client {
        let answer = self
            .anonymous()
            .post(
                "/v1/auth/login",
                json!({"email": email, "password": password}),
            )
            .await
            .expect_status(200);
        self.anonymous().with_bearer(answer.text_at("access_token"))
    }

    /// Sets a user's password, as an administrator would.
    pub async fn change_password(&self, email: &str, password: &str) {
        let hash = vega::services::users::hash_password(password.into())
            .await
            .unwrap();
        let change = vega::store::UserChange::Password(hash);
        let app = self.as_administrator().await;
        vega::services::users::change(&app, email, change, RunMode::Apply)
            .await
            .unwrap();
    }

    /// The server's data, opened by another process's means.
    pub async fn as_administrator(&self) -> vega::context::AppContext {
        let folder = self.data.path().join("data");
        let env = Env::from_pairs([("VEGA_DATA_DIR", folder.to_string_lossy().into_owned())]);
        let storage = vega::settings::MaintenanceSettings::load(&env)
            .unwrap()
            .storage;
        vega::context::build::app(&storage, Tasks::new())
            .await
            .unwrap()
    }

    /// A second user, added as an administrator would, signed in.
    pub async fn other_user(&self, email: &str) -> Client {
        let app = self.as_administrator().await;
        let password = "a password for tests";
        let wish = NewUser {
            email: email.into(),
            display_name: None,
            groups: vec![Group::User],
            password: password.into(),
        };
        users::add(&app, wish, RunMode::Apply).await.unwrap();
        self.signed_in(email, password).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.tasks.cancel();
    }
}

/// Waits until `ready` gives something; fails after [`PATIENCE`].
pub async fn wait_for<T>(what: &str, mut ready: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(value) = ready().await {
            return value;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{what} did not come"
        );
        // The pause of a poll with a deadline, not a guess at how long something takes.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Client {
    /// A project with an archive repository whose source is `files`, ingested.
    pub async fn repository_with(&self, files: &[(&str, &str)]) -> (String, String) {
        let project = self
            .post("/v1/projects", json!({"name": "Tests"}))
            .await
            .expect_status(201);
        let project = project.text_at("id");
        let repository = self
            .post(
                &format!("/v1/projects/{project}/repositories"),
                json!({"name": "source", "source_type": "archive"}),
            )
            .await
            .expect_status(201)
            .text_at("id");
        self.ingest(&repository, tar_gz(files)).await;
        (project, repository)
    }

    /// Uploads an archive and waits until it is ingested.
    pub async fn ingest(&self, repository: &str, archive: Vec<u8>) {
        self.upload(repository, archive).await.expect_status(202);
        let state = self.ingested(repository).await;
        assert_eq!(state["ingest_status"], "ready", "{state}");
    }

    /// The repository once its ingest has ended.
    pub async fn ingested(&self, repository: &str) -> Value {
        wait_for("the ingest", async || {
            let state = self
                .get(&format!("/v1/repositories/{repository}"))
                .await
                .json();
            matches!(state["ingest_status"].as_str(), Some("ready" | "failed")).then_some(state)
        })
        .await
    }

    /// Starts a scan and returns it once it has ended and its artifacts are there.
    pub async fn scan(&self, repository: &str, wish: Value) -> Value {
        let scan = self
            .post(&format!("/v1/repositories/{repository}/scans"), wish)
            .await
            .expect_status(201)
            .text_at("id");
        self.ended(&scan).await
    }

    /// A scan once it has ended and its artifacts are there.
    pub async fn ended(&self, scan: &str) -> Value {
        wait_for("the scan's end", async || {
            let state = self.get(&format!("/v1/scans/{scan}")).await.json();
            let has_artifacts = state["artifacts"]
                .as_object()
                .is_some_and(|it| !it.is_empty());
            let done = match state["status"].as_str() {
                Some("completed") => has_artifacts,
                Some("failed" | "cancelled") => true,
                _ => false,
            };
            done.then_some(state)
        })
        .await
    }
}
