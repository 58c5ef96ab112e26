//! What tells a credential from text that only looks like one.
//!
//! Pure functions over bytes: entropy, checksums, placeholders, encoded headers.

use base64::Engine as _;

/// Shannon entropy in bits per byte.
pub(super) fn entropy(bytes: &[u8]) -> f64 {
    if bytes.is_empty() {
        return 0.0;
    }
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}

/// Whether the last six of `body` (30 + 6 characters) are the CRC-32 of the first thirty, written
/// in base 62 with the digits 0-9A-Za-z and leading zeros (GitHub's and npm's token form).
pub(super) fn crc32_base62(body: &[u8]) -> bool {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let Some((random, check)) = body.split_at_checked(30) else {
        return false;
    };
    let mut crc = crc32fast::hash(random);
    let mut expected = [b'0'; 6];
    for slot in expected.iter_mut().rev() {
        *slot = DIGITS[(crc % 62) as usize];
        crc /= 62;
    }
    check == expected
}

/// Whether `token`'s first part is the header of a JSON web token.
pub(super) fn jwt_header(token: &[u8]) -> bool {
    let header = token.split(|byte| *byte == b'.').next().unwrap_or_default();
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok())
        .is_some_and(|header| header.get("alg").is_some_and(serde_json::Value::is_string))
}

/// Texts that say "this is not real" inside a token of a fixed format.
const TOKEN_PLACEHOLDERS: &[&str] = &[
    "example",
    "xxxx",
    "0000000",
    "1234567890",
    "abcdefghij",
    "aaaaaa",
    "placeholder",
    "changeme",
    "your",
    "dummy",
    "redacted",
];

/// Texts that say so inside a value of no fixed format.
const VALUE_PLACEHOLDERS: &[&str] = &[
    "example",
    "change",
    "placeholder",
    "dummy",
    "your",
    "xxx",
    "***",
    "...",
    "todo",
    "insert",
    "replace",
    "redacted",
    "sample",
    "fake",
    "test",
    "mock",
    "foo",
    "bar",
    "123456",
    "abcdef",
    "qwerty",
    "secret",
    "password",
    "passwd",
    "token",
    "default",
    "none",
    "null",
    "undefined",
    "hidden",
    "masked",
    "lorem",
    "demo",
    "invalid",
    "correct-horse",
    "letmein",
    "username",
    "apikey",
    "api_key",
    "my_",
    "my-",
    "000000",
];

/// Whether a token of a fixed format is written as an example.
pub(super) fn placeholder_token(token: &[u8]) -> bool {
    let lower = token.to_ascii_lowercase();
    contains_any(&lower, TOKEN_PLACEHOLDERS)
}

/// Whether a free value is a placeholder, a look-up or a template.
pub(super) fn placeholder_value(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    value
        .iter()
        .any(|byte| matches!(byte, b'<' | b'>' | b'{' | b'}' | b'(' | b')' | b'[' | b']'))
        || value.starts_with(b"$")
        || value.starts_with(b"%")
        || value.starts_with(b"@")
        || contains_any(&lower, VALUE_PLACEHOLDERS)
}

fn contains_any(text: &[u8], needles: &[&str]) -> bool {
    needles.iter().any(|needle| {
        text.windows(needle.len())
            .any(|window| window == needle.as_bytes())
    })
}

/// Number of different bytes.
pub(super) fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    seen.iter().filter(|seen| **seen).count()
}
