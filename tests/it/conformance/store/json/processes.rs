//! Real processes: several at once, killed ones, and one that meets a full disk.
//!
//! A child is this test binary, asked to run one of the `child_…` tests in a folder that is named
//! in its environment; without that name a child has nothing to do.

use super::{super::fixtures::*, open};
use std::{
    ffi::OsString,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};
use vega::{error::ErrorCode, store::SharedStore};

const FOLDER: &str = "VEGA_TEST_STORE_FOLDER";
const NAME: &str = "VEGA_TEST_STORE_NAME";

fn child(test: &str, folder: &Path, name: &str) -> Command {
    let module = module_path!().split_once("::").map_or("", |(_, path)| path);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "--nocapture", &format!("{module}::{test}")])
        .env(FOLDER, folder)
        .env(NAME, name)
        .stdout(Stdio::piped());
    command
}

fn task() -> Option<(OsString, String)> {
    let folder = std::env::var_os(FOLDER)?;
    Some((folder, std::env::var_os(NAME)?.into_string().ok()?))
}

async fn emails(store: &SharedStore) -> Vec<String> {
    let users = store.users().await.unwrap();
    users.into_iter().map(|user| user.email).collect()
}

#[tokio::test]
async fn child_adds_a_hundred_users() {
    let Some((folder, name)) = task() else { return };
    let store = open(folder.as_ref(), &Arc::new(ManualClock::new()), 4096).unwrap();
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    for number in 0..100 {
        let added = user(&format!("{name}-{number:03}"), now);
        let added = store.insert_user(added).await.unwrap();
        let change = vega::store::UserChange::DisplayName("x".repeat(500));
        store.change_user(added.id, change, now).await.unwrap();
        println!("acknowledged {}", added.email);
    }
}

#[tokio::test]
async fn processes_that_write_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &Arc::new(ManualClock::new()), 4096).unwrap();
    let names = ["a", "b", "c"];
    let children = names.map(|name| {
        child("child_adds_a_hundred_users", folder.path(), name)
            .spawn()
            .unwrap()
    });
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
    }
    let expected: Vec<_> = names
        .iter()
        .flat_map(|name| (0..100).map(move |number| format!("{name}-{number:03}")))
        .collect();
    assert_eq!(emails(&store).await, expected);
}

#[tokio::test]
async fn a_killed_process_loses_nothing_it_acknowledged() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    for round in 0..5 {
        let name = format!("round-{round}");
        let mut child = child("child_adds_a_hundred_users", folder.path(), &name)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = Vec::new();
        for line in lines.map_while(Result::ok) {
            let email = line
                .rsplit_once("acknowledged ")
                .map(|(_, email)| email.to_owned());
            acknowledged.extend(email);
            if acknowledged.len() == 7 + round * 11 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let store = open(folder.path(), &clock, u64::MAX).unwrap();
        let stored = emails(&store).await;
        assert!(acknowledged.len() >= 7 + round * 11);
        assert!(acknowledged.iter().all(|email| stored.contains(email)));
        let of_round = stored
            .iter()
            .filter(|email| email.starts_with(&name))
            .count();
        assert!(of_round <= acknowledged.len() + 1);
        store.ping().await.unwrap();
    }
}

/// Runs under `ulimit -f`: files may not grow beyond a limit, as on a full disk.
#[tokio::test]
async fn child_fills_the_disk() {
    let Some((folder, _)) = task() else { return };
    let store = open(folder.as_ref(), &Arc::new(ManualClock::new()), u64::MAX).unwrap();
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    let mut stored = 0;
    let error = loop {
        let mut added = user(&format!("{stored:04}"), now);
        added.display_name = "x".repeat(3000);
        match store.insert_user(added).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), ErrorCode::DependencyUnavailable);
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(store.users().await.unwrap().len(), stored);
    // What still fits is stored; nothing of the refused change is in its way.
    store.insert_user(user("small", now)).await.unwrap();
    println!("acknowledged {}", stored + 1);
}

#[tokio::test]
async fn a_full_disk_refuses_the_change_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    drop(open(folder.path(), &clock, u64::MAX).unwrap());
    let inner = child("child_fills_the_disk", folder.path(), "full");
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env(FOLDER, folder.path())
        .env(NAME, "full")
        .stdout(Stdio::piped());
    let output = limited.spawn().unwrap().wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let count = text
        .lines()
        .find_map(|line| line.split_once("acknowledged "));
    let acknowledged: usize = count.unwrap().1.trim().parse().unwrap();
    assert!(acknowledged > 3);
    let store = open(folder.path(), &clock, u64::MAX).unwrap();
    assert_eq!(store.users().await.unwrap().len(), acknowledged);
    let now = "2030-01-01T00:00:00Z".parse().unwrap();
    let mut big = user("there is room again", now);
    big.display_name = "x".repeat(100_000);
    store.insert_user(big).await.unwrap();
}
