//! The API as a client sees it, resource by resource.

mod accounts;
mod archive_uploads;
mod code;
mod errors;
mod exports;
mod git_remote;
mod git_uploads;
mod hardening;
mod history;
mod idempotency;
mod imports;
mod inbox;
mod isolation;
mod ops;
mod projects;
mod roles;
mod scan_tools;
mod scans;
mod sessions;
mod sources;
mod stream;
mod triage;
mod webhooks;
