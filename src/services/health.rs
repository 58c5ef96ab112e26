//! Whether the things Vega depends on answer.

use crate::{clock::Stopwatch, context::AppContext, error::Result};
use std::{future::Future, time::Duration};

/// Longer than this is as good as no answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The state of one dependency.
#[derive(Debug, Clone)]
pub struct DependencyState {
    /// Its name.
    pub name: &'static str,
    /// Whether it answered.
    pub ok: bool,
    /// How long that took.
    pub latency: Duration,
}

/// Asks the metadata store and the object store. The queue of this version is the store itself.
pub async fn check(app: &AppContext) -> Vec<DependencyState> {
    let (store, objects) = tokio::join!(
        ask("metadata_store", app.store.ping()),
        ask("object_store", app.objects.ping())
    );
    vec![store, objects]
}

async fn ask(name: &'static str, answer: impl Future<Output = Result<()>>) -> DependencyState {
    let watch = Stopwatch::start();
    let ok = match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(dependency = name, %error, cause = ?error, "a dependency fails");
            false
        }
        Err(_) => {
            tracing::warn!(dependency = name, "a dependency does not answer");
            false
        }
    };
    DependencyState {
        name,
        ok,
        latency: watch.elapsed(),
    }
}
