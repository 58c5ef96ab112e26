//! A corpus of hostile archives: each is refused with its reason and leaves nothing behind.

use super::{SMALL, forge::*, hostile_tar::tar_cases, hostile_zip::zip_cases, reason, unpack};
use std::collections::BTreeSet;
use vega::{
    error::ErrorCode,
    workspace::{Reason, archive},
};

/// Name, bytes, expected reason (alternatives separated by `|`).
pub type Case = (&'static str, Vec<u8>, &'static str);

fn entry(name: &str) -> ZipEntry {
    ZipEntry::stored(name, b"x")
}

fn other_cases() -> Vec<Case> {
    let good = gzip(&tar(&[tar_file("a", b"x")]));
    let mut crc = good.clone();
    let at = crc.len() - 8;
    crc[at] ^= 1;
    vec![
        ("no bytes", Vec::new(), "empty"),
        ("garbage", vec![0xa5; 4096], "unknown_format"),
        ("short garbage", b"hi".to_vec(), "unknown_format"),
        ("7z", b"7z\xbc\xaf\x27\x1c\0\0".to_vec(), "unknown_format"),
        ("gzip of garbage", gzip(&[0xa5; 4096]), "corrupt"),
        ("gzip of nothing", gzip(b""), "empty|truncated"),
        (
            "gzip of a zip",
            gzip(&zip(&[entry("a")])),
            "truncated|corrupt",
        ),
        (
            "gzip members",
            [good.as_slice(), &gzip(b"more")].concat(),
            "multi_member_gzip",
        ),
        (
            "gzip trailing",
            [good.as_slice(), b"junk"].concat(),
            "trailing_garbage",
        ),
        ("gzip cut", good[..good.len() - 4].to_vec(), "truncated"),
        ("gzip crc", crc, "corrupt"),
        ("gzip header only", good[..10].to_vec(), "truncated"),
        (
            "gzip bomb",
            gzip(&tar(&[tar_file("z", &vec![0; 19 << 20])])),
            "compression_ratio",
        ),
        (
            "gzip bomb of padding",
            gzip(&tar(&[tar_file("a", b"x"), vec![0; 64 << 20]])),
            "compression_ratio",
        ),
    ]
}

#[test]
fn hostile_archives_are_refused_with_their_reason_and_leave_nothing_behind() {
    let mut cases = zip_cases();
    cases.extend(other_cases());
    for (name, bytes, expected) in tar_cases() {
        if !matches!(name, "file too large" | "hard link bomb") {
            cases.push((name, gzip(&bytes), expected));
        }
        cases.push((name, bytes, expected));
    }
    assert!(cases.len() > 100);
    let known: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let mut wrong = Vec::new();
    for (name, bytes, expected) in cases {
        match unpack(&bytes, &SMALL) {
            Ok(_) => wrong.push(format!("{name}: accepted, expected {expected}")),
            Err(error) => {
                let got = reason(&error);
                assert!(
                    known.contains(got.as_str()),
                    "{name}: {got} is not in the list"
                );
                if error.code() != ErrorCode::ArchiveRejected
                    || !expected.split('|').any(|e| e == got)
                {
                    wrong.push(format!("{name}: {got}, expected {expected} ({error})"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_archive_above_the_source_limit_is_too_large() {
    let limits = vega::workspace::SourceLimits {
        max_source_bytes: 10,
        ..SMALL
    };
    let error = unpack(&zip(&[entry("a")]), &limits).unwrap_err();
    assert_eq!(error.code(), ErrorCode::PayloadTooLarge);
}

#[test]
fn faults_of_the_container_show_before_unpacking() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("archive");
    let good = zip(&[entry("a")]);
    for (bytes, expected) in [
        (Vec::new(), "empty"),
        (vec![0xa5; 1000], "unknown_format"),
        (zip(&[]), "empty"),
        (good[..good.len() - 5].to_vec(), "truncated"),
        (zip(&[entry("a").with(|e| e.flags = 1)]), "encrypted"),
        (gzip(b""), "empty"),
        (gzip(&[0xa5; 600]), "corrupt"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(
            reason(&archive::check_container(&path).unwrap_err()),
            expected
        );
    }
    for (bytes, format) in [
        (good, archive::ArchiveFormat::Zip),
        (tar(&[tar_file("a", b"x")]), archive::ArchiveFormat::Tar),
        (
            gzip(&tar(&[tar_file("a", b"x")])),
            archive::ArchiveFormat::TarGz,
        ),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(archive::check_container(&path).unwrap(), format);
    }
}

#[test]
fn every_reason_is_documented() {
    let text = include_str!("../../../docs/design/ingest.md");
    let archive = Reason::ALL.iter().map(|reason| reason.as_str());
    let git = vega::workspace::git::GitReason::ALL
        .iter()
        .map(|reason| reason.as_str());
    for reason in archive.chain(git) {
        assert!(
            text.contains(&format!("`{reason}`")),
            "{reason} is missing in ingest.md"
        );
    }
}
