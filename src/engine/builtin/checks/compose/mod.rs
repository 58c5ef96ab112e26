//! Checks on compose files: one file each, over services with their position.

mod capability;
mod docker_socket;
mod host_namespace;
mod privileged;
mod published_database;
mod secret_in_environment;
mod sensitive_mount;
mod unconfined;

use crate::engine::builtin::{
    claim::Claim,
    rule::Rule,
    syntax::yaml::{ValueId, Yaml},
};
use std::ops::Range;

/// One check and the rules it may claim.
pub(crate) struct ComposeCheck {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static Rule],
    pub(crate) run: fn(&Yaml, &mut Vec<Claim>),
}

/// Every check of this area.
pub(crate) static CHECKS: &[ComposeCheck] = &[
    ComposeCheck {
        name: "capability",
        rules: &[&capability::RULE],
        run: capability::check,
    },
    ComposeCheck {
        name: "docker_socket",
        rules: &[&docker_socket::RULE],
        run: docker_socket::check,
    },
    ComposeCheck {
        name: "host_namespace",
        rules: &[&host_namespace::RULE],
        run: host_namespace::check,
    },
    ComposeCheck {
        name: "privileged",
        rules: &[&privileged::RULE],
        run: privileged::check,
    },
    ComposeCheck {
        name: "published_database",
        rules: &[&published_database::RULE],
        run: published_database::check,
    },
    ComposeCheck {
        name: "secret_in_environment",
        rules: &[&secret_in_environment::RULE],
        run: secret_in_environment::check,
    },
    ComposeCheck {
        name: "sensitive_mount",
        rules: &[&sensitive_mount::RULE],
        run: sensitive_mount::check,
    },
    ComposeCheck {
        name: "unconfined",
        rules: &[&unconfined::RULE],
        run: unconfined::check,
    },
];

/// Whether a file is a compose file, by name.
pub(crate) fn is_compose(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    yaml && (name.starts_with("docker-compose")
        || name.starts_with("compose.")
        || name.starts_with("compose-"))
}

/// The services with their names.
fn services(yaml: &Yaml) -> Vec<(String, ValueId)> {
    let services = yaml.root().and_then(|root| yaml.get(root, "services"));
    services
        .map(|services| yaml.entries(services))
        .unwrap_or_default()
        .into_iter()
        .map(|(key, value)| (key.text.clone(), value))
        .collect()
}

/// Folders and files of the host a service mounts: source, place, whether read-only.
fn mounts(yaml: &Yaml, service: ValueId) -> Vec<(String, Range<usize>, bool)> {
    let Some(volumes) = yaml.get(service, "volumes") else {
        return Vec::new();
    };
    let mut mounts = Vec::new();
    for item in yaml.items(volumes) {
        if let Some(text) = yaml.scalar(*item) {
            let mut parts = text.split(':');
            let source = parts.next().unwrap_or_default().to_owned();
            let options = parts.nth(1).unwrap_or_default();
            let read_only = options.split(',').any(|option| option == "ro");
            if text.contains(':') {
                mounts.push((source, yaml.span(*item), read_only));
            }
        } else if let Some(source) = yaml
            .get(*item, "source")
            .and_then(|source| yaml.scalar(source))
        {
            let read_only = yaml
                .get(*item, "read_only")
                .and_then(|value| yaml.scalar(value))
                == Some("true");
            mounts.push((source.to_owned(), yaml.span(*item), read_only));
        }
    }
    mounts
}

/// The variables of a service: name, value, place.
fn environment(yaml: &Yaml, service: ValueId) -> Vec<(String, String, Range<usize>)> {
    let Some(environment) = yaml.get(service, "environment") else {
        return Vec::new();
    };
    let mut variables = Vec::new();
    for (key, value) in yaml.entries(environment) {
        if let Some(text) = yaml.scalar(value) {
            variables.push((
                key.text.clone(),
                text.to_owned(),
                key.span.start..yaml.span(value).end,
            ));
        }
    }
    for item in yaml.items(environment) {
        if let Some((name, value)) = yaml.scalar(*item).and_then(|text| text.split_once('=')) {
            variables.push((name.to_owned(), value.to_owned(), yaml.span(*item)));
        }
    }
    variables
}
