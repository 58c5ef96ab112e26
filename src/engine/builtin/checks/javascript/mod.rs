//! Checks on the syntax of JavaScript and TypeScript: one file each, all asking the same small model.
//!
//! A value that is seen to come from a request, or from the address of the page, makes a finding; a
//! value of unknown origin mostly makes a lead.

mod code_execution;
mod command_injection;
mod cors_credentials;
mod deserialization;
mod dom_xss;
mod electron;
mod helmet_off;
mod insecure_cookie;
mod insecure_random;
mod jwt_secret;
mod jwt_verification;
mod open_redirect;
mod path_traversal;
mod post_message;
mod react_html;
mod reflected_xss;
mod regex_injection;
mod sql_injection;
mod ssrf;
mod tls_verification;
mod weak_cipher;
mod weak_hash;

use crate::engine::builtin::{
    claim::Claim,
    rule::Rule,
    syntax::{javascript::Script, tree::NodeId},
};

/// One check and the rules it may claim.
pub(crate) struct JavascriptCheck {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static Rule],
    pub(crate) run: fn(&Script<'_>, &mut Vec<Claim>),
}

/// Every check of this area.
pub(crate) static CHECKS: &[JavascriptCheck] = &[
    JavascriptCheck {
        name: "code_execution",
        rules: &[&code_execution::RULE],
        run: code_execution::check,
    },
    JavascriptCheck {
        name: "command_injection",
        rules: &[&command_injection::RULE],
        run: command_injection::check,
    },
    JavascriptCheck {
        name: "cors_credentials",
        rules: &[&cors_credentials::RULE],
        run: cors_credentials::check,
    },
    JavascriptCheck {
        name: "deserialization",
        rules: &[&deserialization::RULE],
        run: deserialization::check,
    },
    JavascriptCheck {
        name: "dom_xss",
        rules: &[&dom_xss::RULE],
        run: dom_xss::check,
    },
    JavascriptCheck {
        name: "electron",
        rules: &[&electron::RULE],
        run: electron::check,
    },
    JavascriptCheck {
        name: "helmet_off",
        rules: &[&helmet_off::RULE],
        run: helmet_off::check,
    },
    JavascriptCheck {
        name: "insecure_cookie",
        rules: &[&insecure_cookie::RULE],
        run: insecure_cookie::check,
    },
    JavascriptCheck {
        name: "insecure_random",
        rules: &[&insecure_random::RULE],
        run: insecure_random::check,
    },
    JavascriptCheck {
        name: "jwt_secret",
        rules: &[&jwt_secret::RULE],
        run: jwt_secret::check,
    },
    JavascriptCheck {
        name: "jwt_verification",
        rules: &[&jwt_verification::RULE],
        run: jwt_verification::check,
    },
    JavascriptCheck {
        name: "open_redirect",
        rules: &[&open_redirect::RULE],
        run: open_redirect::check,
    },
    JavascriptCheck {
        name: "path_traversal",
        rules: &[&path_traversal::RULE],
        run: path_traversal::check,
    },
    JavascriptCheck {
        name: "post_message",
        rules: &[&post_message::RULE],
        run: post_message::check,
    },
    JavascriptCheck {
        name: "react_html",
        rules: &[&react_html::RULE],
        run: react_html::check,
    },
    JavascriptCheck {
        name: "reflected_xss",
        rules: &[&reflected_xss::RULE],
        run: reflected_xss::check,
    },
    JavascriptCheck {
        name: "regex_injection",
        rules: &[&regex_injection::RULE],
        run: regex_injection::check,
    },
    JavascriptCheck {
        name: "sql_injection",
        rules: &[&sql_injection::RULE],
        run: sql_injection::check,
    },
    JavascriptCheck {
        name: "ssrf",
        rules: &[&ssrf::RULE],
        run: ssrf::check,
    },
    JavascriptCheck {
        name: "tls_verification",
        rules: &[&tls_verification::RULE],
        run: tls_verification::check,
    },
    JavascriptCheck {
        name: "weak_cipher",
        rules: &[&weak_cipher::RULE],
        run: weak_cipher::check,
    },
    JavascriptCheck {
        name: "weak_hash",
        rules: &[&weak_hash::RULE],
        run: weak_hash::check,
    },
];

/// A claim on a node.
fn at(script: &Script<'_>, rule: &'static Rule, node: NodeId, detail: &str) -> Claim {
    Claim::new(rule, script.span(node), detail).in_symbol(script.symbol(node))
}
