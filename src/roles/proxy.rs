//! `vega proxy`: the LLM proxy. Not part of this version; saying so beats pretending.

use crate::error::{Error, ErrorCode, Result};
use std::process::ExitCode;

/// Ends with a clear message.
///
/// # Errors
/// Always: this version has no proxy.
pub async fn run() -> Result<ExitCode> {
    Err(Error::new(
        ErrorCode::ValidationError,
        "the LLM proxy is not part of this version; scans use the builtin auditor, which needs none",
    ))
}
