//! Inbound rules of firewalls, however a provider writes them.

use crate::engine::builtin::syntax::hcl::{Block, Hcl};
use std::ops::Range;

/// What is let in.
pub(super) struct Inbound {
    /// The resource.
    pub(super) block: Block,
    pub(super) span: Range<usize>,
    pub(super) from_everywhere: bool,
    /// First and last port of each range.
    pub(super) ports: Vec<(u32, u32)>,
}

const ALL: (u32, u32) = (0, 65_535);

/// Every inbound rule of a file.
pub(super) fn inbound(file: &Hcl<'_>) -> Vec<Inbound> {
    let mut rules = Vec::new();
    for block in file.resources(&["aws_security_group", "aws_default_security_group"]) {
        rules.extend(
            file.nested(block, "ingress")
                .into_iter()
                .map(|inner| of_aws(file, block, inner)),
        );
    }
    for block in file.resources(&["aws_security_group_rule"]) {
        if file
            .setting(block, "type")
            .is_some_and(|(_, kind)| kind.text() == Some("ingress"))
        {
            rules.push(of_aws(file, block, block));
        }
    }
    for block in file.resources(&["aws_vpc_security_group_ingress_rule"]) {
        rules.push(of_aws(file, block, block));
    }
    for block in file.resources(&["google_compute_firewall"]) {
        rules.extend(of_google(file, block));
    }
    for block in file.resources(&["azurerm_network_security_group"]) {
        rules.extend(
            file.nested(block, "security_rule")
                .into_iter()
                .filter_map(|inner| of_azure(file, block, inner)),
        );
    }
    for block in file.resources(&["azurerm_network_security_rule"]) {
        rules.extend(of_azure(file, block, block));
    }
    rules
}

fn of_aws(file: &Hcl<'_>, block: Block, inner: Block) -> Inbound {
    let text = |key: &str| {
        let value = file.setting(inner, key).map(|(_, value)| value);
        value.and_then(|value| value.text().map(str::to_owned))
    };
    let keys = ["cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"];
    let everywhere = keys.iter().find_map(|key| {
        let (span, value) = file.setting(inner, key)?;
        let open = value.texts().iter().any(|range| is_everywhere(range));
        open.then_some(span)
    });
    let protocol = text("protocol").or_else(|| text("ip_protocol"));
    let number = |key: &str| text(key).and_then(|text| text.parse().ok());
    let ports = match (protocol.as_deref(), number("from_port"), number("to_port")) {
        (Some("-1" | "all"), ..) => vec![ALL],
        (_, Some(from), Some(to)) => vec![(from, to)],
        _ => Vec::new(),
    };
    Inbound {
        block,
        from_everywhere: everywhere.is_some(),
        span: everywhere.unwrap_or_else(|| file.head(inner)),
        ports,
    }
}

fn of_google(file: &Hcl<'_>, block: Block) -> Option<Inbound> {
    let outbound = file
        .setting(block, "direction")
        .is_some_and(|(_, value)| value.text() == Some("EGRESS"));
    let (span, ranges) = file.setting(block, "source_ranges")?;
    let mut ports = Vec::new();
    for allow in file.nested(block, "allow") {
        let protocol = file.setting(allow, "protocol").map(|(_, value)| value);
        let named = protocol.as_ref().and_then(|value| value.text());
        match file.setting(allow, "ports") {
            Some((_, list)) => ports.extend(list.texts().into_iter().filter_map(range)),
            None if matches!(named, Some("tcp" | "udp" | "all")) => ports.push(ALL),
            None => {}
        }
    }
    (!outbound).then(|| Inbound {
        block,
        from_everywhere: ranges.texts().iter().any(|range| is_everywhere(range)),
        span,
        ports,
    })
}

fn of_azure(file: &Hcl<'_>, block: Block, inner: Block) -> Option<Inbound> {
    let is = |key: &str, wanted: &str| {
        file.setting(inner, key).is_some_and(|(_, value)| {
            value
                .text()
                .is_some_and(|text| text.eq_ignore_ascii_case(wanted))
        })
    };
    if !is("direction", "Inbound") || !is("access", "Allow") {
        return None;
    }
    let (span, source) = file.setting(inner, "source_address_prefix")?;
    let keys = ["destination_port_range", "destination_port_ranges"];
    let lists = keys.iter().filter_map(|key| file.setting(inner, key));
    let ports = lists.flat_map(|(_, list)| {
        list.texts()
            .into_iter()
            .filter_map(range)
            .collect::<Vec<_>>()
    });
    Some(Inbound {
        block,
        from_everywhere: source.text().is_some_and(is_everywhere),
        span,
        ports: ports.collect(),
    })
}

fn is_everywhere(range: &str) -> bool {
    matches!(
        range,
        "0.0.0.0/0" | "::/0" | "*" | "Internet" | "0.0.0.0" | "any"
    )
}

/// `22`, `3000-4000` or `*`.
fn range(text: &str) -> Option<(u32, u32)> {
    if text == "*" {
        return Some(ALL);
    }
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
}
