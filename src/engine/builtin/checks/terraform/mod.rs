//! Checks on Terraform files: one file each, over blocks with their position.
//!
//! A file is looked at alone: what another file may say is never claimed to be missing.

mod azure_public_blob;
mod cloudtrail;
mod firewall;
mod gcp_public_member;
mod hardcoded_credential;
mod iam_wildcard;
mod instance_metadata;
mod key_rotation;
mod mutable_tags;
mod open_admin_port;
mod plain_http;
mod plain_transit;
mod policy;
mod public_access_block;
mod public_bucket_acl;
mod public_cluster;
mod public_database;
mod public_principal;
mod unencrypted_storage;
mod unpinned_module;
mod weak_tls;

use crate::engine::builtin::{
    claim::Claim,
    rule::Rule,
    syntax::hcl::{Block, Hcl},
};
use std::ops::Range;

/// One check and the rules it may claim.
pub(crate) struct TerraformCheck {
    pub(crate) name: &'static str,
    pub(crate) rules: &'static [&'static Rule],
    pub(crate) run: fn(&Hcl<'_>, &mut Vec<Claim>),
}

/// Every check of this area.
pub(crate) static CHECKS: &[TerraformCheck] = &[
    TerraformCheck {
        name: "azure_public_blob",
        rules: &[&azure_public_blob::RULE],
        run: azure_public_blob::check,
    },
    TerraformCheck {
        name: "cloudtrail",
        rules: &[&cloudtrail::RULE],
        run: cloudtrail::check,
    },
    TerraformCheck {
        name: "gcp_public_member",
        rules: &[&gcp_public_member::RULE],
        run: gcp_public_member::check,
    },
    TerraformCheck {
        name: "hardcoded_credential",
        rules: &[&hardcoded_credential::RULE],
        run: hardcoded_credential::check,
    },
    TerraformCheck {
        name: "iam_wildcard",
        rules: &[&iam_wildcard::RULE],
        run: iam_wildcard::check,
    },
    TerraformCheck {
        name: "instance_metadata",
        rules: &[&instance_metadata::RULE],
        run: instance_metadata::check,
    },
    TerraformCheck {
        name: "key_rotation",
        rules: &[&key_rotation::RULE],
        run: key_rotation::check,
    },
    TerraformCheck {
        name: "mutable_tags",
        rules: &[&mutable_tags::RULE],
        run: mutable_tags::check,
    },
    TerraformCheck {
        name: "open_admin_port",
        rules: &[&open_admin_port::RULE],
        run: open_admin_port::check,
    },
    TerraformCheck {
        name: "plain_http",
        rules: &[&plain_http::RULE],
        run: plain_http::check,
    },
    TerraformCheck {
        name: "plain_transit",
        rules: &[&plain_transit::RULE],
        run: plain_transit::check,
    },
    TerraformCheck {
        name: "public_access_block",
        rules: &[&public_access_block::RULE],
        run: public_access_block::check,
    },
    TerraformCheck {
        name: "public_bucket_acl",
        rules: &[&public_bucket_acl::RULE],
        run: public_bucket_acl::check,
    },
    TerraformCheck {
        name: "public_cluster",
        rules: &[&public_cluster::RULE],
        run: public_cluster::check,
    },
    TerraformCheck {
        name: "public_database",
        rules: &[&public_database::RULE],
        run: public_database::check,
    },
    TerraformCheck {
        name: "public_principal",
        rules: &[&public_principal::RULE],
        run: public_principal::check,
    },
    TerraformCheck {
        name: "unencrypted_storage",
        rules: &[&unencrypted_storage::RULE],
        run: unencrypted_storage::check,
    },
    TerraformCheck {
        name: "unpinned_module",
        rules: &[&unpinned_module::RULE],
        run: unpinned_module::check,
    },
    TerraformCheck {
        name: "weak_tls",
        rules: &[&weak_tls::RULE],
        run: weak_tls::check,
    },
];

/// Whether a file holds Terraform code, by name.
pub(crate) fn is_terraform(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with(".tf")
}

/// A claim on a block.
fn on(file: &Hcl<'_>, rule: &'static Rule, block: Block, span: Range<usize>, what: &str) -> Claim {
    let address = file.address(block);
    Claim::new(rule, span, format!("{address} {what}")).in_symbol(address)
}
