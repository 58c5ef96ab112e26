//! `--help` and `--version`, word for word, so that a change is seen and meant.

use crate::support::{command, run};
use vega::settings::catalogue;

#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let output = run(command(arguments).env("COLUMNS", "100"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_program_tells_its_roles() {
    insta::assert_snapshot!("vega", printed(&["--help"]));
    assert_eq!(
        printed(&["--version"]),
        format!("vega {}\n", env!("CARGO_PKG_VERSION"))
    );
    let bare = run(&mut command(&[]));
    assert_eq!(bare.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&bare.stderr).contains("maintenance"));
    assert_eq!(run(&mut command(&["conquer"])).status.code(), Some(2));
}

#[test]
fn every_role_tells_its_flags_and_settings() {
    for (role, name) in [
        ("api", "serve"),
        ("worker", "worker"),
        ("runner", "runner"),
        ("llm-proxy", "proxy"),
        ("maintenance", "maintenance"),
    ] {
        let help = printed(&[name, "--help"]);
        insta::assert_snapshot!(name, help);
        let listed = catalogue::CATALOGUE
            .iter()
            .filter(|it| it.name != "VEGA_DATABASE_URL");
        for setting in listed {
            let reads = setting.roles.iter().any(|it| it.as_str() == role);
            let named = help
                .split_whitespace()
                .any(|word| word.trim_matches(['[', ']']) == setting.name);
            assert!(
                !reads || named,
                "vega {name} --help does not list {}",
                setting.name
            );
        }
    }
}

#[test]
fn administration_tells_its_commands() {
    insta::assert_snapshot!(
        "maintenance-users",
        printed(&["maintenance", "users", "--help"])
    );
    insta::assert_snapshot!(
        "maintenance-check",
        printed(&["maintenance", "check", "--help"])
    );
    for name in ["export", "import", "mint-token"] {
        insta::assert_snapshot!(
            format!("maintenance-{name}"),
            printed(&["maintenance", name, "--help"])
        );
    }
}

#[test]
fn shells_and_manuals_are_told_about_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&["completions", shell]);
        assert!(
            script.contains("runner") && script.contains("fail-on-gaps"),
            "{shell}"
        );
    }
    let page = printed(&["man"]);
    assert!(page.contains(".TH") && page.contains("runner"), "{page}");
    assert!(printed(&["man", "runner"]).contains("baseline"));
    assert!(printed(&["man", "maintenance", "export"]).contains("output"));
    for unknown in [&["man", "nothing"][..], &["man", "maintenance", "nothing"]] {
        assert_eq!(run(&mut command(unknown)).status.code(), Some(2));
    }
}
