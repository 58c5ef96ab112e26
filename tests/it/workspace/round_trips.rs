//! Good sources come in whole, and the same tree is the same tree however it came.

use super::{SMALL, forge::*, names_in, reason, unpack};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use tokio_util::sync::CancellationToken;
use vega::{
    error::ErrorCode,
    workspace::{FileMode, SourceLimits, SourceTree, archive, snapshot},
};

const TEXT: &[u8] = b"import os\nos.system('id')\n";

fn unpack_into(dir: &Path, bytes: &[u8]) -> SourceTree {
    let archive = dir.join("archive");
    fs::write(&archive, bytes).unwrap();
    let cancel = CancellationToken::new();
    archive::unpack(&archive, &dir.join("tree"), &SMALL, &cancel).unwrap()
}

fn large() -> Vec<u8> {
    (0..3_000_000_u32).map(|n| (n % 251) as u8).collect()
}

fn as_zip() -> Vec<u8> {
    zip(&[
        ZipEntry::stored("pkg-1.0/", b"").mode(0o040_755),
        ZipEntry::deflated("pkg-1.0/app.py", TEXT),
        ZipEntry::deflated("pkg-1.0/run", b"#!/bin/sh\n").mode(0o100_755),
        ZipEntry::stored("pkg-1.0/link", b"app.py").mode(0o120_777),
        ZipEntry::stored("pkg-1.0/copy.py", TEXT),
        ZipEntry::deflated("pkg-1.0/large.bin", &large()),
        ZipEntry::stored("pkg-1.0/caf", b"x").with(|e| e.name.push(0xe9)),
        ZipEntry::stored("pkg-1.0/empty", b""),
        ZipEntry::stored("pkg-1.0/.git/config", b"[core]\nfsmonitor = touch /tmp/x\n"),
    ])
}

fn as_tar() -> Vec<u8> {
    let mut run = tar_file("pkg-1.0/run", b"#!/bin/sh\n");
    run[100..108].copy_from_slice(b"0000755\0");
    seal(&mut run[..512]);
    tar(&[
        tar_entry(b"g", b'g', b"20 comment=whatever\n", b""),
        tar_entry(b"./pkg-1.0/", b'5', b"", b""),
        tar_entry(b"pkg-1.0/caf\xe9", b'0', b"x", b""),
        pax(&[("path", "pkg-1.0/app.py"), ("mtime", "1.5")]),
        tar_file("short", TEXT),
        run,
        tar_entry(b"pkg-1.0/link", b'2', b"", b"app.py"),
        tar_entry(b"pkg-1.0/copy.py", b'1', b"", b"pkg-1.0/app.py"),
        tar_entry(b"././@LongLink", b'L', b"pkg-1.0/large.bin\0", b""),
        tar_file("short", &large()),
        tar_file("pkg-1.0/empty", b""),
        tar_file("pkg-1.0/.git/HEAD", b"ref: x\n"),
    ])
}

#[test]
fn the_same_tree_has_the_same_hash_whatever_it_came_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut hashes = Vec::new();
    for (index, bytes) in [as_zip(), as_tar(), gzip(&as_tar())].iter().enumerate() {
        let place = dir.path().join(index.to_string());
        fs::create_dir(&place).unwrap();
        let tree = unpack_into(&place, bytes);
        let paths: Vec<&str> = tree
            .entries
            .iter()
            .map(|entry| entry.path.as_str())
            .collect();
        assert_eq!(
            paths,
            [
                "pkg-1.0/app.py",
                "pkg-1.0/caf%E9",
                "pkg-1.0/copy.py",
                "pkg-1.0/empty",
                "pkg-1.0/large.bin",
                "pkg-1.0/link",
                "pkg-1.0/run",
            ]
        );
        assert_eq!(tree.entries[5].mode, FileMode::Symlink);
        assert_eq!(tree.entries[6].mode, FileMode::Executable);
        for entry in &tree.entries {
            let metadata = fs::symlink_metadata(tree.root.join(&entry.path)).unwrap();
            assert!(metadata.is_file(), "{}", entry.path);
            assert_eq!(metadata.len(), entry.size);
        }
        assert_eq!(fs::read(tree.root.join("pkg-1.0/link")).unwrap(), b"app.py");
        assert_eq!(fs::read(tree.root.join("pkg-1.0/copy.py")).unwrap(), TEXT);
        assert_eq!(
            fs::read(tree.root.join("pkg-1.0/large.bin")).unwrap(),
            large()
        );
        assert!(!tree.root.join("pkg-1.0/.git").exists());
        hashes.push(snapshot::tree_sha256(&tree.entries));
    }
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
}

#[test]
fn names_that_differ_in_case_stand_side_by_side() {
    let tree = unpack(
        &zip(&[ZipEntry::stored("A", b"1"), ZipEntry::stored("a", b"2")]),
        &SMALL,
    );
    assert_eq!(tree.unwrap().entries.len(), 2);
}

#[test]
fn archives_of_common_tools_are_read() {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["a/b.py", "c.py"] {
        out.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        std::io::Write::write_all(&mut out, TEXT).unwrap();
    }
    let bytes = out.finish().unwrap().into_inner();
    assert_eq!(unpack(&bytes, &SMALL).unwrap().entries.len(), 2);

    let mut out = tar::Builder::new(Vec::new());
    let long = format!("{}/b.py", "d".repeat(120));
    for name in [long.as_str(), "c.py"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(TEXT.len() as u64);
        header.set_mode(0o644);
        out.append_data(&mut header, name, TEXT).unwrap();
    }
    assert_eq!(
        unpack(&out.into_inner().unwrap(), &SMALL)
            .unwrap()
            .entries
            .len(),
        2
    );
}

