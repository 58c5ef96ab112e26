//! Which auditors exist, which can run here, and which a scan uses.
//!
//! Names are stable and part of the API. `builtin` always runs; `codex` is known by name so that a
//! request for it gets a reason instead of "unknown", but it needs a route to an AI provider that
//! this build does not have. Knows nothing of what an auditor finds.

use super::report::UnusedAuditor;
use crate::error::{Error, Result};

/// The deterministic auditor's name.
pub const BUILTIN: &str = "builtin";
/// The name that stands for "whatever can run here".
pub const AUTO: &str = "auto";
/// The AI auditor's name.
pub const CODEX: &str = "codex";

/// An auditor and whether it can run in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditorInfo {
    /// The stable name.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub description: &'static str,
    /// Why it cannot run here; `None` when it can.
    pub unavailable: Option<&'static str>,
}

const NO_AI_ROUTE: &str = "needs a route to an AI provider, which this build does not have";

/// Every auditor this build knows, with the reason where one cannot run.
pub fn available_auditors() -> &'static [AuditorInfo] {
    &[
        AuditorInfo {
            name: BUILTIN,
            description: "Deterministic and offline: data flow in Python and Java, checks of JavaScript, TypeScript and infrastructure files, secrets.",
            unavailable: None,
        },
        AuditorInfo {
            name: CODEX,
            description: "AI audit by the Codex client.",
            unavailable: Some(NO_AI_ROUTE),
        },
    ]
}

/// Whether every one of `names` can be used; empty and `auto` always can.
///
/// # Errors
/// `validation_error` on the field `auditors`, naming what exists.
pub fn check_auditors(names: &[String]) -> Result<()> {
    for name in names.iter().filter(|name| *name != AUTO) {
        match available_auditors().iter().find(|info| info.name == name) {
            None => {
                let known = available_auditors()
                    .iter()
                    .map(|info| info.name)
                    .collect::<Vec<_>>();
                return Err(Error::field(
                    "auditors",
                    format!(
                        "There is no auditor \"{name}\"; there are {AUTO}, {}",
                        known.join(", ")
                    ),
                ));
            }
            Some(AuditorInfo {
                unavailable: Some(reason),
                ..
            }) => {
                return Err(Error::field(
                    "auditors",
                    format!("The auditor \"{name}\" {reason}; use {BUILTIN} or {AUTO}"),
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The auditors a scan runs, and those it does not with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) used: Vec<String>,
    pub(crate) unused: Vec<UnusedAuditor>,
}

/// Resolves the names of a request.
pub(crate) fn choose(names: &[String]) -> Result<Chosen> {
    check_auditors(names)?;
    let auto = names.is_empty() || names.iter().any(|name| name == AUTO);
    let mut chosen = Chosen {
        used: Vec::new(),
        unused: Vec::new(),
    };
    for info in available_auditors() {
        let asked = auto || names.iter().any(|name| name == info.name);
        match info.unavailable {
            None if asked => chosen.used.push(info.name.to_owned()),
            None => chosen.unused.push(UnusedAuditor {
                name: info.name.to_owned(),
                reason: "not asked for".to_owned(),
            }),
            Some(reason) => chosen.unused.push(UnusedAuditor {
                name: info.name.to_owned(),
                reason: reason.to_owned(),
            }),
        }
    }
    Ok(chosen)
}
