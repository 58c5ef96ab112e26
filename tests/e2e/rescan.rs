//! `vega runner --source … --cache FILE`: what a scan leaves for the next one.

use crate::{
    source::{FAULTY, HARMLESS, Terminal, expect, json_of},
    support::run,
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Output};

/// What a scan says it knew, of how many steps.
fn known(output: &Output) -> (u32, u32) {
    let told = String::from_utf8_lossy(&output.stderr);
    let (_, told) = told.split_once("Known from the last scan: ").unwrap();
    let mut numbers = told.split_whitespace().filter_map(|it| it.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

/// A scan in JSON that tells what it does.
fn scan(terminal: &Terminal, source: &Path, cache: &Path) -> Output {
    let cache = cache.to_str().unwrap();
    let mut command = terminal.command(source, &["--format", "json", "--cache", cache]);
    run(command.env("VEGA_LOG", "vega=debug"))
}

#[test]
fn the_next_scan_says_the_same_and_looks_only_at_what_changed() {
    let terminal = Terminal::new();
    let files = [("run.py", FAULTY), ("add.py", HARMLESS)];
    let tree = terminal.tree("tree", &files);
    let cache = terminal.path("kept/of/tree.cache");
    let first = scan(&terminal, &tree, &cache);
    assert_eq!(known(&first).0, 0);
    let mode = fs::metadata(&cache).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "others may read the texts in it");

    let second = scan(&terminal, &tree, &cache);
    assert_eq!(json_of(&second, 1), json_of(&first, 1));
    let (reused, asked) = known(&second);
    assert_eq!(reused, asked);

    terminal.tree(
        "tree",
        &[("add.py", "def add(a, b):\n    return eval(a)\n")],
    );
    let link = terminal.path("link.cache");
    std::os::unix::fs::symlink(&cache, &link).unwrap();
    let third = scan(&terminal, &tree, &link);
    let (reused, asked) = known(&third);
    assert!(0 < reused && reused < asked, "{reused} of {asked}");
    let anew = terminal.scan(&tree, &["--format", "json"]);
    assert_eq!(json_of(&third, 1), json_of(&anew, 1));
    assert!(link.is_symlink(), "what it leads to is written");
    let (reused, asked) = known(&scan(&terminal, &tree, &cache));
    assert_eq!(reused, asked);
}

#[test]
fn a_cache_that_is_something_else_is_refused_and_left_as_it_is() {
    let terminal = Terminal::new();
    let tree = terminal.tree("tree", &[("run.py", FAULTY)]);
    let refused = |cache: &Path, why: &str| {
        let output = scan(&terminal, &tree, cache);
        expect(&output, 2);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("--cache") && told.contains(why), "{told}");
    };
    let report = terminal.path("report.json");
    fs::write(&report, "{\"mine\": true}").unwrap();
    refused(&report, "would be lost");
    std::os::unix::fs::symlink("/dev/null", terminal.path("null")).unwrap();
    refused(&terminal.path("null"), "would be lost");
    let pipe = terminal.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    refused(&pipe, "would be lost");
    assert_eq!(fs::read_to_string(&report).unwrap(), "{\"mine\": true}");
    refused(&terminal.path("cwd"), "is a folder");
    refused(&report.join("new.cache"), "cannot be");
    let around = terminal.path("none/../tree/new.cache");
    refused(&around, "cannot be used");
    refused(&tree.join("new.cache"), "lies in the source");
    refused(&tree.join("more/new.cache"), "lies in the source");
    std::os::unix::fs::symlink(&tree, terminal.path("link")).unwrap();
    refused(&terminal.path("link/new.cache"), "lies in the source");
    assert_eq!(
        fs::read_dir(&tree).unwrap().count(),
        1,
        "nothing was written"
    );

    let both = terminal.path("both");
    let name = both.to_str().unwrap();
    let output = run(&mut terminal.command(&tree, &["--output", name, "--cache", name]));
    expect(&output, 2);
    assert!(!both.exists());
}

#[test]
fn a_cache_that_is_broken_costs_time_only() {
    let terminal = Terminal::new();
    let tree = terminal.tree("tree", &[("run.py", FAULTY)]);
    let anew = json_of(&terminal.scan(&tree, &["--format", "json"]), 1);
    let cache = terminal.path("tree.cache");
    scan(&terminal, &tree, &cache);
    let whole = fs::read(&cache).unwrap();
    for broken in [
        &whole[..whole.len() / 2],
        b"vega-scan-cache 99\nof a later Vega",
        b"",
    ] {
        fs::write(&cache, broken).unwrap();
        let output = scan(&terminal, &tree, &cache);
        assert_eq!(known(&output).0, 0);
        assert_eq!(json_of(&output, 1), anew);
        assert_eq!(fs::read(&cache).unwrap(), whole, "made whole again");
    }
}
