use super::*;
use crate::engine::{
    builtin::text::SourceText,
    inventory::{FileRole, Language},
};

const RANDOM: &str = "q7Zk2mWv9RtY4bNc6XsE8dHf3GjLp5QaU1oTiK0rMnBxVwDzCyFhSgJeAlP";

fn found(path: &str, text: &str) -> Vec<&'static str> {
    let source = SourceText::new(
        path,
        Language::of_path(path),
        FileRole::Production,
        text.as_bytes().to_vec(),
    );
    scan(&source, &|| false)
        .claims
        .iter()
        .map(|claim| claim.rule.id)
        .collect()
}

/// A token with GitHub's checksum, made here so that none stands in the repository.
fn checksummed(prefix: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let random = &RANDOM[..30];
    let mut crc = crc32fast::hash(random.as_bytes());
    let mut tail = Vec::new();
    for _ in 0..6 {
        tail.push(char::from(DIGITS[(crc % 62) as usize]));
        crc /= 62;
    }
    let tail: String = tail.into_iter().rev().collect();
    format!("{prefix}{random}{tail}")
}

#[test]
fn every_pattern_compiles_and_every_rule_is_told_apart() {
    let mut ids = std::collections::BTreeSet::new();
    for format in FORMATS {
        regex::bytes::RegexBuilder::new(format.pattern)
            .unicode(false)
            .build()
            .unwrap();
        assert!(ids.insert(format.rule.id), "{}", format.rule.id);
    }
    assert!(ids.len() >= 50);
}

#[test]
fn tokens_with_a_checksum_are_verified() {
    for (prefix, rule) in [
        ("ghp_", "secret-github-token"),
        ("npm_", "secret-npm-token"),
    ] {
        let token = checksummed(prefix);
        assert_eq!(found("a.js", &format!("const t = '{token}'")), [rule]);
        let mut broken = token;
        broken.pop();
        broken.push('_');
        assert!(found("a.txt", &format!("value {broken}")).is_empty());
    }
}

#[test]
fn fixed_formats_are_found() {
    let hex64 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let cases = [
        (format!("glpat-{}", &RANDOM[..20]), "secret-gitlab-token"),
        (
            format!("xoxb-493817264095-{}", &RANDOM[..24]),
            "secret-slack-token",
        ),
        (format!("sk_live_{}", &RANDOM[..24]), "secret-stripe-key"),
        (format!("AIza{}", &RANDOM[..35]), "secret-google-api-key"),
        (
            format!("SG.{}.{}", &RANDOM[..22], &RANDOM[..43]),
            "secret-sendgrid-key",
        ),
        (format!("hf_{}", &RANDOM[..34]), "secret-huggingface-token"),
        (format!("dop_v1_{hex64}"), "secret-digitalocean-token"),
        (format!("dapi{}", &hex64[..32]), "secret-databricks-token"),
        (format!("dckr_pat_{}", &RANDOM[..27]), "secret-docker-token"),
        (format!("lin_api_{}", &RANDOM[..40]), "secret-linear-key"),
        (format!("{}-us12", &hex64[..32]), "secret-mailchimp-key"),
        (
            format!("123456789:AA{}", &RANDOM[..33]),
            "secret-telegram-bot-token",
        ),
        (
            format!("{}.atlasv1.{RANDOM}{}", &RANDOM[..14], &RANDOM[..5]),
            "secret-terraform-cloud-token",
        ),
        (
            format!("sk-{}T3Blbk{}{}", &RANDOM[..20], "FJ", &RANDOM[20..40]),
            "secret-openai-key",
        ),
        (
            format!("AccountKey={RANDOM}{}==", &RANDOM[..27]),
            "secret-azure-storage-key",
        ),
    ];
    for (token, rule) in cases {
        assert_eq!(
            found("a.go", &format!("x := f(\"{token}\")")),
            [rule],
            "{rule}"
        );
    }
}

