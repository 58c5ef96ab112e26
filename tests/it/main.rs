//! Integration tests: one binary, a module per area.

#[path = "conformance/objects.rs"]
mod conformance_objects;
mod workspace;
//! The integration tests, as one binary.
mod conformance;
