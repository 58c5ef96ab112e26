use super::*;

#[test]
fn a_full_disk_is_an_unavailable_dependency() {
    for errno in [rustix::io::Errno::NOSPC, rustix::io::Errno::DQUOT] {
        let error = disk_error("could not write a file", errno.into());
        assert_eq!(error.code(), ErrorCode::DependencyUnavailable);
    }
    let error = disk_error("could not write a file", rustix::io::Errno::BADF.into());
    assert_eq!(error.code(), ErrorCode::InternalError);
}

#[test]
fn an_unpublished_tree_vanishes_and_nothing_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let dest = dir.path().join("tree");
    let staging = Staging::begin(&dest, Access::Private).unwrap();
    staging.create_directories(&["a".to_owned()]).unwrap();
    let mut writer = staging.writer();
    writer
        .write("a/b".to_owned(), FileMode::Regular, b"x")
        .unwrap();
    assert!(
        writer
            .write("a/b".to_owned(), FileMode::Regular, b"y")
            .is_err()
    );
    drop(staging);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);

    let staging = Staging::begin(&dest, Access::Private).unwrap();
    std::fs::create_dir(&dest).unwrap();
    assert!(staging.publish().is_err());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}
