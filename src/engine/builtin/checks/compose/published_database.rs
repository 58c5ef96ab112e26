//! Data stores that listen to the network.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::yaml::Yaml},
};

pub(crate) static RULE: Rule = Rule {
    id: "compose-published-database",
    area: "compose",
    title: "Data store published on every interface",
    severity: Severity::Low,
    category: "configuration",
    cwe: &["CWE-1327"],
    owasp: &["A05:2021"],
    description: "A port of a database, cache or search engine is published on all addresses of the host.",
    impact: "On a server it is open to the network, past the host's firewall rules that Docker goes around.",
    remediation: "Publish it on 127.0.0.1 or not at all: services of one project reach each other without it.",
    bad: r#"services:
  app:
    image: app:1.0
    ports:
      - "5432:5432"
"#,
    good: r#"services:
  app:
    image: app:1.0
    ports:
      - "127.0.0.1:5432:5432"
"#,
    references: &["https://docs.docker.com/engine/network/packet-filtering-firewalls/"],
};

const PORTS: &[&str] = &[
    "5432", "3306", "1433", "1521", "27017", "6379", "9200", "11211", "5984", "9042", "2375",
    "2379",
];

pub(crate) fn check(yaml: &Yaml, claims: &mut Vec<Claim>) {
    for (name, service) in super::services(yaml) {
        for item in yaml
            .get(service, "ports")
            .map(|list| yaml.items(list))
            .unwrap_or_default()
        {
            let (open, port) = match yaml.scalar(*item) {
                Some(text) => {
                    let text = text.split('/').next().unwrap_or(text);
                    let parts: Vec<&str> = text.split(':').collect();
                    (
                        parts.len() == 2 || parts.len() == 3 && parts[0] == "0.0.0.0",
                        parts.last().copied().unwrap_or_default().to_owned(),
                    )
                }
                None => {
                    let address = yaml
                        .get(*item, "host_ip")
                        .and_then(|ip| yaml.scalar(ip))
                        .unwrap_or("0.0.0.0");
                    let target = yaml
                        .get(*item, "target")
                        .and_then(|port| yaml.scalar(port))
                        .unwrap_or_default();
                    (
                        address == "0.0.0.0" && yaml.get(*item, "published").is_some(),
                        target.to_owned(),
                    )
                }
            };
            if open && PORTS.contains(&port.as_str()) {
                claims.push(
                    Claim::new(
                        &RULE,
                        yaml.span(*item),
                        format!("The service {name} publishes port {port} on every interface."),
                    )
                    .in_symbol(name.clone())
                    .at_sink("ports"),
                );
            }
        }
    }
}
