//! Rules that only the data flow claims, one list per language.
//!
//! Which call leads to which of them is said by the models: a sink of rule `xpath-injection` in a
//! Python file is `python-xpath-injection`. Rules that a syntax check of the language has too stand
//! beside that check.

mod java;
mod java_documents;
mod java_settings;
mod python;

use crate::engine::builtin::rule::Rule;

/// Every rule of the data flow.
pub(crate) fn rules() -> impl Iterator<Item = &'static Rule> {
    let lists = [
        python::RULES,
        java::RULES,
        java_documents::RULES,
        java_settings::RULES,
    ];
    lists.into_iter().flatten().copied()
}
