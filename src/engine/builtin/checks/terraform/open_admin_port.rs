//! Administration or database port open to the internet.

use super::{firewall, on};
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::hcl::Hcl},
};

pub(crate) static RULE: Rule = Rule {
    id: "terraform-open-admin-port",
    area: "terraform",
    title: "Administration or database port open to the internet",
    severity: Severity::High,
    category: "configuration",
    cwe: &["CWE-284"],
    owasp: &["A01:2021"],
    description: "A firewall rule of AWS, Azure or Google Cloud lets the whole internet reach a port for administration or a database, or every port.",
    impact: "Scanners find it in minutes; a weak password or a fault of the service is enough.",
    remediation: "Allow only the networks that need it; reach administration through a VPN, a bastion or a session manager.",
    bad: r#"resource "aws_security_group" "main" {
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"#,
    good: r#"resource "aws_security_group" "main" {
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"#,
    references: &[
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/security_group",
    ],
};

pub(crate) fn check(file: &Hcl<'_>, claims: &mut Vec<Claim>) {
    for rule in firewall::inbound(file) {
        if !rule.from_everywhere {
            continue;
        }
        let Some(what) = exposed(&rule) else { continue };
        let what = format!("lets the whole internet reach {what}.");
        claims.push(on(file, &RULE, rule.block, rule.span, &what).at_sink("ingress"));
    }
}

const PORTS: &[(u32, &str)] = &[
    (22, "SSH"),
    (23, "Telnet"),
    (445, "SMB"),
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2375, "Docker"),
    (2379, "etcd"),
    (3306, "MySQL"),
    (3389, "Remote Desktop"),
    (5432, "PostgreSQL"),
    (5601, "Kibana"),
    (5900, "VNC"),
    (6379, "Redis"),
    (6443, "the Kubernetes API"),
    (9200, "Elasticsearch"),
    (11211, "memcached"),
    (27017, "MongoDB"),
];

fn exposed(rule: &firewall::Inbound) -> Option<String> {
    if rule.ports.contains(&(0, 65_535)) {
        return Some("every port".to_owned());
    }
    let hit = PORTS.iter().find(|(port, _)| {
        rule.ports
            .iter()
            .any(|(from, to)| from <= port && port <= to)
    });
    hit.map(|(port, name)| format!("{name} (port {port})"))
}
