//! What libraries do, as data: one YAML file per framework under `models/`, embedded, and whatever
//! users add below `VEGA_V16_ROOT/models/<language>/`.
//!
//! The form is described in `docs/design/models.md`. A name is a place of [`super::paths`]; `?` in
//! front stands for a receiver of unknown type. Rows of embedded files about one name add up; what
//! a user's file says of a name replaces what files before it said.

mod check;
mod embedded;
mod list;
mod own;
mod rows;

pub use list::ModelList;
pub(crate) use own::Models;
pub(crate) use rows::{
    Condition, EntryRow, Escapes, Makes, ModelFile, RendersRow, Row, Scalar, SettingRow,
    TemplateRow,
};

use super::{
    context::Contexts,
    paths::{PathId, Paths},
};
use crate::engine::inventory::Language;
use std::{collections::BTreeSet, sync::Arc};

/// Languages that have models.
pub(crate) const LANGUAGES: [Language; 2] = [Language::Python, Language::Java];

/// What is known of one place.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) row: Row,
    pub(super) safe_for: Contexts,
}

/// The models of a language, the embedded ones first.
///
/// # Errors
/// Which embedded file is wrong, and how; tests check them.
pub(super) fn load(language: Language, own: &Models, paths: &mut Paths) -> Result<(), String> {
    let embedded = embedded::files()?.iter();
    for embedded in embedded.filter(|file| file.language == language) {
        let file = &embedded.file;
        #[cfg(test)]
        let file = &tests::lessened(embedded.name, file.clone());
        attach(file, paths);
    }
    for file in own.of(language) {
        let names = file.rows.iter().flat_map(|row| &row.names);
        let places: BTreeSet<PathId> = names.map(|name| paths.modelled(name)).collect();
        for place in places {
            paths.forget(place);
        }
        attach(file, paths);
    }
    Ok(())
}

/// How a file of models is read: no anchors that multiply, and errors of one line.
fn parse(text: &str) -> Result<ModelFile, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, options())
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! { with_snippet: false }
}

/// Puts the rows of a file at their places. A later row about the same name adds to an earlier one.
fn attach(file: &ModelFile, paths: &mut Paths) {
    for row in &file.rows {
        for name in &row.names {
            let at = paths.modelled(name);
            if let Some(is_a) = &row.is_a {
                let is_a = paths.modelled(is_a);
                paths.set_type(at, is_a);
            }
            for like in &row.like {
                let like = paths.modelled(like);
                paths.add_parent_type(at, like);
            }
            let mut whole = row.clone();
            if let Some(known) = paths.model(at) {
                let mut known = known.row.clone();
                known.sinks.append(&mut whole.sinks);
                known.flags.append(&mut whole.flags);
                known.source = known.source.or(whole.source);
                known.setting = known.setting.or(whole.setting);
                known.entry = known.entry.or(whole.entry);
                known.passes |= whole.passes;
                known.clean |= whole.clean;
                known.undoes |= whole.undoes;
                known.makes = known.makes.or(whole.makes);
                known.wraps = known.wraps.or(whole.wraps);
                known.safe_for.append(&mut whole.safe_for);
                known.from = known.from.or(whole.from);
                known.into = known.into.or(whole.into);
                known.ends |= whole.ends;
                known.checks = known.checks.or(whole.checks);
                known.guard = known.guard.or(whole.guard);
                known.renders = known.renders.or(whole.renders);
                known.template = known.template.or(whole.template);
                known.sets_entry |= whole.sets_entry;
                known.loads_template |= whole.loads_template;
                whole = known;
            }
            let safe_for = whole.safe_for.iter().copied().collect();
            paths.set_model(
                at,
                Arc::new(Model {
                    row: whole,
                    safe_for,
                }),
            );
        }
    }
}

#[cfg(test)]
mod tests;
