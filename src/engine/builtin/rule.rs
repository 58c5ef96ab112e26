//! What is known of a rule: the one place from which findings, SARIF rules and pages derive.

use crate::domain::finding::Severity;

/// A rule of the built-in auditor. Texts are Vega's own; `id` never changes once released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Stable id, `<area>-<what>`.
    pub id: &'static str,
    /// The folder of its page: `secrets`, `python`, `java`, `javascript`, `dockerfile`, `compose`,
    /// `kubernetes`, `helm`, `terraform`, `github_actions`.
    pub area: &'static str,
    /// One line.
    pub title: &'static str,
    /// The usual severity; context may lower or raise it.
    pub severity: Severity,
    /// The family.
    pub category: &'static str,
    /// Weakness classes, most fitting first.
    pub cwe: &'static [&'static str],
    /// OWASP Top 10 entries.
    pub owasp: &'static [&'static str],
    /// What is flagged, in a few sentences.
    pub description: &'static str,
    /// What an attacker gains.
    pub impact: &'static str,
    /// What to do.
    pub remediation: &'static str,
    /// Code that is flagged.
    pub bad: &'static str,
    /// Code that does it right.
    pub good: &'static str,
    /// Further reading (URLs).
    pub references: &'static [&'static str],
}
