use super::{api_keys, passwords, scan_tokens::ScanTokenSigner, seal::SealingKey, tokens};
use crate::{
    clock::new_id,
    domain::{ids::ScanId, time::Timestamp},
    error::ErrorCode,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000).unwrap()
}

#[test]
fn an_access_token_verifies_until_it_expires() {
    let signer = tokens::TokenSigner::new(b"a secret of at least thirty-two bytes");
    let (user, session) = (new_id(), new_id());
    let token = signer.issue(user, session, now()).unwrap();
    let presented = signer.verify(&token, now()).unwrap();
    assert_eq!((presented.user_id, presented.session_id), (user, session));
    let later = now().after(tokens::ACCESS_LIFETIME);
    assert_eq!(
        signer.verify(&token, later).unwrap_err().code(),
        ErrorCode::InvalidToken
    );
}

#[test]
fn forged_tokens_are_refused() {
    let signer = tokens::TokenSigner::new(b"a secret of at least thirty-two bytes");
    let other = tokens::TokenSigner::new(b"another secret of thirty-two bytes!!");
    let token = other.issue(new_id(), new_id(), now()).unwrap();
    assert!(signer.verify(&token, now()).is_err());

    let good = signer.issue(new_id(), new_id(), now()).unwrap();
    let parts: Vec<_> = good.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
    for forged in [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!(
            "{}.{}.{}",
            parts[0],
            URL_SAFE_NO_PAD.encode(b"{}"),
            parts[2]
        ),
        String::new(),
        "..".to_owned(),
    ] {
        assert!(signer.verify(&forged, now()).is_err(), "{forged}");
    }
}

const PROXY_SECRET: &[u8] = b"the proxy's secret, thirty-two bytes";
const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

#[test]
fn a_scan_token_speaks_for_one_attempt_until_it_expires() {
    let signer = ScanTokenSigner::new(PROXY_SECRET);
    let scan: ScanId = new_id();
    let token = signer.mint(scan, 3, now(), HOUR).unwrap();
    let grant = signer.verify(&token, now()).unwrap();
    assert_eq!(
        (grant.scan_id, grant.attempt, grant.time_left),
        (scan, 3, HOUR)
    );
    let claims = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["aud"], "vega-llm-proxy");
    assert_eq!(claims["scan_id"], scan.to_string());
    assert_eq!(
        (&claims["attempt"], &claims["exp"]),
        (&3.into(), &1_790_003_600.into())
    );
    let over = signer.verify(&token, now().after(HOUR)).unwrap_err();
    assert_eq!(over.code(), ErrorCode::InvalidToken);
}

#[test]
fn nothing_else_passes_as_a_scan_token() {
    let signer = ScanTokenSigner::new(PROXY_SECRET);
    let good = signer.mint(new_id(), 1, now(), HOUR).unwrap();
    let other = ScanTokenSigner::new(b"another secret of thirty-two bytes!!");
    // Should one secret ever be set for both uses, the audience still tells them apart.
    let access = tokens::TokenSigner::new(PROXY_SECRET);
    assert!(access.verify(&good, now()).is_err());
    let parts: Vec<_> = good.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
    let larger = URL_SAFE_NO_PAD.encode(
        br#"{"aud":"vega-llm-proxy","scan_id":"scan_x","attempt":9,"iat":0,"exp":9999999999}"#,
    );
    for forged in [
        other.mint(new_id(), 1, now(), HOUR).unwrap(),
        access.issue(new_id(), new_id(), now()).unwrap(),
        format!("{none}.{}.", parts[1]),
        format!("{}.{larger}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        "..".to_owned(),
        String::new(),
    ] {
        assert!(signer.verify(&forged, now()).is_err(), "{forged}");
    }
}

#[test]
fn refresh_tokens_name_their_session() {
    let session = new_id();
    let (token, hash) = tokens::new_refresh_token(session);
    assert_eq!(
        tokens::parse_refresh_token(&token).unwrap(),
        (session, hash)
    );
    assert!(tokens::parse_refresh_token("nonsense").is_err());
}

#[test]
fn passwords_verify_and_unknown_users_never_do() {
    let hash = passwords::hash("correct horse battery").unwrap();
    assert!(hash.starts_with("$argon2id$"));
    assert!(passwords::verify("correct horse battery", Some(&hash)));
    assert!(!passwords::verify("wrong", Some(&hash)));
    assert!(!passwords::verify("nobody", None));
}

#[test]
fn sealed_secrets_open_only_for_their_owner_and_key() {
    let key = SealingKey::new("k1", &[7; 32]);
    let sealed = key.seal("ghp_token", "repo_1").unwrap();
    assert!(!sealed.ciphertext.contains("ghp"));
    assert_eq!(key.open(&sealed, "repo_1").unwrap(), "ghp_token");
    assert!(key.open(&sealed, "repo_2").is_err());
    assert!(
        SealingKey::new("k2", &[8; 32])
            .open(&sealed, "repo_1")
            .is_err()
    );
}

#[test]
fn api_keys_are_recognisable_and_unique() {
    let (one, two) = (api_keys::generate(), api_keys::generate());
    assert!(one.secret.starts_with("vega_") && one.secret.starts_with(&one.prefix));
    assert_ne!(one.hash, two.hash);
    assert_eq!(one.hash, super::sha256_hex(&one.secret));
}
