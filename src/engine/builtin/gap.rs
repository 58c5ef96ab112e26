//! Why a file was not looked at whole, in the words of the coverage ledger.

use super::syntax::tree::ParseFailure;
use serde::{Deserialize, Serialize};

/// What is missing of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Gap {
    /// The scan was called off.
    Cancelled,
    /// The parser needed too many steps.
    Unparsable,
    /// Parts are not in the language.
    SyntaxErrors,
    /// The lowering met one of its bounds.
    CutOff,
    /// The data flow met one of its bounds.
    TooComplex,
    /// Something that cannot happen did.
    Broken,
}

impl Gap {
    /// The reason as written in the ledger.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Cancelled => "scan cancelled",
            Self::Unparsable => "too complex to parse within the budget",
            Self::SyntaxErrors => "syntax errors: only the readable parts were checked",
            Self::CutOff => "nested too deeply or too long: data flow was cut off there",
            Self::TooComplex => "too complex to follow data through within the budget",
            Self::Broken => "the data flow broke",
        }
    }

    /// Whether a bound was met, not that something is wrong.
    pub(crate) fn is_budget(self) -> bool {
        matches!(self, Self::Unparsable | Self::CutOff | Self::TooComplex)
    }
}

impl From<ParseFailure> for Gap {
    fn from(failure: ParseFailure) -> Self {
        match failure {
            ParseFailure::Cancelled => Self::Cancelled,
            ParseFailure::Budget => Self::Unparsable,
        }
    }
}
