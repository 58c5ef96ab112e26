//! Vega: an AI-powered security code scanner, one binary for five roles.

pub mod clock;
pub mod domain;
pub mod engine;
pub mod error;
pub mod net;
pub mod objects;
pub mod store;
pub mod workspace;
