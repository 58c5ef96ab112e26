//! Damaged archives: whatever the bytes, an answer and never a panic or a leftover.

use super::{SMALL, forge::*, unpack};
use proptest::prelude::*;

fn good() -> Vec<Vec<u8>> {
    let text = b"fn main() { println!(\"hello\"); }\n".repeat(20);
    let zip = zip(&[
        ZipEntry::deflated("src/main.rs", &text),
        ZipEntry::stored("src/lib.rs", b"pub mod a;"),
        ZipEntry::stored("link", b"src/lib.rs").mode(0o120_777),
    ]);
    let tar = tar(&[
        tar_file("src/main.rs", &text),
        pax(&[("path", "src/a much longer name.rs")]),
        tar_file("short", b"x"),
        tar_entry(b"hard", b'1', b"", b"src/main.rs"),
        tar_entry(b"link", b'2', b"", b"src/main.rs"),
    ]);
    vec![zip, gzip(&tar), tar.clone(), zstd(&tar), xz(&tar)]
}

#[test]
fn truncated_archives_are_refused_wherever_they_end() {
    for bytes in good() {
        unpack(&bytes, &SMALL).unwrap();
        // A tar may lose its last zero block; nothing is lost then.
        let must_fail = bytes.len() - if bytes.starts_with(b"src/") { 1024 } else { 1 };
        for end in (0..bytes.len()).step_by(7) {
            let result = unpack(&bytes[..end], &SMALL);
            assert!(
                result.is_err() || end > must_fail,
                "accepted at {end} of {}",
                bytes.len()
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_answered(
        head in prop::sample::select(vec![&b""[..], b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0\0\x04"]),
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let _ = unpack(&[head, &bytes].concat(), &SMALL);
    }

    #[test]
    fn mutated_archives_are_answered(
        which in 0_usize..5,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        seal_headers in any::<bool>(),
    ) {
        let mut bytes = good().swap_remove(which);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if which == 2 && seal_headers {
            // Let the change get past the checksum.
            let first: &mut [u8] = &mut bytes[..512];
            seal(first);
        }
        let _ = unpack(&bytes, &SMALL);
    }
}
