//! Syntax: trees, and small models over them that detectors ask.
//!
//! Detectors never parse and never see `tree_sitter`. Every walk is iterative or has a depth limit,
//! so that no input can overflow the stack; parsing has a budget counted in steps, not in time, so
//! that the same file ends the same way on every machine.

pub(crate) mod dockerfile;
pub(crate) mod hcl;
pub(crate) mod helm;
pub(crate) mod javascript;
pub(crate) mod python;
pub(crate) mod tree;
pub(crate) mod yaml;
