//! Package URLs (ECMA-427, the package-url specification), without qualifiers and subpaths.

use super::Ecosystem;

/// The name in the form in which an ecosystem compares names.
pub(super) fn normal_name(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        // Runs of `-`, `_` and `.` are one `-` (PEP 503).
        Ecosystem::Pypi => {
            let lower = name.to_ascii_lowercase();
            let parts = lower.split(['-', '_', '.']).filter(|part| !part.is_empty());
            parts.collect::<Vec<_>>().join("-")
        }
        Ecosystem::Composer => name.to_lowercase(),
        Ecosystem::Npm
        | Ecosystem::Cargo
        | Ecosystem::Golang
        | Ecosystem::Maven
        | Ecosystem::Gem
        | Ecosystem::Nuget => name.to_owned(),
    }
}

/// The package URL.
pub(super) fn of(ecosystem: Ecosystem, name: &str, version: Option<&str>) -> String {
    let name = normal_name(ecosystem, name);
    // Module paths are case-sensitive, but the specification writes them in lower case.
    let name = match ecosystem {
        Ecosystem::Golang => name.to_lowercase(),
        Ecosystem::Maven => name.replacen(':', "/", 1),
        _ => name,
    };
    let segments: Vec<String> = name
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(encoded)
        .collect();
    let version = version.map_or(String::new(), |version| format!("@{}", encoded(version)));
    format!("pkg:{ecosystem}/{}{version}", segments.join("/"))
}

/// Percent-encoding of everything but unreserved characters and the colon.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
