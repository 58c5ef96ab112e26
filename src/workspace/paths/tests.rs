use super::*;
use crate::error::Error;

fn reason(error: &Error) -> &str {
    error.details()["reason"].as_str().unwrap_or_default()
}

#[test]
fn plain_names_pass_and_are_normalised() {
    for (raw, stored) in [
        (&b"a/b.py"[..], Some("a/b.py")),
        (b"./a//b/./c", Some("a/b/c")),
        (b"./", None),
        (b"dir/", Some("dir")),
        ("ä/ö".as_bytes(), Some("ä/ö")),
        (b"caf\xe9.py", Some("caf%E9.py")),
        (b"..a/b..", Some("..a/b..")),
        (b"a/C:b", Some("a/C:b")),
    ] {
        assert_eq!(clean(raw).unwrap().as_deref(), stored);
    }
}

#[test]
fn unsafe_names_are_refused_with_their_reason() {
    let long_segment = vec![b'a'; 256];
    let long_path = b"a/".repeat(1500);
    let encoded_too_long = vec![0xff; 100];
    for (raw, expected) in [
        (&b""[..], "empty_name"),
        (b"/etc/passwd", "absolute_path"),
        (b"../x", "path_traversal"),
        (b"a/../b", "path_traversal"),
        (b"C:x", "drive_path"),
        (b"c:/x", "drive_path"),
        (b"a\\b", "backslash_path"),
        (b"a\0b", "control_character"),
        (b"a\nb", "control_character"),
        (b"a\x7fb", "control_character"),
        ("a\u{85}b".as_bytes(), "control_character"),
        (&long_segment, "name_too_long"),
        (&long_path, "name_too_long"),
        (&encoded_too_long, "name_too_long"),
    ] {
        assert_eq!(reason(&clean(raw).unwrap_err()), expected);
    }
}

#[test]
fn links_are_judged_by_their_text() {
    for (path, target, inside) in [
        ("a/b", &b"../c"[..], true),
        ("a/b", b"../../c", false),
        ("b", b"..", false),
        ("a/b", b"x/../../y", true),
        ("a/b", b"/etc/passwd", false),
        ("a/b", b"..\\..\\c", false),
        ("a/b", b"C:\\c", false),
        ("a/b", b"", true),
    ] {
        assert_eq!(link_stays_inside(path, target), inside, "{path}");
    }
}

#[test]
fn names_that_would_meet_on_disk_are_refused() {
    let mut set = PathSet::default();
    let mut dirs = Vec::new();
    set.add_file("a/b/c", 1, &mut dirs).unwrap();
    assert_eq!(dirs, ["a", "a/b"]);
    dirs.clear();
    set.add_file("a/d", 2, &mut dirs).unwrap();
    assert!(dirs.is_empty());
    assert_eq!(
        reason(&set.add_file("a/d", 2, &mut dirs).unwrap_err()),
        "duplicate_entry"
    );
    assert_eq!(
        reason(&set.add_file("a/d/e", 2, &mut dirs).unwrap_err()),
        "path_conflict"
    );
    assert_eq!(
        reason(&set.add_file("a/b", 2, &mut dirs).unwrap_err()),
        "path_conflict"
    );
    assert_eq!(
        reason(&set.add_directory("a/d").unwrap_err()),
        "path_conflict"
    );
    set.add_directory("a").unwrap();
    set.add_file("A/d", 2, &mut dirs).unwrap();
    assert_eq!(set.file_size("a/d"), Some(2));
    assert_eq!(set.file_size("a/b"), None);
}

#[test]
fn names_that_differ_only_in_composition_are_refused() {
    let mut set = PathSet::default();
    let mut dirs = Vec::new();
    set.add_file("caf\u{e9}", 1, &mut dirs).unwrap();
    let same = set.add_file("cafe\u{301}", 1, &mut dirs).unwrap_err();
    assert_eq!(reason(&same), "duplicate_entry");
    set.add_file("d\u{e9}/x", 1, &mut dirs).unwrap();
    let same = set.add_file("de\u{301}/y", 1, &mut dirs).unwrap_err();
    assert_eq!(reason(&same), "duplicate_entry");
}

#[test]
fn a_named_directory_reaches_the_disk_with_its_first_file() {
    let mut set = PathSet::default();
    let mut dirs = Vec::new();
    set.add_directory("a/b").unwrap();
    set.add_file("a/b/c/d", 1, &mut dirs).unwrap();
    assert_eq!(dirs, ["a", "a/b", "a/b/c"]);
}
