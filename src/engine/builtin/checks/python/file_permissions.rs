//! File may be changed by everybody.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::python::Module},
};

pub(crate) static RULE: Rule = Rule {
    id: "python-world-writable-file",
    area: "python",
    title: "File may be changed by everybody",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-732"],
    owasp: &["A01:2021"],
    description: "os.chmod or Path.chmod gives everybody the right to write.",
    impact: "Every other program on the machine changes the file, and so what this one does.",
    remediation: "Give rights to the owner only.",
    bad: r#"import os

os.chmod("/srv/run.sh", 0o777)
"#,
    good: r#"import os

os.chmod("/srv/run.sh", 0o700)
"#,
    references: &["https://docs.python.org/3/library/os.html"],
};

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let args = module.args(call);
        let mode = match (module.callee(call).as_deref(), module.method(call)) {
            (Some("os.chmod" | "os.fchmod" | "os.lchmod"), _) => args.get(1, "mode"),
            (_, Some("chmod")) if args.positional.len() == 1 => args.get(0, "mode"),
            _ => None,
        };
        let Some(mode) = mode else { continue };
        let text = module.text(mode);
        let number = text
            .strip_prefix("0o")
            .and_then(|digits| u32::from_str_radix(digits, 8).ok());
        // With the sticky bit a folder is shared on purpose, as /tmp is.
        let everybody = number.is_some_and(|bits| bits & 0o002 != 0 && bits & 0o1000 == 0)
            || text.contains("S_IWOTH")
            || text.contains("S_IRWXO");
        if everybody && !text.contains('~') && !text.contains("S_ISVTX") {
            claims.push(
                at(
                    module,
                    &RULE,
                    call,
                    &format!("The mode {text} lets everybody write."),
                )
                .at_sink("chmod"),
            );
        }
    }
}
