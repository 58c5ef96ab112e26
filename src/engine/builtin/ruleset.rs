//! Which rules a scan runs: all, less those that the operator switched off.
//!
//! The list is `rules/disabled.txt` in the folder of overrides: one rule id per line, `#` begins a
//! comment. A rule that is off claims nothing and resolves nothing; credentials it would have found
//! are still cut from quotations. Never read from an audited tree.

use super::registry;
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, io::ErrorKind, path::Path};

/// Where the list stands in the folder of overrides.
const DISABLED: &str = "rules/disabled.txt";

/// The rules of one scan.
#[derive(Debug, Clone)]
pub(crate) struct RuleSet {
    disabled: BTreeSet<&'static str>,
    version: String,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self::without(BTreeSet::new())
    }
}

impl RuleSet {
    /// The rules that the folder of overrides leaves, and what is wrong with its list.
    pub(crate) fn read(overrides: Option<&Path>) -> (Self, Vec<String>) {
        let Some(folder) = overrides else {
            return (Self::default(), Vec::new());
        };
        let text = match std::fs::read_to_string(folder.join(DISABLED)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return (Self::default(), Vec::new());
            }
            Err(error) => {
                let warning = format!("{DISABLED} cannot be read, all rules run: {error}");
                return (Self::default(), vec![warning]);
            }
        };
        let mut warnings = Vec::new();
        let mut disabled = BTreeSet::new();
        let ids = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim())
            .filter(|id| !id.is_empty());
        for id in ids {
            match registry::rule(id) {
                Some(rule) => {
                    disabled.insert(rule.id);
                }
                None => warnings.push(format!("{DISABLED}: there is no rule \"{id}\"")),
            }
        }
        (Self::without(disabled), warnings)
    }

    fn without(disabled: BTreeSet<&'static str>) -> Self {
        let mut version = registry::rules_version().to_owned();
        if !disabled.is_empty() {
            let mut hasher = Sha256::new();
            for id in &disabled {
                hasher.update(id.as_bytes());
                hasher.update([0]);
            }
            let hash = hex::encode(hasher.finalize());
            version = format!("{version}-less-{}", &hash[..8]);
        }
        Self { disabled, version }
    }

    /// The set as it judges with models of the user's own: their hash is part of the version.
    #[must_use]
    pub(crate) fn with_models(mut self, own: Option<&str>) -> Self {
        if let Some(own) = own {
            self.version = format!("{}-models-{own}", self.version);
        }
        self
    }

    /// Whether the rule called `id` runs.
    pub(crate) fn has(&self, id: &str) -> bool {
        !self.disabled.contains(id)
    }

    /// The ids that run, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &'static str> + '_ {
        let all = registry::rules().iter().map(|rule| rule.id);
        all.filter(|id| self.has(id))
    }

    /// How many rules are off.
    pub(crate) fn disabled(&self) -> usize {
        self.disabled.len()
    }

    /// All that tells this set from another one, for keys; `version` is short, for people.
    pub(crate) fn digest(&self) -> String {
        let off: Vec<&str> = self.disabled.iter().copied().collect();
        format!("{} {}", self.version, off.join(","))
    }

    /// What the ledger calls this set.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }
}
