//! Checks on Helm charts: their values, and what templates make of them. The objects in templates
//! are judged by the Kubernetes checks.

mod latest_image;
mod privileged_default;
mod secret_in_values;
pub(crate) mod shell_interpolation;

use crate::engine::builtin::{
    claim::Claim,
    rule::Rule,
    syntax::yaml::{ValueId, Yaml},
};
use std::ops::Range;

/// One check and the rules it may claim.
pub(crate) struct HelmCheck {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static Rule],
    pub(crate) run: fn(&Values<'_>, &mut Vec<Claim>),
}

/// Every check on values.
pub(crate) static CHECKS: &[HelmCheck] = &[
    HelmCheck {
        name: "latest_image",
        rules: &[&latest_image::RULE],
        run: latest_image::check,
    },
    HelmCheck {
        name: "privileged_default",
        rules: &[&privileged_default::RULE],
        run: privileged_default::check,
    },
    HelmCheck {
        name: "secret_in_values",
        rules: &[&secret_in_values::RULE],
        run: secret_in_values::check,
    },
];

/// Nested deeper, settings are not looked at.
const MAX_DEPTH: usize = 24;
/// At most so many settings of one file are looked at.
const MAX_SETTINGS: usize = 20_000;

/// Whether a file holds the values of a chart, by name.
pub(crate) fn is_values(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
    yaml && (name.starts_with("values.") || name.starts_with("values-"))
}

/// The values of a chart.
pub(crate) struct Values<'a> {
    yaml: &'a Yaml,
}

/// A scalar among them.
pub(crate) struct Setting<'a> {
    /// Keys from the top, joined by dots.
    path: String,
    key: &'a str,
    text: &'a str,
    /// Key and value.
    span: Range<usize>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(yaml: &'a Yaml) -> Self {
        Self { yaml }
    }

    /// Every scalar that has a key, in order.
    fn settings(&self) -> Vec<Setting<'a>> {
        let mut settings = Vec::new();
        let mut todo: Vec<(ValueId, String, usize)> = self
            .yaml
            .root()
            .map(|root| (root, String::new(), 0))
            .into_iter()
            .collect();
        while let Some((id, path, depth)) = todo.pop() {
            if depth == MAX_DEPTH || settings.len() >= MAX_SETTINGS {
                break;
            }
            for item in self.yaml.items(id) {
                todo.push((*item, path.clone(), depth + 1));
            }
            for (key, value) in self.yaml.entries(id) {
                let path = if path.is_empty() {
                    key.text.clone()
                } else {
                    format!("{path}.{}", key.text)
                };
                match self.yaml.scalar(value) {
                    Some(text) => settings.push(Setting {
                        path,
                        key: &key.text,
                        text,
                        span: key.span.start..self.yaml.span(value).end,
                    }),
                    None => todo.push((value, path, depth + 1)),
                }
            }
        }
        settings.sort_by_key(|setting| setting.span.start);
        settings
    }
}
