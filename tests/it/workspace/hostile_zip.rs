//! Hostile zips: name, bytes, expected reason (alternatives separated by `|`).

use super::{forge::*, hostile::Case};

fn entry(name: &str) -> ZipEntry {
    ZipEntry::stored(name, b"x")
}

pub fn zip_cases() -> Vec<Case> {
    let zeros = vec![0; 11 * 1024 * 1024];
    let many: Vec<ZipEntry> = (0..101).map(|n| entry(&n.to_string())).collect();
    let one = |entry: ZipEntry| zip(&[entry]);
    let good = zip(&[entry("a"), entry("b")]);
    let noise: Vec<u8> = (0..9_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let deep: Vec<ZipEntry> = vec![
        entry(&format!("{}f", "d/".repeat(110))),
        entry(&format!("{}f", "e/".repeat(110))),
    ];
    let zip64 = |size: u64| {
        let mut extra = vec![1, 0, 8, 0];
        extra.extend(size.to_le_bytes());
        entry("big").with(|e| {
            e.size = u32::MAX;
            e.central_extra = extra;
        })
    };
    vec![
        ("zip traversal", one(entry("../evil")), "path_traversal"),
        (
            "zip inner traversal",
            one(entry("a/../../evil")),
            "path_traversal",
        ),
        ("zip absolute", one(entry("/etc/passwd")), "absolute_path"),
        ("zip drive", one(entry("C:/x")), "drive_path"),
        ("zip backslash", one(entry("..\\evil")), "backslash_path"),
        ("zip unc", one(entry("\\\\host\\share")), "backslash_path"),
        ("zip NUL", one(entry("a\0.py")), "control_character"),
        ("zip newline", one(entry("a\nb")), "control_character"),
        ("zip escape", one(entry("a\x1b[2Jb")), "control_character"),
        ("zip empty name", one(entry("")), "empty_name"),
        ("zip only dot", one(entry(".")), "empty_name"),
        (
            "zip long segment",
            one(entry(&"a".repeat(256))),
            "name_too_long",
        ),
        (
            "zip long path",
            one(entry(&"a/".repeat(2500))),
            "name_too_long",
        ),
        (
            "zip link out",
            one(ZipEntry::stored("l", b"../x").mode(0o120_777)),
            "link_outside_root",
        ),
        (
            "zip link absolute",
            one(ZipEntry::stored("l", b"/etc/passwd").mode(0o120_777)),
            "link_outside_root",
        ),
        (
            "zip link deflated out",
            one(ZipEntry::deflated("a/l", b"../../x").mode(0o120_777)),
            "link_outside_root",
        ),
        (
            "zip below a link",
            zip(&[ZipEntry::stored("l", b"d").mode(0o120_777), entry("l/x")]),
            "path_conflict",
        ),
        (
            "zip long link",
            one(ZipEntry::stored("l", &[b'a'; 5000]).mode(0o120_777)),
            "name_too_long",
        ),
        (
            "zip device",
            one(entry("d").mode(0o020_666)),
            "special_file",
        ),
        (
            "zip block device",
            one(entry("d").mode(0o060_666)),
            "special_file",
        ),
        ("zip fifo", one(entry("d").mode(0o010_666)), "special_file"),
        (
            "zip socket",
            one(entry("d").mode(0o140_666)),
            "special_file",
        ),
        (
            "zip duplicate",
            zip(&[entry("a"), entry("a")]),
            "duplicate_entry",
        ),
        (
            "zip duplicate spelled",
            zip(&[entry("a/b"), entry("./a//b")]),
            "duplicate_entry",
        ),
        (
            "zip duplicate composed",
            zip(&[entry("\u{e9}"), entry("e\u{301}")]),
            "duplicate_entry",
        ),
        (
            "zip duplicate encoded",
            zip(&[entry("%FF"), entry("").with(|e| e.name = vec![0xff])]),
            "duplicate_entry",
        ),
        (
            "zip file and directory",
            zip(&[entry("a"), entry("a/b")]),
            "path_conflict",
        ),
        (
            "zip directory and file",
            zip(&[entry("a/b"), entry("a")]),
            "path_conflict",
        ),
        ("zip too many", zip(&many), "too_many_entries"),
        ("zip many directories", zip(&deep), "too_many_entries"),
        (
            "zip file too large",
            one(ZipEntry::deflated("z", b"x").with(|e| e.size = 21 << 20)),
            "file_too_large",
        ),
        (
            "zip total too large",
            zip(&(0..4)
                .map(|n| ZipEntry::stored(&n.to_string(), &noise))
                .collect::<Vec<_>>()),
            "total_too_large",
        ),
        (
            "zip ratio",
            one(ZipEntry::deflated("z", &zeros)),
            "compression_ratio",
        ),
        (
            "zip lies small",
            one(ZipEntry::deflated("z", &zeros).with(|e| e.size = 10)),
            "size_mismatch",
        ),
        (
            "zip lies small, large",
            one(ZipEntry::deflated("z", &zeros).with(|e| e.size = 2 << 20)),
            "size_mismatch",
        ),
        (
            "zip lies large",
            one(ZipEntry::deflated("z", b"xx").with(|e| e.size = 10)),
            "size_mismatch",
        ),
        (
            "zip stored lies",
            one(entry("z").with(|e| e.size = 10)),
            "size_mismatch",
        ),
        (
            "zip bytes after stream",
            one(ZipEntry::deflated("z", b"xx").with(|e| e.data.extend(b"junk"))),
            "size_mismatch",
        ),
        (
            "zip broken stream",
            one(ZipEntry::deflated("z", b"xx").with(|e| e.data = vec![0xff; 9])),
            "corrupt",
        ),
        (
            "zip crc",
            one(entry("z").with(|e| e.crc ^= 1)),
            "checksum_mismatch",
        ),
        (
            "zip overlap",
            zip(&[
                ZipEntry::stored("a", &[b'x'; 99]),
                entry("b").with(|e| e.offset = Some(10)),
            ]),
            "overlapping_entries",
        ),
        (
            "zip same bytes",
            zip(&[entry("a"), entry("b").with(|e| e.offset = Some(0))]),
            "overlapping_entries",
        ),
        (
            "zip quine-like",
            zip(&[entry("a").with(|e| {
                e.size = 200;
                e.packed = Some(200);
            })]),
            "truncated",
        ),
        (
            "zip beyond end",
            one(entry("a").with(|e| {
                e.size = 9999;
                e.packed = Some(9999);
            })),
            "truncated",
        ),
        (
            "zip encrypted",
            one(entry("a").with(|e| e.flags = 1)),
            "encrypted",
        ),
        (
            "zip strongly encrypted",
            one(entry("a").with(|e| e.flags = 0x41)),
            "encrypted",
        ),
        (
            "zip AES",
            one(entry("a").with(|e| e.method = 99)),
            "encrypted",
        ),
        (
            "zip bzip2",
            one(entry("a").with(|e| e.method = 12)),
            "unsupported_compression",
        ),
        (
            "zip zstd",
            one(entry("a").with(|e| e.method = 93)),
            "unsupported_compression",
        ),
        (
            "zip local name",
            one(entry("good").with(|e| e.local_name = Some(b"evil".to_vec()))),
            "header_mismatch",
        ),
        (
            "zip local name length",
            one(entry("good").with(|e| e.local_name = Some(b"evilevil".to_vec()))),
            "overlapping_entries|header_mismatch",
        ),
        (
            "zip local size",
            one(ZipEntry::deflated("a", b"xyz").with(|e| e.local_size = Some(2))),
            "header_mismatch",
        ),
        (
            "zip no local header",
            one(entry("a").with(|e| e.offset = Some(3))),
            "truncated|overlapping_entries|header_mismatch",
        ),
        ("zip64 lies", one(zip64(u64::MAX)), "size_mismatch"),
        (
            "zip64 missing",
            one(entry("a").with(|e| e.size = u32::MAX)),
            "corrupt",
        ),
        (
            "zip count lies low",
            zip_with(&[entry("a"), entry("b")], |end| {
                end[8] = 1;
                end[10] = 1;
            }),
            "corrupt",
        ),
        (
            "zip count lies high",
            zip_with(&[entry("a"), entry("b")], |end| {
                end[8] = 3;
                end[10] = 3;
            }),
            "corrupt",
        ),
        (
            "zip two disks",
            zip_with(&[entry("a")], |end| end[4] = 1),
            "unsupported_feature",
        ),
        (
            "zip directory offset",
            zip_with(&[entry("a")], |end| end[16] ^= 1),
            "corrupt",
        ),
        (
            "zip trailing garbage",
            [good.as_slice(), b"garbage"].concat(),
            "trailing_garbage",
        ),
        (
            "zip comment cut",
            zip_with(&[entry("a")], |end| end[20] = 9),
            "truncated",
        ),
        ("zip no end", good[..good.len() - 22].to_vec(), "truncated"),
        (
            "zip prefix",
            [b"#!/bin/sh\n", good.as_slice()].concat(),
            "unknown_format",
        ),
        ("zip empty", zip(&[]), "empty"),
        (
            "zip only directories",
            one(ZipEntry::stored("d/", b"").mode(0o040_755)),
            "empty",
        ),
        (
            "zip directory with content",
            one(entry("d/")),
            "size_mismatch",
        ),
        (
            "zip split",
            [b"PK\x07\x08", good.as_slice()].concat(),
            "unsupported_feature",
        ),
    ]
}