#[test]
fn a_snapshot_has_the_same_bytes_for_the_same_tree_and_comes_back_read_only() {
    let dir = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    let tree = unpack_into(dir.path(), &as_zip());
    let (first, second) = (dir.path().join("1.zip"), dir.path().join("2.zip"));
    let packed = snapshot::pack(&tree, &first, &cancel).unwrap();
    assert_eq!(packed, snapshot::pack(&tree, &second, &cancel).unwrap());
    assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
    assert_eq!(packed.file_count, 7);
    assert_eq!(packed.languages["python"], 2 * TEXT.len() as u64);
    assert_eq!(packed.languages["shell"], 10);

    let back = snapshot::extract(&first, &dir.path().join("back"), &cancel).unwrap();
    assert_eq!(back.entries, tree.entries);
    for entry in &back.entries {
        let metadata = fs::symlink_metadata(back.root.join(&entry.path)).unwrap();
        assert!(metadata.is_file());
        assert_eq!(
            metadata.permissions().mode() & 0o222,
            0,
            "{} is writable",
            entry.path
        );
    }
    // Others read it too.
    let mut other = zip::ZipArchive::new(fs::File::open(&first).unwrap()).unwrap();
    assert_eq!(other.len(), 7);
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut other.by_name("pkg-1.0/app.py").unwrap(), &mut text).unwrap();
    assert_eq!(text, TEXT);
}

#[test]
fn a_tree_with_more_folders_than_files_comes_back_from_its_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let deep = format!("{}Main.java", "org/example/".repeat(40));
    let tree = unpack_into(dir.path(), &zip(&[ZipEntry::stored(&deep, TEXT)]));
    let (packed, back) = (dir.path().join("snapshot.zip"), dir.path().join("back"));
    let cancel = CancellationToken::new();
    snapshot::pack(&tree, &packed, &cancel).unwrap();
    let back = snapshot::extract(&packed, &back, &cancel).unwrap();
    assert_eq!(back.entries, tree.entries);
    assert!(back.root.join(deep).is_file());
}

#[test]
fn only_our_own_undamaged_snapshots_are_extracted() {
    let dir = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    let tree = unpack_into(dir.path(), &zip(&[ZipEntry::stored("a.py", TEXT)]));
    let path = dir.path().join("s.zip");
    snapshot::pack(&tree, &path, &cancel).unwrap();
    let good = fs::read(&path).unwrap();
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let mut cases = vec![zip(&[ZipEntry::stored("a.py", TEXT)])];
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        cases.push(bytes);
    }
    let mut accepted = 0;
    for bytes in cases {
        fs::write(&path, bytes).unwrap();
        match snapshot::extract(&path, &out.join("tree"), &cancel) {
            Err(error) => assert_eq!(error.code(), ErrorCode::ArchiveRejected, "{error}"),
            // Bytes that carry no meaning (times, versions): the tree is the promised one.
            Ok(back) => {
                assert_eq!(back.entries, tree.entries);
                fs::remove_dir_all(&back.root).unwrap();
                accepted += 1;
            }
        }
        assert_eq!(names_in(&out), Vec::<String>::new());
    }
    assert!(accepted < good.len() / 3);
}

#[test]
fn moved_files_are_found_where_that_is_unambiguous() {
    let dir = tempfile::tempdir().unwrap();
    let cancel = CancellationToken::new();
    let mut zips = Vec::new();
    for (name, files) in [
        (
            "old",
            vec![
                ("a", "one"),
                ("b", "two"),
                ("c", "two"),
                ("e", ""),
                ("k", "keep"),
                ("x", "same"),
            ],
        ),
        (
            "new",
            vec![
                ("a2", "one"),
                ("b2", "two"),
                ("e2", ""),
                ("k", "keep"),
                ("k2", "keep"),
                ("y", "diff"),
            ],
        ),
    ] {
        let place = dir.path().join(name);
        fs::create_dir(&place).unwrap();
        let entries: Vec<ZipEntry> = files
            .iter()
            .map(|(path, text)| ZipEntry::stored(path, text.as_bytes()))
            .collect();
        let tree = unpack_into(&place, &zip(&entries));
        let path = place.join("s.zip");
        snapshot::pack(&tree, &path, &cancel).unwrap();
        zips.push(path);
    }
    let moved = snapshot::renames(&zips[0], &zips[1]).unwrap();
    assert_eq!(moved, [("a".to_owned(), "a2".to_owned())].into());
}

#[test]
fn a_cancelled_run_says_so_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let tree = unpack_into(dir.path(), &as_zip());
    let cancel = CancellationToken::new();
    let zip = dir.path().join("s.zip");
    snapshot::pack(&tree, &zip, &cancel).unwrap();
    cancel.cancel();
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let archive = dir.path().join("archive");
    for error in [
        archive::unpack(&archive, &out.join("t"), &SourceLimits::default(), &cancel).unwrap_err(),
        snapshot::extract(&zip, &out.join("t"), &cancel).unwrap_err(),
        snapshot::pack(&tree, &out.join("s.zip"), &cancel).unwrap_err(),
    ] {
        assert_eq!(error.code(), ErrorCode::Conflict);
        assert_eq!(reason(&error), "cancelled");
    }
    assert_eq!(names_in(&out), Vec::<String>::new());
}

#[test]
fn a_folder_that_exists_is_never_unpacked_into() {
    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("archive");
    fs::write(&archive, as_zip()).unwrap();
    let dest = dir.path().join("tree");
    fs::create_dir(&dest).unwrap();
    let cancel = CancellationToken::new();
    assert!(archive::unpack(&archive, &dest, &SMALL, &cancel).is_err());
    assert_eq!(names_in(&dest), Vec::<String>::new());
}
