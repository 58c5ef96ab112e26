use super::*;

fn refused(url: &str) -> &'static str {
    match parse(url, &[]) {
        Ok(target) => panic!("{url} became {target:?}"),
        Err(why) => why,
    }
}

#[test]
fn every_spelling_of_a_private_address_is_refused() {
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://0/",
        "https://10.0.0.1/",
        "https://172.16.0.1:8443/x",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.100.100.200/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:a9fe:a9fe]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[2002:7f00:1::]/",
        "https://１２７.０.０.１/",
        "https://127。0。0。1/",
        "https://127.0.0.1./",
    ] {
        assert_eq!(refused(url), "must lead to a host on the public internet");
    }
}

#[test]
fn names_of_the_own_network_are_refused() {
    for url in [
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://vega-llm-proxy:8001/",
        "https://metadata/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://router.lan/",
    ] {
        assert_eq!(refused(url), "must lead to a host on the public internet");
    }
}

#[test]
fn what_is_no_plain_https_address_is_refused() {
    let long = format!("https://example.com/{}", "a".repeat(MAX_URL));
    for url in [
        "",
        "example.com",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://:secret@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://example.com\\@127.0.0.1/",
        "https://example.com..",
        "https://",
        "https://[fe80::1%25eth0]/",
        "https://-example.com/",
        &long,
    ] {
        refused(url);
    }
}

#[test]
fn a_public_host_may_have_port_path_and_query() {
    let target = parse("https://Hooks.Example.com.:8443/a/b?key=1", &[]).unwrap();
    assert_eq!(target.host, "hooks.example.com");
    assert_eq!(target.port, 8443);
    assert_eq!(
        target.url.as_str(),
        "https://hooks.example.com:8443/a/b?key=1"
    );
    let address = parse("https://8.8.8.8/", &[]).unwrap();
    assert_eq!((address.host.as_str(), address.port), ("8.8.8.8", 443));
}

#[test]
fn an_exception_may_be_private_and_without_tls_on_its_port_only() {
    let exceptions = vec!["127.0.0.1:9000".to_owned(), "ci".to_owned()];
    assert!(parse("http://127.0.0.1:9000/x", &exceptions).is_ok());
    assert!(parse("http://2130706433:9000/x", &exceptions).is_ok());
    assert!(parse("http://ci:1234/", &exceptions).is_ok());
    assert!(parse("http://127.0.0.1:9001/x", &exceptions).is_err());
    assert!(parse("http://user@127.0.0.1:9000/", &exceptions).is_err());
}

#[test]
fn what_is_printed_for_logs_has_no_path_and_no_query() {
    let target = parse("https://example.com/hook?token=abc", &[]).unwrap();
    assert_eq!(format!("{target:?}"), "Target(example.com:443)");
}
