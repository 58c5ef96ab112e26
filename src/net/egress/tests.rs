use super::*;

#[test]
fn special_addresses_are_not_public() {
    for text in [
        "0.0.0.0",
        "10.1.2.3",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::ffff:127.0.0.1",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "100::1",
        "5f00::1",
    ] {
        assert!(!is_public(text.parse().unwrap()), "{text}");
    }
}

#[test]
fn ordinary_addresses_are_public() {
    for text in [
        "8.8.8.8",
        "140.82.121.4",
        "172.32.0.1",
        "100.128.0.1",
        "2606:50c0:8000::153",
    ] {
        assert!(is_public(text.parse().unwrap()), "{text}");
    }
}

#[test]
fn exceptions_name_a_host_with_or_without_its_port() {
    let list = [
        "git.corp".to_owned(),
        "127.0.0.1:8080".to_owned(),
        "[::1]:80".to_owned(),
    ];
    assert!(is_exception("GIT.corp", 443, &list));
    assert!(is_exception("127.0.0.1", 8080, &list));
    assert!(is_exception("::1", 80, &list));
    assert!(!is_exception("127.0.0.1", 8081, &list));
    assert!(!is_exception("evil.git.corp", 443, &list));
}

#[test]
fn a_name_for_this_machine_is_refused_unless_listed() {
    assert!(matches!(judge("localhost", 80, &[]), Verdict::Refused));
    let list = ["localhost".to_owned()];
    assert!(matches!(judge("localhost", 80, &list), Verdict::Connect(_)));
}
