//! Detectors, by what they read.

pub(crate) mod compose;
pub(crate) mod dockerfile;
pub(crate) mod github_actions;
pub(crate) mod helm;
pub(crate) mod javascript;
pub(crate) mod kubernetes;
pub(crate) mod python;
pub(crate) mod terraform;

/// Whether a setting called `name` is given a credential literally: not empty, no reference, no
/// placeholder, no default that everybody knows.
pub(crate) fn is_plain_credential(name: &str, value: &str) -> bool {
    let name = name.to_lowercase();
    let about = [
        "password",
        "passwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "access_key",
        "private_key",
    ]
    .iter()
    .any(|word| name.contains(word));
    let other = [
        "_file",
        "_path",
        "_url",
        "_uri",
        "_name",
        "_id",
        "_expire",
        "_ttl",
        "_type",
        "_len",
        "_header",
        "allow_empty",
        "random",
        "_method",
        "_hash",
        "_policy",
        "public",
    ]
    .iter()
    .any(|word| name.contains(word));
    let lower = value.to_lowercase();
    let placeholder = [
        "example",
        "change",
        "placeholder",
        "your",
        "xxx",
        "dummy",
        "password",
        "secret",
        "test",
        "none",
        "null",
        "true",
        "false",
        "yes",
        "no",
        "demo",
        "token",
        "default",
        "sample",
        "foo",
    ]
    .iter()
    .any(|word| lower == *word || (word.len() > 3 && lower.contains(word)));
    let distinct = value
        .chars()
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    about
        && !other
        && !placeholder
        && value.len() >= 8
        && distinct >= 6
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && !value.contains(['$', '{', '<', '/', ' '])
}
