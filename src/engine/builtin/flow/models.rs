//! What libraries do, as data: one YAML file per framework under `models/`, embedded, and whatever
//! users add below `VEGA_V16_ROOT/models/<language>/`.
//!
//! The form is described in `docs/design/models.md`. A name is a place of [`super::paths`]; `?` in
//! front stands for a receiver of unknown type.

use super::{
    context::{Context, Contexts},
    paths::Paths,
    value::Trust,
};
use crate::engine::inventory::Language;
use regex::Regex;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{collections::BTreeMap, rc::Rc};

/// One file of models.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelFile {
    /// Where the facts come from: the documentation of the library.
    #[allow(dead_code, reason = "for readers, and checked by a test")]
    pub(crate) docs: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// What is said of some names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Row {
    /// Names it holds of.
    pub(crate) names: Vec<String>,
    /// Of which type it is.
    #[serde(rename = "type")]
    pub(crate) is_a: Option<String>,
    /// Types it inherits from.
    pub(crate) like: Vec<String>,
    /// Untrusted data enters here.
    pub(crate) source: Option<SourceRow>,
    /// What must not be reached by untrusted data.
    pub(crate) sinks: Vec<SinkRow>,
    /// Faults that need no data flow.
    pub(crate) flags: Vec<FlagRow>,
    /// In which contexts the result is harmless.
    pub(crate) safe_for: Vec<Context>,
    /// The result has nothing of the arguments that could do harm.
    pub(crate) clean: bool,
    /// The result is made of these: `self`, places and names of arguments. Default: of all.
    pub(crate) from: Option<Vec<String>>,
    /// What it does is known, so data that goes through is as sure as before.
    pub(crate) passes: bool,
    /// Arguments become part of these: `self`, or an argument.
    pub(crate) into: Option<String>,
    /// What kind of container it makes.
    pub(crate) makes: Option<Makes>,
    /// Functions given to it are entry points.
    pub(crate) entry: Option<EntryRow>,
    /// It renders a template.
    pub(crate) renders: Option<RendersRow>,
    /// It gives a template that is rendered later.
    pub(crate) template: Option<TemplateRow>,
    /// It gives what the template defines that its first argument names.
    pub(crate) loads_template: bool,
    /// Its first argument becomes a name of the receiver, with its second as the value.
    pub(crate) sets_entry: bool,
    /// It never returns.
    pub(crate) ends: bool,
    /// When it returns, this argument is harmless in these contexts.
    pub(crate) checks: Option<CheckRow>,
    /// When it holds (or does not), this argument is harmless.
    pub(crate) guard: Option<GuardRow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Makes {
    List,
    Tuple,
    Set,
    Map,
    /// Values by section and key, as in an INI file.
    Sections,
    /// A text that is put together.
    Text,
    /// An object with members that setters set.
    Bean,
}

