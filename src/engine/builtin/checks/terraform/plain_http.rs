//! Unencrypted HTTP is served.

use super::on;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-plain-http",
    area: "terraform",
    title: "Unencrypted HTTP is served",
    severity: Severity::Medium,
    category: "crypto",
    cwe: &["CWE-319"],
    owasp: &["A02:2021"],
    description: "A load balancer forwards plain HTTP, a distribution allows it, or a storage account does not demand HTTPS.",
    impact: "Everybody on the way reads and changes requests and answers.",
    remediation: "Redirect HTTP to HTTPS.",
    bad: r#"resource "aws_lb_listener" "main" {
  port = 80
  protocol = "HTTP"
  default_action {
    type = "forward"
  }
}
"#,
    good: r#"resource "aws_lb_listener" "main" {
  port = 80
  protocol = "HTTP"
  default_action {
    type = "redirect"
    redirect {
      protocol = "HTTPS"
    }
  }
}
"#,
    references: &[
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lb_listener",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for block in file.resources(&["aws_lb_listener", "aws_alb_listener"]) {
        let forwards = file.nested(block, "default_action").iter().any(|action| {
            file.setting(*action, "type")
                .is_some_and(|(_, kind)| kind.text() == Some("forward"))
        });
        if let Some((span, value)) = file.setting(block, "protocol")
            && value.text() == Some("HTTP")
            && forwards
        {
            // The balancer may be an internal one, which stands in another block.
            claims.push(
                on(file, &RULE, block, span, "forwards plain HTTP.")
                    .confidence(0.6)
                    .at_sink("protocol"),
            );
        }
    }
    for block in file.resources(&["aws_cloudfront_distribution"]) {
        let behaviours = ["default_cache_behavior", "ordered_cache_behavior"];
        for inner in behaviours.iter().flat_map(|name| file.nested(block, name)) {
            if let Some((span, value)) = file.setting(inner, "viewer_protocol_policy")
                && value.text() == Some("allow-all")
            {
                claims.push(
                    on(file, &RULE, block, span, "serves plain HTTP.")
                        .at_sink("viewer_protocol_policy"),
                );
            }
        }
    }
    for block in file.resources(&["azurerm_storage_account"]) {
        for key in ["enable_https_traffic_only", "https_traffic_only_enabled"] {
            if let Some((span, value)) = file.setting(block, key)
                && value.is(false)
            {
                claims.push(on(file, &RULE, block, span, "accepts plain HTTP.").at_sink(key));
            }
        }
    }
}
