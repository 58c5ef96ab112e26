//! Exports beside a server that removes things.

use crate::support::{Client, TestApp};
use serde_json::json;
use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use vega::{
    domain::{object_key::ObjectKey, portable::Credentials, retention::RunMode},
    error::{ErrorCode, Result},
    objects::{ListedObject, ObjectMeta, ObjectReader, ObjectStore, PresignedPut, SharedObjects},
    services::transfer::{ExportOptions, ExportReport, export},
};

/// What a caller does through the API: this request.
type Request = (Client, String);

/// Objects during whose first listing below `prefix` somebody deletes something.
struct Disturbed {
    objects: SharedObjects,
    prefix: &'static str,
    deletion: Mutex<Option<Request>>,
}

impl Disturbed {
    async fn disturb(&self, prefix: &str) {
        if !prefix.starts_with(self.prefix) {
            return;
        }
        let deletion = self.deletion.lock().unwrap().take();
        if let Some((client, path)) = deletion {
            client.delete(&path).await.expect_status(204);
        }
    }
}

#[async_trait::async_trait]
impl ObjectStore for Disturbed {
    async fn ping(&self) -> Result<()> {
        self.objects.ping().await
    }
    async fn put_file(&self, key: &ObjectKey, source: &Path) -> Result<ObjectMeta> {
        self.objects.put_file(key, source).await
    }
    async fn put_bytes(&self, key: &ObjectKey, bytes: Vec<u8>) -> Result<ObjectMeta> {
        self.objects.put_bytes(key, bytes).await
    }
    async fn open(&self, key: &ObjectKey) -> Result<(ObjectMeta, ObjectReader)> {
        self.objects.open(key).await
    }
    async fn fetch_to(&self, key: &ObjectKey, target: &Path) -> Result<ObjectMeta> {
        self.objects.fetch_to(key, target).await
    }
    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>> {
        self.objects.head(key).await
    }
    async fn copy(&self, from: &ObjectKey, to: &ObjectKey) -> Result<()> {
        self.objects.copy(from, to).await
    }
    async fn delete(&self, key: &ObjectKey) -> Result<()> {
        self.objects.delete(key).await
    }
    async fn delete_prefix(&self, prefix: &str) -> Result<()> {
        self.objects.delete_prefix(prefix).await
    }
    async fn list(
        &self,
        prefix: &str,
        after: Option<&ObjectKey>,
        limit: usize,
    ) -> Result<Vec<ListedObject>> {
        self.disturb(prefix).await;
        self.objects.list(prefix, after, limit).await
    }
    async fn presign_get(&self, key: &ObjectKey, lifetime: Duration) -> Result<String> {
        self.objects.presign_get(key, lifetime).await
    }
    async fn presign_put(&self, key: &ObjectKey, lifetime: Duration) -> Result<PresignedPut> {
        self.objects.presign_put(key, lifetime).await
    }
}

/// Exports everything to `file`; while objects below `prefix` are listed, `deletion` happens.
async fn disturbed(
    app: &TestApp,
    file: &Path,
    prefix: &'static str,
    deletion: Option<Request>,
) -> Result<ExportReport> {
    let mut context = app.as_administrator().await;
    context.objects = Arc::new(Disturbed {
        objects: context.objects,
        prefix,
        deletion: Mutex::new(deletion),
    });
    let options = ExportOptions {
        output: Some(file.to_owned()),
        mode: RunMode::Apply,
        replace: false,
        projects: Vec::new(),
        credentials: Credentials::LeftOut,
    };
    export(&context, options, Arc::new(|_| {})).await
}

#[tokio::test]
async fn what_was_deleted_during_an_export_leaves_no_half_file() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let file = app.data.path().join("all.tar");
    // Before anything of it is read, in the middle, and when only uploads are left to be read.
    for prefix in ["scans/", "snapshots/", "uploads/"] {
        let (_, repository) = client.repository_with(&[("a.py", "x = 1\n")]).await;
        client.scan(&repository, json!({})).await;
        let path = format!("/v1/repositories/{repository}");
        let deletion = Some((client.clone(), path));
        let refused = disturbed(&app, &file, prefix, deletion).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Conflict, "{refused}");
        for words in [repository.as_str(), "export again"] {
            assert!(refused.message().contains(words), "{refused}");
        }
        let mut names = std::fs::read_dir(app.data.path()).unwrap().flatten();
        assert!(names.all(|it| it.file_name() == "data"), "no file is left");
    }
    let whole = disturbed(&app, &file, "snapshots/", None).await.unwrap();
    assert_eq!(whole.objects_missing, 0);
    assert!(file.exists());
}

#[tokio::test]
async fn what_was_missing_before_an_export_is_counted() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    client.repository_with(&[("a.py", "x = 1\n")]).await;
    client.repository_with(&[("b.py", "x = 1\n")]).await;
    let context = app.as_administrator().await;
    let all = context.objects.list("snapshots/", None, 9).await.unwrap();
    context.objects.delete(&all[0].key).await.unwrap();
    let file = app.data.path().join("all.tar");
    let report = disturbed(&app, &file, "scans/", None).await.unwrap();
    assert_eq!((report.objects_missing, report.objects), (1, 1));
}
