//! Vega: an AI-powered security code scanner, one binary for five roles.
//!
//! | module | what it is |
//! |---|---|
//! | [`cli`], [`roles`] | the command line, and one `run` per role: wiring only |
//! | [`api`] | the HTTP layer of `vega serve` |
//! | [`services`] | use cases: authorise, decide, change, tell |
//! | [`domain`] | entities, ids, states, rules: pure |
//! | [`engine`] | v16: from a source tree to findings and coverage |
//! | [`workspace`] | getting source trees safely |
//! | [`store`], [`objects`], [`launcher`] | the seams: metadata, files, runners |
//! | [`auth`] | credentials: pure cryptography |
//! | [`context`] | the seams put together |
//! | [`settings`], [`telemetry`], [`shutdown`], [`clock`], [`error`] | what everything stands on |
//!
//! `ARCHITECTURE.md` says who may import whom; `tests/architecture.rs` checks it.

pub mod api;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod context;
pub mod domain;
pub mod engine;
pub mod error;
pub mod launcher;
pub mod net;
pub mod objects;
pub mod roles;
pub mod services;
pub mod settings;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod workspace;
