//! The integration tests, as one binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, and the functions they share, say what they expect by unwrapping"
)]

mod conformance;
