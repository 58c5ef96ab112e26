//! Checks on Kubernetes objects: one file each, over objects and containers with their position.

mod anonymous_binding;
mod automount_token;
mod capability;
mod cluster_admin;
mod host_namespace;
mod host_path;
mod host_port;
mod latest_image;
pub(crate) mod model;
mod privilege_escalation;
mod privileged;
mod rbac_escalation;
mod rbac_wildcard;
mod resource_limits;
mod run_as_root;
mod runtime_socket;
mod secret_in_environment;
mod secret_in_manifest;
mod unconfined;

pub(crate) use model::{Manifests, may_be_kubernetes};

use crate::engine::builtin::{claim::Claim, rule::Rule};

/// One check and the rules it may claim.
pub(crate) struct KubernetesCheck {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static Rule],
    pub(crate) run: fn(&Manifests<'_>, &mut Vec<Claim>),
}

/// Every check of this area.
pub(crate) static CHECKS: &[KubernetesCheck] = &[
    KubernetesCheck {
        name: "anonymous_binding",
        rules: &[&anonymous_binding::RULE],
        run: anonymous_binding::check,
    },
    KubernetesCheck {
        name: "automount_token",
        rules: &[&automount_token::RULE],
        run: automount_token::check,
    },
    KubernetesCheck {
        name: "capability",
        rules: &[&capability::RULE],
        run: capability::check,
    },
    KubernetesCheck {
        name: "cluster_admin",
        rules: &[&cluster_admin::RULE],
        run: cluster_admin::check,
    },
    KubernetesCheck {
        name: "host_namespace",
        rules: &[&host_namespace::RULE],
        run: host_namespace::check,
    },
    KubernetesCheck {
        name: "host_path",
        rules: &[&host_path::RULE],
        run: host_path::check,
    },
    KubernetesCheck {
        name: "host_port",
        rules: &[&host_port::RULE],
        run: host_port::check,
    },
    KubernetesCheck {
        name: "latest_image",
        rules: &[&latest_image::RULE],
        run: latest_image::check,
    },
    KubernetesCheck {
        name: "privilege_escalation",
        rules: &[&privilege_escalation::RULE],
        run: privilege_escalation::check,
    },
    KubernetesCheck {
        name: "privileged",
        rules: &[&privileged::RULE],
        run: privileged::check,
    },
    KubernetesCheck {
        name: "rbac_escalation",
        rules: &[&rbac_escalation::RULE],
        run: rbac_escalation::check,
    },
    KubernetesCheck {
        name: "rbac_wildcard",
        rules: &[&rbac_wildcard::RULE],
        run: rbac_wildcard::check,
    },
    KubernetesCheck {
        name: "resource_limits",
        rules: &[&resource_limits::RULE],
        run: resource_limits::check,
    },
    KubernetesCheck {
        name: "run_as_root",
        rules: &[&run_as_root::RULE],
        run: run_as_root::check,
    },
    KubernetesCheck {
        name: "runtime_socket",
        rules: &[&runtime_socket::RULE],
        run: runtime_socket::check,
    },
    KubernetesCheck {
        name: "secret_in_environment",
        rules: &[&secret_in_environment::RULE],
        run: secret_in_environment::check,
    },
    KubernetesCheck {
        name: "secret_in_manifest",
        rules: &[&secret_in_manifest::RULE],
        run: secret_in_manifest::check,
    },
    KubernetesCheck {
        name: "unconfined",
        rules: &[&unconfined::RULE],
        run: unconfined::check,
    },
];