#[test]
fn an_access_key_with_its_secret_is_critical_and_the_documented_example_is_nothing() {
    let id = format!("AKIA{}", "Q3XZ7RTBW2MNPLK5");
    let text = format!("id = {id}\nsecret = {}\n", &RANDOM[..40]);
    let source = SourceText::new("a.txt", None, FileRole::Production, text.into_bytes());
    let claims = scan(&source, &|| false).claims;
    assert_eq!(claims[0].severity, Severity::Critical);
    assert!(found("a.txt", "AKIAIOSFODNN7EXAMPLE").is_empty());
}

#[test]
fn private_keys_are_whole_blocks_and_public_ones_are_left_alone() {
    let body = RANDOM.repeat(4);
    let block = |kind: &str| format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n");
    assert_eq!(
        found("id", &block("RSA PRIVATE KEY")),
        ["secret-private-key"]
    );
    assert_eq!(
        found("id", &block("PRIVATE KEY").replace('\n', "\\n")),
        ["secret-private-key"]
    );
    assert!(found("id", &block("PUBLIC KEY")).is_empty());
    assert!(found("id", &block("CERTIFICATE")).is_empty());
    assert!(
        found(
            "id",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"
        )
        .is_empty()
    );
}

#[test]
fn addresses_with_passwords_are_found_unless_local_or_placeholders() {
    let url = |rest: &str| format!("url = '{}{rest}'", "postgres:/");
    assert_eq!(
        found("a.py", &url("/app:k3Jd9xQp@db.internal:5432/x")),
        ["secret-database-url"]
    );
    for harmless in [
        "/app:k3Jd9xQp@localhost/x",
        "/postgres:postgres@db/x",
        "/user:${PASSWORD}@db/x",
        "/user:password@db/x",
        "/db.internal/x",
    ] {
        assert!(found("a.py", &url(harmless)).is_empty(), "{harmless}");
    }
}

#[test]
fn assigned_values_must_look_random() {
    let value = &RANDOM[..24];
    assert_eq!(
        found("a.py", &format!("API_TOKEN = '{value}'")),
        ["secret-generic"]
    );
    assert_eq!(
        found("a.py", &format!("api_token: str = '{value}'")),
        ["secret-generic"]
    );
    assert_eq!(
        found(".env", &format!("SERVICE_SECRET={value}\n")),
        ["secret-generic"]
    );
    assert_eq!(
        found("a.json", &format!("{{\"client_secret\": \"{value}\"}}")),
        ["secret-generic"]
    );
    for harmless in [
        "password = 'changeme'",
        "token = os.environ['TOKEN']",
        "PASSWORD_FIELD = 'password_confirmation2'",
        "secret = '${VAULT_SECRET_1234abcd}'",
        "token_url = 'https://auth.internal/oauth2/token'",
        "if token == 'a8f5f167f44f4964e6c998dee827110c':",
        "secret_name = 'prod-database-credentials-v2'",
    ] {
        assert!(found("a.py", harmless).is_empty(), "{harmless}");
    }
}

#[test]
fn a_secret_never_shows_in_a_quotation() {
    let token = checksummed("ghp_");
    let source = SourceText::new(
        "a.py",
        Some(Language::Python),
        FileRole::Production,
        format!("x = '{token}'  # note\n").into_bytes(),
    );
    let scan = scan(&source, &|| false);
    let quote = source.quote(&(0..1), &scan.redactions);
    assert!(!quote.snippet.contains(&token[4..]));
    assert!(quote.snippet.contains("ghp_…[sha256:"));
    assert!(quote.snippet.ends_with("# note"));
}

#[test]
fn a_scan_stops_within_a_few_hits_of_being_told() {
    let mut text = String::new();
    for number in 0..5_000 {
        text.push_str(&format!(
            "a{number}_token = '{}{number:04}'\n",
            &RANDOM[..24]
        ));
    }
    let source = SourceText::new("a.py", None, FileRole::Production, text.into_bytes());
    let looks = std::cell::Cell::new(0);
    let stopped = scan(&source, &|| {
        looks.set(looks.get() + 1);
        looks.get() == 3
    });
    assert_eq!(looks.get(), 3, "it is not asked again");
    assert!(
        stopped.redactions.len() <= 64,
        "{}",
        stopped.redactions.len()
    );
    assert!(scan(&source, &|| false).redactions.len() > 4_000);
}
