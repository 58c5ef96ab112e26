//! The egress guard: which addresses a host named by a user may lead to.
//!
//! A name is resolved once, every answer is judged, and the caller connects to exactly the judged
//! addresses; a second look-up could give another answer (DNS rebinding). Addresses count as
//! public only when they are: the IANA special-purpose registries (RFC 6890 and updates) are
//! refused, including forms that carry an IPv4 address inside an IPv6 one.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs},
};

/// Whether an address is reachable on the public internet and nowhere else.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, private use, loopback, link-local.
        [0 | 10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [169, 254, ..] => true,
        // Carrier-grade NAT, benchmarking.
        [100, 64..=127, ..] | [198, 18..=19, ..] => true,
        // Protocol assignments, documentation, 6to4 relays.
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Protocol assignments (with Teredo), documentation, 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] => false,
        [0x3fff, 0..=0xfff, ..] => false,
        // Global unicast; everything else is local, multicast, mapped, translated or unassigned.
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

/// What a guard says about a host.
#[derive(Debug)]
pub enum Verdict {
    /// These addresses, and no others, may be connected to.
    Connect(Vec<IpAddr>),
    /// At least one address is not public, and the host is not on the list of exceptions.
    Refused,
    /// The name could not be resolved.
    Unresolved(io::Error),
}

/// Resolves a host (a name, or an address without brackets) once and judges every answer.
///
/// `exceptions` are hosts (`host` or `host:port`, IPv6 in brackets before a port) that may lead
/// anywhere. Blocks for the look-up.
pub fn judge(host: &str, port: u16, exceptions: &[String]) -> Verdict {
    let resolved = match host.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => match (host, port).to_socket_addrs() {
            Ok(found) => {
                let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
                addresses.dedup();
                addresses
            }
            Err(error) => return Verdict::Unresolved(error),
        },
    };
    if resolved.is_empty() {
        return Verdict::Unresolved(io::Error::from(io::ErrorKind::NotFound));
    }
    if is_exception(host, port, exceptions) || resolved.iter().copied().all(is_public) {
        Verdict::Connect(resolved)
    } else {
        Verdict::Refused
    }
}

/// Whether the list of exceptions names this host.
pub fn is_exception(host: &str, port: u16, exceptions: &[String]) -> bool {
    let bare = host.to_ascii_lowercase();
    let bracketed = if bare.contains(':') {
        format!("[{bare}]")
    } else {
        bare.clone()
    };
    let with_port = format!("{bracketed}:{port}");
    exceptions.iter().any(|entry| {
        let entry = entry.trim().to_ascii_lowercase();
        entry == bare || entry == bracketed || entry == with_port
    })
}

#[cfg(test)]
mod tests;
