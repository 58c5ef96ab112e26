use super::*;

#[test]
fn hostile_urls_are_refused_before_anything_starts() {
    for url in [
        "",
        "-",
        "--upload-pack=touch /tmp/x",
        "file:///etc",
        "/srv/repo.git",
        "../repo",
        "ext::sh -c id",
        "ext::https://example.com/x",
        "ssh://git@example.com/x.git",
        "git@example.com:x/y.git",
        "git://example.com/x.git",
        "ftp://example.com/x.git",
        "https:/example.com/x",
        "https:example.com/x",
        "https://user@example.com/x.git",
        "https://user:token@example.com/x.git",
        "https://example.com",
        "https://example.com/",
        "https://example.com/x?y=1",
        "https://example.com/x#y",
        "https://example.com\\@evil.com/x",
        "https://exa mple.com/x",
        "https://example.com/x\n",
        "https://example.com/x\0y",
        "https:///x",
        "https://-oops/x",
        "https://example.com../x",
        "https://[::1/x",
        "https://example.com:99999/x",
        "javascript:alert(1)",
    ] {
        let error = parse_url(url).expect_err(url);
        assert_eq!(error.details()["fields"][0]["path"], "git_url", "{url}");
    }
}

#[test]
fn other_spellings_of_an_address_become_that_address() {
    for (url, host) in [
        ("http://0x7f000001/x", "127.0.0.1"),
        ("http://2130706433/x", "127.0.0.1"),
        ("http://127.1/x", "127.0.0.1"),
        ("http://0177.0.0.1/x", "127.0.0.1"),
        ("http://127.0.0.1./x", "127.0.0.1"),
        ("http://[::1]/x", "::1"),
        ("http://[::ffff:127.0.0.1]/x", "::ffff:7f00:1"),
        ("HTTP://LocalHost./x", "localhost"),
        ("https://github.com/a/b.git", "github.com"),
    ] {
        let address = parse_url(url).expect(url);
        let shown = address
            .host
            .parse::<std::net::IpAddr>()
            .map(|ip| ip.to_string());
        let expected = host.parse::<std::net::IpAddr>().map(|ip| ip.to_string());
        assert_eq!(shown.ok(), expected.ok(), "{url}");
        assert!(!address.url.contains("./x"), "{}", address.url);
    }
}

#[test]
fn hostile_references_are_refused() {
    for reference in [
        "",
        "-",
        "--upload-pack=x",
        "-b",
        "+main",
        "a:b",
        ":main",
        "^main",
        "a b",
        "a\nb",
        "a\0b",
        "a..b",
        "a~1",
        "a^{}",
        "a@{1}",
        "@",
        "/a",
        "a/",
        "a//b",
        ".a",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a.",
        "a*",
        "a?",
        "a[b",
        "a\\b",
    ] {
        let error = check_reference(reference).expect_err(reference);
        assert_eq!(
            error.details()["fields"][0]["path"],
            "git_ref",
            "{reference}"
        );
    }
}

#[test]
fn ordinary_references_pass() {
    for reference in [
        "main",
        "v1.2.3",
        "feature/x-1",
        "refs/pull/7/head",
        "ümlaut",
        "a-b_c",
    ] {
        check_reference(reference).expect(reference);
    }
    check_reference(&"a1".repeat(20)).expect("a commit id");
}
