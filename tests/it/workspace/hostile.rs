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

/// Streams around a tar that lie, end early, go on, or grow.
fn stream_cases() -> Vec<Case> {
    let good = tar(&[tar_file("a", b"x")]);
    let noise = tar(&[tar_file("a", &noise(60_000))]);
    let bomb = tar(&[tar_file("z", &vec![0; 19 << 20])]);
    let padding = tar(&[tar_file("a", b"x"), vec![0; 64 << 20]]);
    let mut cases: Vec<Case> = Vec::new();
    for (pack, other) in [
        (zstd as fn(&[u8]) -> Vec<u8>, xz as fn(&[u8]) -> Vec<u8>),
        (xz, zstd),
    ] {
        let (one, big) = (pack(&good), pack(&noise));
        let after = |more: &[u8]| [one.as_slice(), more].concat();
        let mut flipped = big.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x55;
        cases.extend([
            ("stream of garbage", pack(&[0xa5; 4096]), "corrupt"),
            ("stream of nothing", pack(b""), "empty|truncated"),
            (
                "stream of a zip",
                pack(&zip(&[entry("a")])),
                "truncated|corrupt",
            ),
            (
                "stream of a stream",
                pack(&pack(&good)),
                "truncated|corrupt",
            ),
            ("second stream", after(&pack(b"more")), "multiple_streams"),
            (
                "stream of another kind",
                after(&other(b"more")),
                "trailing_garbage",
            ),
            ("junk after a stream", after(b"junk"), "trailing_garbage"),
            ("zeros after a stream", after(&[0; 64]), "trailing_garbage"),
            ("header only", one[..6].to_vec(), "truncated"),
            ("cut at the end", big[..big.len() - 3].to_vec(), "truncated"),
            (
                "cut in the middle",
                big[..big.len() / 2].to_vec(),
                "truncated",
            ),
            (
                "one bit of the content",
                flipped,
                "corrupt|checksum_mismatch|truncated",
            ),
            ("stream bomb", pack(&bomb), "compression_ratio"),
            (
                "stream bomb of padding",
                pack(&padding),
                "compression_ratio",
            ),
        ]);
    }
    // Frames that want windows of 512 MiB and of 3.75 TiB (RFC 8878, 3.1.1.1.2).
    for (window, expected) in [(0x98, "unsupported_feature"), (0xff, "corrupt")] {
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, window, 1, 0, 0];
        cases.push(("zstd window", frame.to_vec(), expected));
    }
    // A skippable frame before the real one; readers differ in whether they skip.
    let mut skipped = vec![0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
    skipped.extend(zstd(&good));
    cases.push(("zstd skippable frame", skipped, "unknown_format"));
    let mut dictionary = zstd(&good);
    // Says that a dictionary is needed.
    dictionary[4] |= 1;
    cases.push((
        "zstd dictionary",
        dictionary,
        "corrupt|truncated|unsupported_feature",
    ));
    let mut index = xz(&good);
    let at = index.len() - 14;
    index[at] ^= 0xff;
    cases.push(("xz index", index, "corrupt"));
    let mut flags = xz(&good);
    flags[6] = 0xff;
    cases.push(("xz flags", flags, "corrupt"));
    cases
}

/// Bytes that do not compress.
fn noise(length: u32) -> Vec<u8> {
    let byte = |n: u32| (n.wrapping_mul(2_654_435_761) >> 24) as u8;
    (0..length).map(byte).collect()
}

#[test]
fn a_tar_is_the_same_tree_whatever_is_around_it() {
    let bytes = tar(&[tar_file("a/b.txt", b"one"), tar_file("c", &noise(300_000))]);
    let plain = unpack(&bytes, &SMALL).unwrap();
    for packed in [gzip(&bytes), zstd(&bytes), xz(&bytes)] {
        let tree = unpack(&packed, &SMALL).unwrap();
        assert_eq!(tree.entries, plain.entries);
    }
}

#[test]
fn hostile_archives_are_refused_with_their_reason_and_leave_nothing_behind() {
    let mut cases = zip_cases();
    cases.extend(other_cases());
    cases.extend(stream_cases());
    for (name, bytes, expected) in tar_cases() {
        if !matches!(name, "file too large" | "hard link bomb") {
            cases.push((name, gzip(&bytes), expected));
            if bytes.len() < 100_000 {
                cases.push((name, zstd(&bytes), expected));
                cases.push((name, xz(&bytes), expected));
            }
        }
        cases.push((name, bytes, expected));
    }
    assert!(cases.len() > 250, "{}", cases.len());
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
        (
            zstd(&tar(&[tar_file("a", b"x")])),
            archive::ArchiveFormat::TarZst,
        ),
        (
            xz(&tar(&[tar_file("a", b"x")])),
            archive::ArchiveFormat::TarXz,
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
