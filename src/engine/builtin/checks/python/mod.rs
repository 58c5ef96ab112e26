//! Checks on Python syntax: one file each, all asking the same small semantic model.
//!
//! How to add one, with its fixtures, snapshot and page: `docs/design/engine.md`.

mod archive_extraction;
mod bind_all;
mod code_execution;
mod command_injection;
mod cors_credentials;
mod csrf_off;
mod debug_mode;
mod file_permissions;
mod insecure_cookie;
mod insecure_random;
mod jwt_verification;
mod ldap_injection;
mod open_redirect;
mod path_traversal;
mod reflected_xss;
mod secret_key;
mod server_side_request;
mod sql_injection;
mod ssh_host_key;
mod template_escaping;
mod temporary_file;
mod tls_verification;
mod unsafe_deserialization;
mod weak_cipher;
mod weak_hash;
mod weak_key;
mod weak_tls;
mod xml_entities;

use crate::engine::builtin::{
    claim::Claim,
    rule::Rule,
    syntax::{python::Module, tree::NodeId},
};

/// One check and the rules it may claim.
pub(crate) struct PythonCheck {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static Rule],
    pub(crate) run: fn(&Module<'_>, &mut Vec<Claim>),
}

/// Every Python check.
pub(crate) static CHECKS: &[PythonCheck] = &[
    PythonCheck {
        name: "archive_extraction",
        rules: &[&archive_extraction::RULE],
        run: archive_extraction::check,
    },
    PythonCheck {
        name: "bind_all",
        rules: &[&bind_all::RULE],
        run: bind_all::check,
    },
    PythonCheck {
        name: "code_execution",
        rules: &[&code_execution::RULE],
        run: code_execution::check,
    },
    PythonCheck {
        name: "command_injection",
        rules: &[&command_injection::RULE],
        run: command_injection::check,
    },
    PythonCheck {
        name: "debug_mode",
        rules: &[&debug_mode::RULE],
        run: debug_mode::check,
    },
    PythonCheck {
        name: "insecure_random",
        rules: &[&insecure_random::RULE],
        run: insecure_random::check,
    },
    PythonCheck {
        name: "jwt_verification",
        rules: &[&jwt_verification::RULE],
        run: jwt_verification::check,
    },
    PythonCheck {
        name: "secret_key",
        rules: &[&secret_key::RULE],
        run: secret_key::check,
    },
    PythonCheck {
        name: "sql_injection",
        rules: &[&sql_injection::RULE],
        run: sql_injection::check,
    },
    PythonCheck {
        name: "template_escaping",
        rules: &[&template_escaping::ESCAPING, &template_escaping::INJECTION],
        run: template_escaping::check,
    },
    PythonCheck {
        name: "temporary_file",
        rules: &[&temporary_file::RULE],
        run: temporary_file::check,
    },
    PythonCheck {
        name: "tls_verification",
        rules: &[&tls_verification::RULE],
        run: tls_verification::check,
    },
    PythonCheck {
        name: "unsafe_deserialization",
        rules: &[&unsafe_deserialization::RULE],
        run: unsafe_deserialization::check,
    },
    PythonCheck {
        name: "weak_cipher",
        rules: &[&weak_cipher::RULE],
        run: weak_cipher::check,
    },
    PythonCheck {
        name: "weak_hash",
        rules: &[&weak_hash::RULE],
        run: weak_hash::check,
    },
    PythonCheck {
        name: "xml_entities",
        rules: &[&xml_entities::RULE],
        run: xml_entities::check,
    },
    PythonCheck {
        name: "cors_credentials",
        rules: &[&cors_credentials::RULE],
        run: cors_credentials::check,
    },
    PythonCheck {
        name: "csrf_off",
        rules: &[&csrf_off::RULE],
        run: csrf_off::check,
    },
    PythonCheck {
        name: "file_permissions",
        rules: &[&file_permissions::RULE],
        run: file_permissions::check,
    },
    PythonCheck {
        name: "insecure_cookie",
        rules: &[&insecure_cookie::RULE],
        run: insecure_cookie::check,
    },
    PythonCheck {
        name: "ldap_injection",
        rules: &[&ldap_injection::RULE],
        run: ldap_injection::check,
    },
    PythonCheck {
        name: "open_redirect",
        rules: &[&open_redirect::RULE],
        run: open_redirect::check,
    },
    PythonCheck {
        name: "path_traversal",
        rules: &[&path_traversal::RULE],
        run: path_traversal::check,
    },
    PythonCheck {
        name: "reflected_xss",
        rules: &[&reflected_xss::RULE],
        run: reflected_xss::check,
    },
    PythonCheck {
        name: "server_side_request",
        rules: &[&server_side_request::RULE],
        run: server_side_request::check,
    },
    PythonCheck {
        name: "ssh_host_key",
        rules: &[&ssh_host_key::RULE],
        run: ssh_host_key::check,
    },
    PythonCheck {
        name: "weak_key",
        rules: &[&weak_key::RULE],
        run: weak_key::check,
    },
    PythonCheck {
        name: "weak_tls",
        rules: &[&weak_tls::RULE],
        run: weak_tls::check,
    },
];

/// A claim on a node.
fn at(module: &Module<'_>, rule: &'static Rule, node: NodeId, detail: &str) -> Claim {
    Claim::new(rule, module.span(node), detail).in_symbol(module.symbol(node))
}
