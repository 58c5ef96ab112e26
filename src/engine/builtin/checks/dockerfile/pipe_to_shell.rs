//! Downloads that are run unseen.

use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::dockerfile::Dockerfile},
};

pub(crate) static RULE: Rule = Rule {
    id: "dockerfile-pipe-to-shell",
    area: "dockerfile",
    title: "Download piped into a shell",
    severity: Severity::Medium,
    category: "supply_chain",
    cwe: &["CWE-494"],
    owasp: &["A05:2021"],
    description: "A script is fetched and given to a shell in one go, with nothing that checks it.",
    impact: "Whoever controls the server decides what runs while the image is built.",
    remediation: "Fetch to a file, compare its checksum or signature, then run it.",
    bad: r#"FROM alpine:3.22
RUN curl -sSL https://get.example.org | sh
USER 10001
CMD ["true"]
"#,
    good: r#"FROM alpine:3.22
RUN curl -sSLo i.sh https://get.example.org && echo "$SUM  i.sh" | sha256sum -c && sh i.sh
USER 10001
CMD ["true"]
"#,
    references: &[],
};

const SHELLS: &[&str] = &[
    "sh", "bash", "zsh", "dash", "ash", "python", "python3", "perl", "ruby", "node",
];

pub(crate) fn check(file: &Dockerfile, claims: &mut Vec<Claim>) {
    for (instruction, stage) in file.all() {
        if instruction.keyword == "RUN" && pipes_download(&instruction.value) {
            claims.push(
                Claim::new(
                    &RULE,
                    instruction.span.clone(),
                    "What is downloaded is run without being checked.",
                )
                .in_symbol(stage)
                .at_sink("RUN"),
            );
        }
    }
}

/// Whether one command of a script pipes curl or wget into an interpreter.
pub(crate) fn pipes_download(script: &str) -> bool {
    script
        .split(['\n', ';'])
        .flat_map(|line| line.split("&&"))
        .any(|command| {
            let mut fetched = false;
            command.split('|').any(|part| {
                let mut words = part.split_whitespace().skip_while(|word| {
                    matches!(*word, "sudo" | "-E" | "-H" | "env")
                        || word.starts_with("--mount")
                        || word.contains('=')
                });
                let program = words.next().unwrap_or_default();
                let program = program.rsplit('/').next().unwrap_or(program);
                let code = words
                    .next()
                    .is_some_and(|word| matches!(word, "-c" | "-m" | "-e" | "-n" | "-ne" | "-pe"));
                let substituted = ["$(curl", "$(wget", "`curl", "`wget"]
                    .iter()
                    .any(|fetch| part.contains(fetch));
                let runs = fetched && SHELLS.contains(&program) && !code
                    || substituted && code && SHELLS.contains(&program)
                    || substituted && program == "eval";
                fetched |= matches!(program, "curl" | "wget");
                runs
            })
        })
}
