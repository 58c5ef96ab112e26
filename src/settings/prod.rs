//! What `VEGA_ENVIRONMENT=prod` refuses, per role (contract §11).

use super::{
    AppSettings, AuthProvider, ExecutionMode, FileBackend, PersistenceBackend, Reader,
    ServeSettings, StorageSettings,
};

/// Data on local files would be lost with the container.
pub(super) fn check_storage(app: &AppSettings, storage: &StorageSettings, reader: &mut Reader<'_>) {
    if !app.is_prod() {
        return;
    }
    if storage.persistence == PersistenceBackend::Json {
        reader.problem("VEGA_PERSISTENCE_BACKEND", "must be postgres in prod");
    }
    if storage.files == FileBackend::Local {
        reader.problem("VEGA_FILE_STORAGE_BACKEND", "must be s3 in prod");
    }
}

/// Everything that is unsafe for the API in production.
pub(super) fn check_serve(settings: &ServeSettings, reader: &mut Reader<'_>) {
    check_storage(&settings.app, &settings.storage, reader);
    if !settings.app.is_prod() {
        return;
    }
    if settings.scans.mode == ExecutionMode::Thread {
        reader.problem(
            "VEGA_SCAN_EXECUTION_MODE",
            "must be sqs or external in prod",
        );
    }
    if settings.auth.provider == AuthProvider::Custom && !reader.flag("VEGA_ALLOW_LOCAL_USERS") {
        reader.problem(
            "VEGA_AUTH_PROVIDER",
            "must be cognito in prod (or set VEGA_ALLOW_LOCAL_USERS=true)",
        );
    }
}