impl Makes {
    /// Whether all that goes in is found inside again.
    pub(super) fn holds_all(self) -> bool {
        !matches!(self, Self::Bean | Self::Sections)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SourceRow {
    pub(crate) trust: TrustRow,
    pub(crate) what: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TrustRow {
    Remote,
    Stored,
    Local,
}

impl From<TrustRow> for Trust {
    fn from(row: TrustRow) -> Self {
        match row {
            TrustRow::Remote => Self::Remote,
            TrustRow::Stored => Self::Stored,
            TrustRow::Local => Self::Local,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SinkRow {
    /// Place and name, `"0 sql"`; `self`; `*` for all.
    pub(crate) arg: String,
    pub(crate) context: Context,
    /// The rule without the language.
    pub(crate) rule: String,
    #[serde(default, rename = "if")]
    pub(crate) only_if: Vec<Condition>,
    #[serde(default)]
    pub(crate) unless: Vec<Condition>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FlagRow {
    pub(crate) rule: String,
    #[serde(default, rename = "if")]
    pub(crate) only_if: Vec<Condition>,
    #[serde(default)]
    pub(crate) unless: Vec<Condition>,
}

/// What must be known of an argument.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Condition {
    pub(crate) arg: String,
    /// A member of it; with `given`, several with ` | ` between them, of which one is enough.
    #[serde(default)]
    pub(crate) field: Option<String>,
    /// It may be one of these: constants, or names of libraries with `@` in front.
    #[serde(default)]
    pub(crate) is: Vec<Scalar>,
    /// A text it may be.
    #[serde(default, deserialize_with = "regex")]
    pub(crate) matches: Option<Regex>,
    /// How its text begins.
    #[serde(default, deserialize_with = "regex")]
    pub(crate) begins: Option<Regex>,
    /// Whether it is given at all.
    #[serde(default)]
    pub(crate) given: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i64),
    Text(String),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct EntryRow {
    /// Which argument the function is.
    pub(crate) arg: String,
    /// Types of its first parameters.
    pub(crate) params: Vec<String>,
    /// Whether the other parameters come from the request.
    pub(crate) remote: bool,
    /// How what it returns is read.
    pub(crate) returns: Option<Context>,
    pub(crate) returns_rule: String,
    /// What it returns names a template.
    pub(crate) view: bool,
}

/// Which template is rendered with what.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RendersRow {
    /// The argument that names it, or `self`.
    pub(crate) template: String,
    /// The argument that is a map of its names, or `named`: arguments by name, and maps by place.
    pub(crate) context: String,
    pub(crate) escapes: Escapes,
    /// Further names, and the arguments they are, or names of libraries with `@` in front.
    #[serde(default)]
    pub(crate) also: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TemplateRow {
    /// The argument that names it.
    pub(crate) name: String,
    pub(crate) escapes: Escapes,
}

/// Whether outputs of a template are escaped unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Escapes {
    Always,
    Never,
    /// In files whose extension is one of a page.
    ByName,
    /// As in the template that includes it.
    Same,
    /// As the template object says.
    Own,
    /// As `autoescape` of the object says that gives it; not at all where nothing is set.
    Setting,
    /// As `default_filters` of the object says that gives it; not at all where nothing is set.
    Filters,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CheckRow {
    pub(crate) arg: String,
    pub(crate) contexts: Vec<Context>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GuardRow {
    pub(crate) arg: String,
    /// Harmless when the call gave this.
    pub(crate) when: bool,
    pub(crate) contexts: Vec<Context>,
}

/// What is known of one place.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) row: Row,
    pub(super) safe_for: Contexts,
}

/// The embedded files, by language and name.
const FILES: &[(Language, &str, &str)] = &[
    (
        Language::Python,
        "stdlib",
        include_str!("models/python/stdlib.yaml"),
    ),
    (
        Language::Python,
        "flask",
        include_str!("models/python/flask.yaml"),
    ),
    (
        Language::Python,
        "database",
        include_str!("models/python/database.yaml"),
    ),
    (
        Language::Python,
        "web_stdlib",
        include_str!("models/python/web_stdlib.yaml"),
    ),
    (
        Language::Python,
        "logging",
        include_str!("models/python/logging.yaml"),
    ),
    (
        Language::Python,
        "nosql",
        include_str!("models/python/nosql.yaml"),
    ),
    (
        Language::Python,
        "django",
        include_str!("models/python/django.yaml"),
    ),
    (
        Language::Python,
        "starlette",
        include_str!("models/python/starlette.yaml"),
    ),
    (
        Language::Python,
        "aiohttp",
        include_str!("models/python/aiohttp.yaml"),
    ),
    (
        Language::Python,
        "tornado",
        include_str!("models/python/tornado.yaml"),
    ),
    (
        Language::Python,
        "bottle",
        include_str!("models/python/bottle.yaml"),
    ),
    (
        Language::Python,
        "crypto",
        include_str!("models/python/crypto.yaml"),
    ),
    (
        Language::Python,
        "documents",
        include_str!("models/python/documents.yaml"),
    ),
    (
        Language::Python,
        "clients",
        include_str!("models/python/clients.yaml"),
    ),
    (
        Language::Python,
        "other",
        include_str!("models/python/other.yaml"),
    ),
    (
        Language::Java,
        "core",
        include_str!("models/java/core.yaml"),
    ),
    (
        Language::Java,
        "servlet",
        include_str!("models/java/servlet.yaml"),
    ),
    (
        Language::Java,
        "database",
        include_str!("models/java/database.yaml"),
    ),
    (
        Language::Java,
        "spring",
        include_str!("models/java/spring.yaml"),
    ),
    (
        Language::Java,
        "logging",
        include_str!("models/java/logging.yaml"),
    ),
    (Language::Java, "xml", include_str!("models/java/xml.yaml")),
    (
        Language::Java,
        "clients",
        include_str!("models/java/clients.yaml"),
    ),
    (
        Language::Java,
        "mongo",
        include_str!("models/java/mongo.yaml"),
    ),
    (
        Language::Java,
        "expressions",
        include_str!("models/java/expressions.yaml"),
    ),
    (
        Language::Python,
        "templates",
        include_str!("models/python/templates.yaml"),
    ),
    (
        Language::Python,
        "output",
        include_str!("models/templates.yaml"),
    ),
    (
        Language::Java,
        "output",
        include_str!("models/templates.yaml"),
    ),
    (
        Language::Java,
        "templates",
        include_str!("models/java/templates.yaml"),
    ),
];

/// The models of a language.
///
/// # Errors
/// Which file is wrong, and how. Embedded files are checked by tests.
pub(super) fn load(language: Language, paths: &mut Paths) -> Result<(), String> {
    for (of, name, text) in FILES {
        if *of == language {
            let file = parse(text).map_err(|error| format!("models/{name}.yaml: {error}"))?;
            #[cfg(test)]
            let file = tests::lessened(name, file);
            attach(file, paths);
        }
    }
    Ok(())
}

fn regex<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(from)?;
    Regex::new(&text).map(Some).map_err(D::Error::custom)
}

fn parse(text: &str) -> Result<ModelFile, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

/// Puts the rows of a file at their places. A later row about the same name adds to an earlier one.
fn attach(file: ModelFile, paths: &mut Paths) {
    for row in file.rows {
        for name in &row.names {
            let at = paths.place(name);
            if let Some(is_a) = &row.is_a {
                let is_a = paths.place(is_a);
                paths.set_type(at, is_a);
            }
            for like in &row.like {
                let like = paths.place(like);
                paths.add_parent_type(at, like);
            }
            let mut whole = row.clone();
            if let Some(known) = paths.model(at) {
                let mut known = known.row.clone();
                known.sinks.append(&mut whole.sinks);
                known.flags.append(&mut whole.flags);
                known.source = known.source.or(whole.source);
                known.entry = known.entry.or(whole.entry);
                known.passes |= whole.passes;
                known.clean |= whole.clean;
                known.makes = known.makes.or(whole.makes);
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
                Rc::new(Model {
                    row: whole,
                    safe_for,
                }),
            );
        }
    }
}

#[cfg(test)]
mod tests;
