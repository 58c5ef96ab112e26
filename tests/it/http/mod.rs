//! The API as a client sees it, resource by resource.

mod accounts;
mod errors;
mod hardening;
mod idempotency;
mod isolation;
mod ops;
mod projects;
mod scans;
mod sources;
