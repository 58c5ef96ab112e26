//! From a syntax tree to the intermediate representation, one module per language.
//!
//! A lowering knows its grammar and the order in which the language computes; it does not know what
//! any call does. Whatever it cannot follow, for its depth or its kind, becomes an opaque value made
//! of its parts, so that a strange construct costs precision in one place.

mod java;
mod python;
pub(crate) mod template;

use super::{
    gap::Gap,
    ir::{self, Unit},
    syntax::tree::{ParseFailure, Tree},
    text::SourceText,
};
use crate::engine::inventory::{FileRole, Language};
use tokio_util::sync::CancellationToken;

/// How deep statements and expressions are followed; what lies deeper is opaque.
const MAX_DEPTH: u32 = 120;
/// Operations and blocks all functions of a file may have together. A `finally` is written out
/// several times, and the functions in it with it, so that their sizes multiply.
const MAX_SIZE: usize = 2_000_000;

/// A lowered file.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) unit: Unit,
    /// What was left out, if anything.
    pub(crate) gap: Option<Gap>,
}

/// Lowers a file; `None` for a language that has no lowering.
pub(crate) fn lower(
    source: &SourceText,
    cancel: &CancellationToken,
) -> Option<Result<Lowered, ParseFailure>> {
    lower_and(source, cancel, drop)
}

/// Lowers a file, then gives its syntax tree away, if it has one: to parse a file costs most of what
/// a file costs.
pub(crate) fn lower_and(
    source: &SourceText,
    cancel: &CancellationToken,
    give: impl FnOnce(Tree),
) -> Option<Result<Lowered, ParseFailure>> {
    if source.language == Some(Language::Html) {
        return template::lower(source).map(Ok);
    }
    let (grammar, lowering): (_, fn(&SourceText, &Tree) -> Lowered) = match source.language? {
        Language::Python => (tree_sitter_python::LANGUAGE.into(), python::lower),
        Language::Java => (tree_sitter_java::LANGUAGE.into(), java::lower),
        _ => return None,
    };
    let tree = Tree::parse(&grammar, &source.text, cancel);
    Some(tree.map(|tree| {
        let mut lowered = lowering(source, &tree);
        if tree.has_error {
            lowered.gap = Some(Gap::SyntaxErrors);
        }
        give(tree);
        lowered
    }))
}

/// How a file is understood, as text: the first step of data flow, for whoever asks why something
/// was or was not found. `None` for a language that has no lowering.
///
/// # Errors
/// Why the file cannot be parsed.
pub fn dump_ir(path: &str, content: Vec<u8>) -> Option<Result<IrDump, String>> {
    let language = Language::of_path(path);
    let source = SourceText::new(path, language, FileRole::Production, content);
    let lowered = lower(&source, &CancellationToken::new())?;
    Some(match lowered {
        Ok(lowered) => Ok(IrDump {
            text: ir::print(&lowered.unit, &source.lines),
            gap: lowered.gap.map(Gap::reason),
        }),
        Err(failure) => Err(Gap::from(failure).reason().to_owned()),
    })
}

/// The intermediate representation of a file.
#[derive(Debug)]
pub struct IrDump {
    /// Function by function. The form may change at any time.
    pub text: String,
    /// What was left out, if anything.
    pub gap: Option<&'static str>,
}
