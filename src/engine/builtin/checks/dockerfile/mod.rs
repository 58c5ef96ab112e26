//! Checks on Dockerfiles: one file each.

mod exposed_ssh;
mod passwordless_sudo;
mod pipe_to_shell;
mod remote_add;
mod root_user;
mod secret_in_environment;
mod unpinned_base;
mod verification_disabled;
mod world_writable;

use crate::engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile};

/// One check and the rules it may claim.
pub(crate) struct DockerfileCheck {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static Rule],
    pub(crate) run: fn(&Dockerfile, &mut Vec<Claim>),
}

/// Every check of this area.
pub(crate) static CHECKS: &[DockerfileCheck] = &[
    DockerfileCheck {
        name: "exposed_ssh",
        rules: &[&exposed_ssh::RULE],
        run: exposed_ssh::check,
    },
    DockerfileCheck {
        name: "passwordless_sudo",
        rules: &[&passwordless_sudo::RULE],
        run: passwordless_sudo::check,
    },
    DockerfileCheck {
        name: "pipe_to_shell",
        rules: &[&pipe_to_shell::RULE],
        run: pipe_to_shell::check,
    },
    DockerfileCheck {
        name: "remote_add",
        rules: &[&remote_add::RULE],
        run: remote_add::check,
    },
    DockerfileCheck {
        name: "root_user",
        rules: &[&root_user::RULE],
        run: root_user::check,
    },
    DockerfileCheck {
        name: "secret_in_environment",
        rules: &[&secret_in_environment::RULE],
        run: secret_in_environment::check,
    },
    DockerfileCheck {
        name: "unpinned_base",
        rules: &[&unpinned_base::RULE],
        run: unpinned_base::check,
    },
    DockerfileCheck {
        name: "verification_disabled",
        rules: &[&verification_disabled::RULE],
        run: verification_disabled::check,
    },
    DockerfileCheck {
        name: "world_writable",
        rules: &[&world_writable::RULE],
        run: world_writable::check,
    },
];
