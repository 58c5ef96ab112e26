//! The integration tests, as one binary: a module per area, helpers in `support`.
#![expect(clippy::unwrap_used, reason = "a test says what it expects by unwrapping")]

mod conformance;
mod contract;
mod http;
mod support;
mod workspace;
