//! The integration tests, as one binary: a module per area, helpers in `support`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "tests, and the functions they share, say what they expect by unwrapping"
)]

mod conformance;
mod contract;
mod engine;
mod http;
mod services;
mod support;
mod workspace;
