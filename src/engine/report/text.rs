//! The report for a terminal.

use super::Report;

/// Whether to use terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// ANSI colours.
    Always,
    /// Plain text.
    Never,
}

/// The report as readable text.
pub fn to_text(report: &Report, color: Color) -> String {
    let _ = (report, color);
    String::new()
}
