//! Electron window with access to the system.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{claim::Claim, rule::Rule, syntax::javascript::Script},
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-electron-unsafe-preferences",
    area: "javascript",
    title: "Electron window with access to the system",
    severity: Severity::Medium,
    category: "configuration",
    cwe: &["CWE-829"],
    owasp: &["A05:2021"],
    description: "A window of Electron has nodeIntegration on, or contextIsolation or webSecurity off.",
    impact: "A script in a page that the window shows runs programs on the user's machine.",
    remediation: "Keep the defaults and offer what is needed through contextBridge.",
    bad: r#"const { BrowserWindow } = require("electron");
new BrowserWindow({ webPreferences: { nodeIntegration: true } });
"#,
    good: r#"const { BrowserWindow } = require("electron");
new BrowserWindow({ webPreferences: { preload: preload } });
"#,
    references: &["https://www.electronjs.org/docs/latest/tutorial/security"],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("new_expression") {
        let callee = script.callee(call).unwrap_or_default();
        if !matches!(
            callee.as_str(),
            "electron.BrowserWindow" | "electron.BrowserView" | "electron.WebContentsView"
        ) {
            continue;
        }
        let options = script.args(call).first().copied();
        let Some(preferences) =
            options.and_then(|options| script.option(options, "webPreferences"))
        else {
            continue;
        };
        let wrong = [
            ("nodeIntegration", true),
            ("contextIsolation", false),
            ("webSecurity", false),
            ("sandbox", false),
        ]
        .into_iter()
        .find(|(key, value)| {
            script
                .option(preferences, key)
                .and_then(|set| script.truth(set))
                == Some(*value)
        });
        if let Some((key, value)) = wrong {
            let claim = at(script, &RULE, call, &format!("{key} is {value}.")).at_sink(key);
            claims.push(if key == "sandbox" {
                claim.severity(Severity::Low)
            } else {
                claim
            });
        }
    }
}
