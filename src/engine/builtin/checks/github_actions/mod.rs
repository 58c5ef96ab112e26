//! Checks on GitHub Actions workflows: one file each, over triggers, jobs and steps.

mod artifact_poisoning;
mod permissions;
mod script_injection;
mod secrets_exposed;
mod self_hosted;
mod unpinned_action;
mod unsecure_commands;
mod untrusted_checkout;

use crate::engine::builtin::{
    claim::Claim,
    rule::Rule,
    syntax::yaml::{ValueId, Yaml},
};

/// One check and the rules it may claim.
pub(crate) struct WorkflowCheck {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static Rule],
    pub(crate) run: fn(&Workflow<'_>, &mut Vec<Claim>),
}

/// Every check of this area.
pub(crate) static CHECKS: &[WorkflowCheck] = &[
    WorkflowCheck {
        name: "artifact_poisoning",
        rules: &[&artifact_poisoning::RULE],
        run: artifact_poisoning::check,
    },
    WorkflowCheck {
        name: "permissions",
        rules: &[&permissions::RULE],
        run: permissions::check,
    },
    WorkflowCheck {
        name: "script_injection",
        rules: &[&script_injection::RULE],
        run: script_injection::check,
    },
    WorkflowCheck {
        name: "secrets_exposed",
        rules: &[&secrets_exposed::RULE],
        run: secrets_exposed::check,
    },
    WorkflowCheck {
        name: "self_hosted",
        rules: &[&self_hosted::RULE],
        run: self_hosted::check,
    },
    WorkflowCheck {
        name: "unpinned_action",
        rules: &[&unpinned_action::RULE],
        run: unpinned_action::check,
    },
    WorkflowCheck {
        name: "unsecure_commands",
        rules: &[&unsecure_commands::RULE],
        run: unsecure_commands::check,
    },
    WorkflowCheck {
        name: "untrusted_checkout",
        rules: &[&untrusted_checkout::RULE],
        run: untrusted_checkout::check,
    },
];

/// Whether a file is a workflow, by place.
pub(crate) fn is_workflow(path: &str) -> bool {
    let lower = path.to_lowercase();
    let yaml = lower.ends_with(".yml") || lower.ends_with(".yaml");
    yaml && (lower.starts_with(".github/workflows/") || lower.contains("/.github/workflows/"))
}

/// A workflow as checks see it.
pub(crate) struct Workflow<'a> {
    pub(crate) yaml: &'a Yaml,
    triggers: Vec<&'a str>,
}

/// A step of a job.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) job: String,
    pub(crate) step: ValueId,
    /// Place among the job's steps.
    pub(crate) index: usize,
}

impl<'a> Workflow<'a> {
    pub(crate) fn new(yaml: &'a Yaml) -> Self {
        let on = yaml
            .root()
            .and_then(|root| yaml.get(root, "on").or_else(|| yaml.get(root, "true")));
        Self {
            yaml,
            triggers: on.map(|on| yaml.names(on)).unwrap_or_default(),
        }
    }

    pub(crate) fn has_trigger(&self, name: &str) -> bool {
        self.triggers.contains(&name)
    }

    /// The jobs with their names.
    pub(crate) fn jobs(&self) -> Vec<(String, ValueId)> {
        let jobs = self
            .yaml
            .root()
            .and_then(|root| self.yaml.get(root, "jobs"));
        jobs.map(|jobs| self.yaml.entries(jobs))
            .unwrap_or_default()
            .into_iter()
            .map(|(key, value)| (key.text.clone(), value))
            .collect()
    }

    /// The steps of every job.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for (job, value) in self.jobs() {
            let items = self
                .yaml
                .get(value, "steps")
                .map(|list| self.yaml.items(list))
                .unwrap_or_default();
            steps.extend(items.iter().enumerate().map(|(index, step)| Step {
                job: job.clone(),
                step: *step,
                index,
            }));
        }
        steps
    }
}
