//! Query is put together from data.

use super::at;
use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::Claim,
        rule::Rule,
        syntax::javascript::{Origin, Script},
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "javascript-sql-injection",
    area: "javascript",
    title: "Query is put together from data",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-89"],
    owasp: &["A03:2021"],
    description: "An SQL query is put together from values that are not fixed, where a parameter belongs.",
    impact: "A value with a quote changes the query: other people's data is read or changed.",
    remediation: "Use placeholders and hand the values over separately.",
    bad: r#"function user(db, id) {
  return db.query("SELECT * FROM users WHERE id = " + id);
}
"#,
    good: r#"function user(db, id) {
  return db.query("SELECT * FROM users WHERE id = $1", [id]);
}
"#,
    references: &[
        "https://cheatsheetseries.owasp.org/cheatsheets/SQL_Injection_Prevention_Cheat_Sheet.html",
    ],
};

pub(crate) fn check(script: &Script<'_>, claims: &mut Vec<Claim>) {
    for call in script.all("call_expression") {
        let Some((object, method)) = script.method(call) else {
            continue;
        };
        let certain = METHODS.contains(&method);
        let likely = MAYBE.contains(&method) && is_database(script.text(object));
        if !certain && !likely {
            continue;
        }
        let Some(query) = script.args(call).first().copied() else {
            continue;
        };
        let made = script.made(query);
        if !made.built || made.open.is_empty() || !is_sql(&made.fixed) {
            continue;
        }
        if made
            .open
            .iter()
            .all(|(part, _)| is_list(script.text(*part)))
        {
            continue;
        }
        let remote = made
            .open
            .iter()
            .any(|(part, _)| script.origin(*part) == Origin::Remote);
        let value = made
            .open
            .iter()
            .any(|(part, before)| is_value_place(before) && !is_list(script.text(*part)));
        let claim = |what: &str| {
            at(
                script,
                &RULE,
                call,
                &format!("{method} gets a query {what}."),
            )
            .at_sink(method)
        };
        claims.push(match (remote, value) {
            (true, _) => claim("with a part from a request").severity(Severity::High),
            (false, true) => claim("with values joined into its text").confidence(0.6),
            (false, false) => claim("with names joined into its text").into_lead(),
        });
    }
}

const METHODS: &[&str] = &[
    "query",
    "execute",
    "raw",
    "$queryRawUnsafe",
    "$executeRawUnsafe",
    "whereRaw",
];

/// Methods of databases, and of much else.
const MAYBE: &[&str] = &[
    "run",
    "all",
    "get",
    "each",
    "exec",
    "any",
    "one",
    "none",
    "many",
    "oneOrNone",
    "prepare",
];

fn is_database(receiver: &str) -> bool {
    let lower = receiver.to_lowercase();
    let words = [
        "db", "database", "conn", "pool", "sql", "knex", "client", "tx", "trx",
    ];
    receiver.len() < 60 && words.iter().any(|word| lower.contains(word))
}

/// Whether a text begins like a statement.
fn is_sql(text: &str) -> bool {
    let lower = text.trim_start().to_lowercase();
    let two = |first: &str, second: &str| lower.starts_with(first) && lower.contains(second);
    two("select ", " from ")
        || two("insert ", "into ")
        || two("update ", " set ")
        || two("delete ", "from ")
}

/// Whether a value, not a name, is expected after `before`.
fn is_value_place(before: &str) -> bool {
    let before = before.trim_end();
    let lower = before.to_lowercase();
    before.ends_with(['=', '\'', '<', '>', '%'])
        || lower.ends_with(" like")
        || lower.ends_with("in (")
        || lower.ends_with("values (")
}

/// Lists of placeholders and the like.
fn is_list(part: &str) -> bool {
    let lower = part.to_lowercase();
    [
        "placeholder",
        "'?'",
        "\"?\"",
        "param",
        "escape",
        "table",
        "column",
        "schema",
    ]
    .iter()
    .any(|word| lower.contains(word))
}
