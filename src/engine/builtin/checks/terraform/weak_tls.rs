//! Outdated TLS is accepted.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-weak-tls",
    area: "terraform",
    title: "Outdated TLS is accepted",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-326"],
    owasp: &["A02:2021"],
    description: "A load balancer, distribution, gateway or storage account accepts TLS 1.0 or 1.1.",
    impact: "Connections can be forced down to versions with known weaknesses.",
    remediation: "Choose a policy with TLS 1.2 or newer only.",
    bad: r#"resource "aws_lb_listener" "main" {
  protocol = "HTTPS"
  ssl_policy = "ELBSecurityPolicy-2016-08"
}
"#,
    good: r#"resource "aws_lb_listener" "main" {
  protocol = "HTTPS"
  ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
}
"#,
    references: &[
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file
        .top()
        .into_iter()
        .filter(|block| file.kind(*block) == "resource")
    {
        let nested = [
            "viewer_certificate",
            "domain_name_configuration",
            "domain_endpoint_options",
            "site_config",
        ];
        let holders = nested
            .iter()
            .flat_map(|name| file.nested(block, name))
            .chain([block]);
        for holder in holders {
            for (name, span, value) in file.attributes(holder) {
                let value = file.value(value);
                if value.text().is_some_and(|text| is_weak(name, text)) {
                    let what = format!(
                        "accepts outdated TLS ({}).",
                        value.text().unwrap_or_default()
                    );
                    claims.push(on(file, &RULE, block, span, &what).at_sink(name));
                }
            }
        }
    }
}

fn is_weak(name: &str, value: &str) -> bool {
    match name {
        "ssl_policy" => {
            value == "ELBSecurityPolicy-2016-08"
                || value == "ELBSecurityPolicy-2015-05"
                || value.starts_with("ELBSecurityPolicy-TLS-1-0-")
                || value.starts_with("ELBSecurityPolicy-TLS-1-1-")
                || value == "ELBSecurityPolicy-FS-2018-06"
                || value.starts_with("ELBSecurityPolicy-FS-1-1-")
        }
        "minimum_protocol_version" => {
            matches!(value, "SSLv3" | "TLSv1" | "TLSv1_2016" | "TLSv1.1_2016")
        }
        "security_policy" | "min_tls_version" | "minimum_tls_version" => {
            matches!(
                value,
                "TLS_1_0" | "TLS_1_1" | "TLS1_0" | "TLS1_1" | "1.0" | "1.1" | "TLS10" | "TLS11"
            )
        }
        "tls_security_policy" => value == "Policy-Min-TLS-1-0-2019-07",
        _ => false,
    }
}
