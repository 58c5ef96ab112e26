//! The API as a client sees it, resource by resource.

mod accounts;
mod code;
mod errors;
mod exports;
mod hardening;
mod idempotency;
mod history;
mod imports;
mod inbox;
mod isolation;
mod projects;
mod roles;
mod scan_tools;
mod scans;
mod sources;
mod stream;
mod triage;
