//! SARIF 2.1.0 as other tools write it, as far as an import needs it.
//!
//! Everything is optional and of foreign origin: no field is trusted, unknown ones are passed over,
//! and nothing here judges a value. Code flows are an extra: one that is not as the format has it is
//! passed over, while anything else that is not refuses the file. Source of the format: OASIS SARIF 2.1.0, sections named per type.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

/// A log file (§3.13).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Log {
    pub(super) version: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) runs: Vec<Run>,
}

/// One run of one tool (§3.14).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Run {
    #[serde(deserialize_with = "or_default")]
    pub(super) tool: Tool,
    #[serde(deserialize_with = "or_default")]
    pub(super) results: Vec<SarifResult>,
    #[serde(deserialize_with = "or_default")]
    pub(super) artifacts: Vec<Artifact>,
    #[serde(deserialize_with = "or_default")]
    pub(super) invocations: Vec<Invocation>,
    /// Steps that several flows share (§3.14.19).
    #[serde(deserialize_with = "readable")]
    pub(super) thread_flow_locations: Vec<FlowLocation>,
}

/// §3.18.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tool {
    #[serde(deserialize_with = "or_default")]
    pub(super) driver: Component,
    #[serde(deserialize_with = "or_default")]
    pub(super) extensions: Vec<Component>,
}

/// §3.19.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Component {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) version: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) semantic_version: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) rules: Vec<Rule>,
}

/// §3.49.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule {
    #[serde(deserialize_with = "or_default")]
    pub(super) id: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) short_description: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) full_description: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) help: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) help_uri: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) message_strings: BTreeMap<String, Text>,
    #[serde(deserialize_with = "or_default")]
    pub(super) default_configuration: Configuration,
    #[serde(deserialize_with = "or_default")]
    pub(super) properties: BTreeMap<String, Value>,
    #[serde(deserialize_with = "or_default")]
    pub(super) relationships: Vec<Relationship>,
}

/// §3.50.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration {
    #[serde(deserialize_with = "or_default")]
    pub(super) level: String,
}

/// §3.53: how a rule relates to an entry of a taxonomy.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Relationship {
    #[serde(deserialize_with = "or_default")]
    pub(super) target: Reference,
}

/// §3.52.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reference {
    #[serde(deserialize_with = "or_default")]
    pub(super) id: String,
    pub(super) index: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    pub(super) tool_component: ComponentReference,
}

/// §3.54.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ComponentReference {
    pub(super) index: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
}

/// §3.11 and §3.12 in one: a message or a multiformat message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Text {
    #[serde(deserialize_with = "or_default")]
    pub(super) text: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) markdown: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) id: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) arguments: Vec<String>,
}

/// §3.20.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: Option<bool>,
}

/// §3.24.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Artifact {
    #[serde(deserialize_with = "or_default")]
    pub(super) location: ArtifactLocation,
    #[serde(deserialize_with = "or_default")]
    pub(super) roles: Vec<String>,
}

/// §3.27.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SarifResult {
    #[serde(deserialize_with = "or_default")]
    pub(super) rule_id: String,
    pub(super) rule_index: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    pub(super) rule: Reference,
    #[serde(deserialize_with = "or_default")]
    pub(super) kind: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) level: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) message: Text,
    #[serde(deserialize_with = "or_default")]
    pub(super) locations: Vec<Location>,
    #[serde(deserialize_with = "readable")]
    pub(super) code_flows: Vec<CodeFlow>,
    #[serde(deserialize_with = "or_default")]
    pub(super) fingerprints: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) partial_fingerprints: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) suppressions: Vec<Suppression>,
    #[serde(deserialize_with = "or_default")]
    pub(super) baseline_state: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) taxa: Vec<Reference>,
    #[serde(deserialize_with = "or_default")]
    pub(super) properties: BTreeMap<String, Value>,
}

/// §3.35.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Suppression {
    #[serde(deserialize_with = "or_default")]
    pub(super) status: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) justification: String,
}

/// §3.28.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Location {
    #[serde(deserialize_with = "or_default")]
    pub(super) physical_location: PhysicalLocation,
    #[serde(deserialize_with = "or_default")]
    pub(super) logical_locations: Vec<LogicalLocation>,
    #[serde(deserialize_with = "or_default")]
    pub(super) message: Text,
}

/// §3.33.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LogicalLocation {
    #[serde(deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(super) fully_qualified_name: String,
}

/// §3.29.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    #[serde(deserialize_with = "or_default")]
    pub(super) artifact_location: ArtifactLocation,
    #[serde(deserialize_with = "or_default")]
    pub(super) region: Region,
}

/// §3.4.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ArtifactLocation {
    #[serde(deserialize_with = "or_default")]
    pub(super) uri: String,
    pub(super) index: Option<i64>,
}

/// §3.30.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: Option<i64>,
    pub(super) end_line: Option<i64>,
    pub(super) start_column: Option<i64>,
    pub(super) end_column: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    pub(super) snippet: Text,
}

/// §3.36.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CodeFlow {
    #[serde(deserialize_with = "readable")]
    pub(super) thread_flows: Vec<ThreadFlow>,
}

/// §3.37.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ThreadFlow {
    #[serde(deserialize_with = "or_default")]
    pub(super) locations: Vec<FlowLocation>,
}

/// §3.38.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FlowLocation {
    #[serde(deserialize_with = "or_default")]
    pub(super) location: Location,
    #[serde(deserialize_with = "or_default")]
    pub(super) kinds: Vec<String>,
    /// Where it stands among those that the run's flows share.
    pub(super) index: Option<i64>,
}

/// `null` where a value is expected means that there is none: several tools write it so.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The elements of a list, with an empty one for each that cannot be read.
fn readable<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let elements = match Value::deserialize(deserializer)? {
        Value::Array(elements) => elements,
        _ => Vec::new(),
    };
    let read = |element| serde_json::from_value(element).unwrap_or_default();
    Ok(elements.into_iter().map(read).collect())
}
