//! What a row of models may say.

use super::super::{context::Context, value::Trust};
use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::collections::BTreeMap;

/// One file of models.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelFile {
    /// Where the facts come from: the documentation of the library.
    #[serde(default)]
    pub(crate) docs: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// What is said of some names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Row {
    /// Names it holds of.
    pub(crate) names: Vec<String>,
    /// Of which type it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) is_a: Option<String>,
    /// Types it inherits from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) like: Vec<String>,
    /// Untrusted data enters here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<SourceRow>,
    /// What it gives is set in files like these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) setting: Option<SettingRow>,
    /// What must not be reached by untrusted data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) sinks: Vec<SinkRow>,
    /// Faults that need no data flow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) flags: Vec<FlagRow>,
    /// In which contexts the result is harmless.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) safe_for: Vec<Context>,
    /// What an encoding had made harmless may do harm again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) undoes: bool,
    /// The result has nothing of the arguments that could do harm.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) clean: bool,
    /// The result is made of these: `self`, places and names of arguments. Default: of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<Vec<String>>,
    /// What it does is known, so data that goes through is as sure as before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) passes: bool,
    /// Arguments become part of these: `self`, or an argument.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) into: Option<String>,
    /// What kind of container it makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) makes: Option<Makes>,
    /// It gives this argument with other methods: what is done to either is done to both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wraps: Option<String>,
    /// Functions given to it are entry points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entry: Option<EntryRow>,
    /// It renders a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) renders: Option<RendersRow>,
    /// It gives a template that is rendered later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<TemplateRow>,
    /// It gives what the template defines that its first argument names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) loads_template: bool,
    /// Its first argument becomes a name of the receiver, with its second as the value.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) sets_entry: bool,
    /// It never returns.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ends: bool,
    /// When it returns, this argument is harmless in these contexts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) checks: Option<CheckRow>,
    /// When it holds (or does not), this argument is harmless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) guard: Option<GuardRow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Makes {
    List,
    Tuple,
    Set,
    Map,
    /// The arguments are the elements.
    ListOf,
    SetOf,
    /// The arguments are keys and values in turn.
    MapOf,
    /// Values by section and key, as in an INI file.
    Sections,
    /// A text that is put together.
    Text,
    /// An object with members that setters set.
    Bean,
}

impl Makes {
    /// Whether all that goes in is found inside again.
    pub(crate) fn holds_all(self) -> bool {
        !matches!(self, Self::Bean | Self::Sections)
    }
}

/// Where settings are set that a program asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SettingRow {
    /// In the environment: `.env` and the like.
    Environment,
    /// In `.properties`, and in YAML and JSON whose names say that they are settings.
    Framework,
    /// In modules of settings, and in the files of a framework.
    Modules,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SourceRow {
    pub(crate) trust: TrustRow,
    pub(crate) what: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
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

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SinkRow {
    /// Place and name, `"0 sql"`; `self`; `*` for all.
    pub(crate) arg: String,
    pub(crate) context: Context,
    /// The rule without the language.
    pub(crate) rule: String,
    #[serde(default, rename = "if", skip_serializing_if = "Vec::is_empty")]
    pub(crate) only_if: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unless: Vec<Condition>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FlagRow {
    pub(crate) rule: String,
    #[serde(default, rename = "if", skip_serializing_if = "Vec::is_empty")]
    pub(crate) only_if: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unless: Vec<Condition>,
}

/// What must be known of an argument.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Condition {
    pub(crate) arg: String,
    /// A member of it; with `given`, several with ` | ` between them, of which one is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// It may be one of these: constants, or names of libraries with `@` in front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) is: Vec<Scalar>,
    /// A text it may be.
    #[serde(
        default,
        deserialize_with = "regex",
        serialize_with = "regex_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) matches: Option<Regex>,
    /// How its text begins.
    #[serde(
        default,
        deserialize_with = "regex",
        serialize_with = "regex_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) begins: Option<Regex>,
    /// Whether it is given at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) given: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    Bool(bool),
    Int(i64),
    Text(String),
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct EntryRow {
    /// Which argument the function is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) arg: String,
    /// Types of its first parameters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) params: Vec<String>,
    /// Whether the other parameters come from the request.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) remote: bool,
    /// How what it returns is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) returns: Option<Context>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) returns_rule: String,
    /// What it returns names a template.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) view: bool,
}

/// Which template is rendered with what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RendersRow {
    /// The argument that names it, or `self`.
    pub(crate) template: String,
    /// The argument that is a map of its names, or `named`: arguments by name, and maps by place.
    pub(crate) context: String,
    pub(crate) escapes: Escapes,
    /// Further names, and the arguments they are, or names of libraries with `@` in front.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) also: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TemplateRow {
    /// The argument that names it.
    pub(crate) name: String,
    pub(crate) escapes: Escapes,
}

/// Whether outputs of a template are escaped unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CheckRow {
    pub(crate) arg: String,
    pub(crate) contexts: Vec<Context>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct GuardRow {
    pub(crate) arg: String,
    /// Harmless when the call gave this.
    pub(crate) when: bool,
    pub(crate) contexts: Vec<Context>,
}

fn regex<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(from)?;
    Regex::new(&text).map(Some).map_err(D::Error::custom)
}

fn regex_text<S: Serializer>(regex: &Option<Regex>, to: S) -> Result<S::Ok, S::Error> {
    regex.as_ref().map(Regex::as_str).serialize(to)
}
