//! Hostile tar streams: name, bytes, expected reason (alternatives separated by `|`).

use super::{forge::*, hostile::Case};

/// Cases of tar streams; each is tried as tar and as tar.gz.
pub fn tar_cases() -> Vec<Case> {
    let link = |name: &str, kind: u8, target: &str| {
        tar_entry(name.as_bytes(), kind, b"", target.as_bytes())
    };
    let special = |kind: u8| tar(&[tar_entry(b"dev", kind, b"", b"")]);
    let a = || tar_file("a", b"x");
    let long = |kind: u8, name: &[u8]| tar_entry(b"././@LongLink", kind, name, b"");
    let mut negative = tar_header(b"n", b'0', 0, b"");
    negative[124..136].copy_from_slice(&[0xff; 12]);
    seal(&mut negative);
    let mut huge = tar_header(b"h", b'0', 0, b"");
    huge[124] = 0x80;
    huge[125..136].copy_from_slice(&[0x7f; 11]);
    seal(&mut huge);
    let mut bad_sum = tar_file("b", b"x");
    bad_sum[0] = b'c';
    let many: Vec<Vec<u8>> = (0..101).map(|n| tar_file(&n.to_string(), b"x")).collect();
    let noise: Vec<u8> = (0..9_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    vec![
        (
            "traversal",
            tar(&[tar_file("../evil", b"x")]),
            "path_traversal",
        ),
        (
            "absolute",
            tar(&[tar_file("/etc/cron.d/x", b"x")]),
            "absolute_path",
        ),
        ("drive", tar(&[tar_file("c:evil", b"x")]), "drive_path"),
        (
            "backslash",
            tar(&[tar_file("a\\b", b"x")]),
            "backslash_path",
        ),
        (
            "control",
            tar(&[tar_file("a\x07b", b"x")]),
            "control_character",
        ),
        (
            "symlink out",
            tar(&[link("l", b'2', "../../etc")]),
            "link_outside_root",
        ),
        (
            "symlink absolute",
            tar(&[link("l", b'2', "/etc")]),
            "link_outside_root",
        ),
        (
            "through a symlink",
            tar(&[link("l", b'2', "d"), tar_file("l/x", b"x")]),
            "path_conflict",
        ),
        (
            "hard link out",
            tar(&[link("h", b'1', "../x")]),
            "link_outside_root",
        ),
        (
            "hard link absolute",
            tar(&[link("h", b'1', "/etc/passwd")]),
            "link_outside_root",
        ),
        (
            "hard link to nothing",
            tar(&[link("h", b'1', "a")]),
            "link_target_missing",
        ),
        (
            "hard link to later",
            tar(&[link("h", b'1', "a"), a()]),
            "link_target_missing",
        ),
        (
            "hard link to itself",
            tar(&[link("h", b'1', "h")]),
            "link_target_missing",
        ),
        (
            "hard link with content",
            tar(&[a(), tar_entry(b"h", b'1', b"data", b"a")]),
            "size_mismatch",
        ),
        (
            "hard link bomb",
            tar(&[
                tar_file("a", &noise),
                link("b", b'1', "a"),
                link("c", b'1', "a"),
                link("d", b'1', "a"),
            ]),
            "total_too_large",
        ),
        ("character device", special(b'3'), "special_file"),
        ("block device", special(b'4'), "special_file"),
        ("fifo", special(b'6'), "special_file"),
        ("unknown type", special(b'Z'), "unsupported_feature"),
        ("multi-volume", special(b'M'), "unsupported_feature"),
        ("sparse", special(b'S'), "sparse_file"),
        (
            "pax sparse",
            tar(&[pax(&[("GNU.sparse.major", "1")]), a()]),
            "sparse_file",
        ),
        ("duplicate", tar(&[a(), a()]), "duplicate_entry"),
        (
            "file and directory",
            tar(&[a(), tar_file("a/b", b"x")]),
            "path_conflict",
        ),
        (
            "directory entry over file",
            tar(&[a(), tar_entry(b"a/", b'5', b"", b"")]),
            "path_conflict",
        ),
        ("too many", tar(&many), "too_many_entries"),
        (
            "file too large",
            tar(&[tar_header(b"big", b'0', 21 << 20, b"")]),
            "file_too_large",
        ),
        ("negative size", tar(&[negative]), "corrupt"),
        ("huge size", tar(&[huge]), "corrupt"),
        ("checksum", tar(&[a(), bad_sum]), "corrupt"),
        (
            "pax traversal",
            tar(&[pax(&[("path", "../evil")]), a()]),
            "path_traversal",
        ),
        (
            "pax NUL",
            tar(&[pax(&[("path", "a\0b")]), a()]),
            "control_character",
        ),
        (
            "pax link out",
            tar(&[pax(&[("linkpath", "/etc")]), link("l", b'2', "a")]),
            "link_outside_root",
        ),
        (
            "pax size lies",
            tar(&[pax(&[("size", "0")]), a()]),
            "bad_extension_header",
        ),
        (
            "pax size twice",
            tar(&[pax(&[("size", "1"), ("size", "1")]), a()]),
            "bad_extension_header",
        ),
        (
            "pax path twice",
            tar(&[pax(&[("path", "b"), ("path", "c")]), a()]),
            "bad_extension_header",
        ),
        (
            "pax twice",
            tar(&[pax(&[("path", "b")]), pax(&[("path", "c")]), a()]),
            "bad_extension_header",
        ),
        (
            "pax broken",
            tar(&[tar_entry(b"pax", b'x', b"99 path=a\n", b""), a()]),
            "bad_extension_header",
        ),
        (
            "pax without entry",
            tar(&[a(), pax(&[("path", "b")])]),
            "bad_extension_header",
        ),
        (
            "pax huge",
            tar(&[tar_header(b"pax", b'x', 2 << 20, b"")]),
            "bad_extension_header",
        ),
        (
            "pax global path",
            tar(&[tar_entry(b"g", b'g', b"10 path=a\n", b""), a()]),
            "bad_extension_header",
        ),
        (
            "GNU long traversal",
            tar(&[long(b'L', b"../evil\0"), a()]),
            "path_traversal",
        ),
        (
            "GNU long hidden tail",
            tar(&[long(b'L', b"a\0/../evil\0"), a()]),
            "bad_extension_header",
        ),
        (
            "GNU long twice",
            tar(&[long(b'L', b"b\0"), long(b'L', b"c\0"), a()]),
            "bad_extension_header",
        ),
        (
            "GNU long and pax",
            tar(&[long(b'L', b"b\0"), pax(&[("path", "c")]), a()]),
            "bad_extension_header",
        ),
        (
            "GNU long name",
            tar(&[long(b'L', &[b'a'; 5000]), a()]),
            "name_too_long",
        ),
        (
            "GNU long link out",
            tar(&[long(b'K', b"../../x\0"), link("l", b'2', "a")]),
            "link_outside_root",
        ),
        (
            "trailing garbage",
            [tar(&[a()]), b"junk".to_vec()].concat(),
            "trailing_garbage",
        ),
        (
            "entry after the end",
            [tar(&[a()]), tar(&[tar_file("b", b"x")])].concat(),
            "trailing_garbage",
        ),
        ("no end", a(), "truncated"),
        ("cut content", tar_header(b"a", b'0', 600, b""), "truncated"),
        ("only zeros", vec![0; 1024], "empty|truncated"),
        (
            "only directories",
            tar(&[tar_entry(b"d/", b'5', b"", b"")]),
            "empty",
        ),
    ]
}
