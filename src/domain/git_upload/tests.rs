use super::{SnapshotBranch, snapshot_branch};

#[test]
fn the_only_branch_counts_else_main_else_master() {
    assert_eq!(snapshot_branch(&[]), SnapshotBranch::None);
    assert_eq!(snapshot_branch(&["fix"]), SnapshotBranch::One("fix"));
    let all = ["a", "master", "main"];
    assert_eq!(snapshot_branch(&all), SnapshotBranch::One("main"));
    let old = ["a", "master"];
    assert_eq!(snapshot_branch(&old), SnapshotBranch::One("master"));
    assert_eq!(snapshot_branch(&["a", "b"]), SnapshotBranch::Ambiguous);
}
