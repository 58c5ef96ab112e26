use super::{
    BodyEncoding, Capabilities, PushReport, PushRequest,
    pkt_line::{self, Packet},
    verdict,
};
use std::{collections::BTreeSet, io, io::Write};

const OLD: &str = "0000000000000000000000000000000000000000";
const NEW: &str = "1111111111111111111111111111111111111111";

fn open(body: &[u8]) -> crate::error::Result<PushRequest> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(body).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    PushRequest::open(file, BodyEncoding::Plain, 1_000_000)
}

fn body(names: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for name in names {
        let line = format!("{OLD} {NEW} {name}\0 report-status side-band-64k agent=x");
        pkt_line::write(&mut body, line.as_bytes());
    }
    pkt_line::flush(&mut body);
    body
}

fn refusals(names: &[&str]) -> Vec<(String, String)> {
    open(&body(names)).unwrap().refusals(&BTreeSet::new())
}

#[test]
fn only_plain_branches_and_tags_are_taken() {
    assert!(refusals(&["refs/heads/main", "refs/tags/v1.0"]).is_empty());
    assert!(refusals(&["refs/heads/feature/a-b_c"]).is_empty());
    for name in [
        "refs/notes/x",
        "refs/heads/../../config",
        "refs/heads/",
        "refs/heads/.x",
        "refs/heads/x.lock",
        "refs/heads/HEAD",
        "refs/heads/-x",
        "refs/heads/a b",
        "refs/heads/a\u{7}b",
        "refs/replace/1111111111111111111111111111111111111111",
        "HEAD",
        "config",
        "",
    ] {
        let refused = refusals(&["refs/heads/main", name]);
        assert_eq!(refused.len(), 2, "{name:?}");
    }
    let long = format!("refs/heads/{}", "x".repeat(300));
    assert_eq!(refusals(&[&long]).len(), 1);
    assert_eq!(refusals(&["refs/heads/a", "refs/heads/a"]).len(), 2);
}

#[test]
fn a_remote_has_so_many_references_and_no_more() {
    let full =
        |count| -> BTreeSet<String> { (0..count).map(|it| format!("refs/tags/{it}")).collect() };
    let request = open(&body(&["refs/heads/main"])).unwrap();
    assert!(request.refusals(&full(999)).is_empty());
    assert_eq!(request.refusals(&full(1_000)).len(), 1);
}

#[test]
fn several_branches_need_one_that_stands_out() {
    assert_eq!(refusals(&["refs/heads/a", "refs/heads/b"]).len(), 2);
    assert!(refusals(&["refs/heads/a", "refs/heads/main"]).is_empty());
}

#[test]
fn what_is_no_push_is_refused() {
    let cut = body(&["refs/heads/main"]);
    for bad in [
        &b""[..],
        b"GET / HTTP/1.1",
        b"0003",
        b"ffff",
        b"00",
        b"zzzz",
        b"0009hello0000",
        &cut[..cut.len() - 4],
        &cut[..20],
    ] {
        assert!(open(bad).is_err(), "{bad:?}");
    }
    assert!(open(b"0000").unwrap().commands.is_empty());
}

proptest::proptest! {
    #[test]
    fn no_bytes_are_too_strange(bytes: Vec<u8>, at in 0_usize..200) {
        let _ = open(&bytes);
        let mut mixed = body(&["refs/heads/main"]);
        let at = at.min(mixed.len());
        mixed.splice(at..at, bytes.iter().copied());
        let _ = open(&mixed);
        let _ = verdict::judge(vec!["refs/heads/main".into()], &bytes, None, "", 1);
    }
}

#[test]
fn a_body_may_not_grow_beyond_its_limit() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&body(&["refs/heads/main"])).unwrap();
    gzip.write_all(&vec![0; 3_000_000]).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&gzip.finish().unwrap()).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    let request = PushRequest::open(file, BodyEncoding::Gzip, 1_000_000).unwrap();
    let (_, mut pack) = request.into_input();
    let error = io::copy(&mut pack, &mut io::sink()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
}

#[test]
fn packed_commands_are_not_read_without_end() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let name = format!("refs/heads/{}", "x".repeat(65_000));
    for _ in 0..100 {
        let mut line = Vec::new();
        pkt_line::write(&mut line, format!("{OLD} {NEW} {name}").as_bytes());
        gzip.write_all(&line).unwrap();
    }
    let packed = gzip.finish().unwrap();
    assert!(packed.len() < 100_000);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&packed).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    let error = PushRequest::open(file, BodyEncoding::Gzip, 1_000_000_000).unwrap_err();
    assert!(error.message().contains("too long"), "{error}");
    // As many as are read at all fit, with the longest names that are taken.
    let names: Vec<_> = (0..9_999)
        .map(|it| format!("refs/heads/{it:0>244}"))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut file = tempfile::tempfile().unwrap();
    let mut plain = Vec::new();
    for name in names {
        pkt_line::write(&mut plain, format!("{OLD} {NEW} {name}").as_bytes());
    }
    pkt_line::flush(&mut plain);
    file.write_all(&plain).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    let request = PushRequest::open(file, BodyEncoding::Plain, 1_000_000_000).unwrap();
    assert_eq!(request.commands.len(), 9_999);
}

#[test]
fn complaints_pass_by_their_meaning_alone() {
    let said = b"0024unpack index-pack abnormal exit\n0000";
    let names = || vec!["refs/heads/main".to_owned()];
    let stderr = "error: object cd19: hasDotgit: contains '.git'\nfatal: /srv/vega/secret/path";
    let told = verdict::judge(names(), said, None, stderr, 10);
    let refusal = told.refused.unwrap();
    assert_eq!(refusal.reason, "object check failed: hasDotgit");
    assert!(!refusal.advice.contains("/srv"));
    let stderr = "fatal: pack exceeds maximum allowed size (10 bytes)";
    let told = verdict::judge(names(), said, None, stderr, 10);
    assert_eq!(told.refused.unwrap().reason, "larger than 10 bytes");
    let odd = b"000eunpack ok\n0030ng refs/heads/main failed at /srv/vega/x\n0000";
    let told = verdict::judge(names(), odd, None, "", 10);
    assert_eq!(told.references[0].1.as_deref(), Some("git refused it"));
}

#[test]
fn an_answer_has_bands_where_they_were_asked_for() {
    let report = PushReport {
        unpack: None,
        references: vec![("refs/heads/main".into(), None)],
        messages: vec!["Hello".into()],
    };
    let mut capabilities = Capabilities {
        report: true,
        bands: false,
        atomic: false,
    };
    let plain = report.answer(capabilities);
    assert_eq!(plain, b"000eunpack ok\n0017ok refs/heads/main\n0000");
    capabilities.bands = true;
    let answer = report.answer(capabilities);
    let mut input = &answer[..];
    let first = pkt_line::read(&mut input).unwrap().unwrap();
    assert_eq!(first, Packet::Line(b"\x02Hello\n".to_vec()));
    let Some(Packet::Line(second)) = pkt_line::read(&mut input).unwrap() else {
        panic!("no report");
    };
    assert_eq!(second[1..], plain[..]);
}
