//! Integration tests: one binary, a module per area.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests say what they expect, too"
)]

#[path = "conformance/objects.rs"]
mod conformance_objects;
mod workspace;
