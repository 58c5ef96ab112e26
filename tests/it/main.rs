//! The integration tests, as one binary: a module per area, helpers in `support`.

mod conformance;
mod contract;
mod http;
mod support;
mod workspace;
