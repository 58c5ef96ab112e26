//! Use cases: authorise, decide, make one or two store changes, tell others.
//!
//! Every function takes who asks ([`crate::domain::access::Actor`]) and what is asked. No HTTP, no
//! SQL. The engine is seen through its public face only.

pub mod access;
pub mod accounts;
pub mod archive_uploads;
pub mod audit;
pub mod billing;
pub mod cleanup;
pub mod code;
pub mod compare;
pub mod dispatch;
mod engine_objects;
pub mod estimates;
pub mod exports;
pub mod feed;
pub mod findings;
pub mod git_push;
pub mod git_uploads;
pub mod health;
pub mod idempotency;
pub mod imports;
pub mod ingest;
pub mod jobs;
pub mod members;
pub mod metrics;
pub mod ops;
pub mod projects;
pub mod refused_sign_ins;
pub mod reports;
pub mod repositories;
pub mod runner;
pub mod scan_tokens;
pub mod scans;
pub mod sessions;
pub mod spool;
pub mod threat_profiles;
pub mod transfer;
pub mod triage;
pub mod users;
pub mod webhooks;
pub mod working_dir;
