//! Queries that are put together from values.
//!
//! Only text that reads like SQL counts. A value in the place of a literal makes a finding; a value in
//! the place of a name (table, column) is a lead, because names cannot be bound as parameters.

use crate::{
    domain::finding::Severity,
    engine::builtin::{
        claim::{Claim, Method},
        rule::Rule,
        syntax::{
            python::{Module, Origin},
            tree::NodeId,
        },
    },
};

pub(crate) static RULE: Rule = Rule {
    id: "python-sql-injection",
    area: "python",
    title: "SQL built from values",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-89"],
    owasp: &["A03:2021"],
    description: "A query is put together by concatenation, formatting or an f-string and given to the database.",
    impact: "A value with SQL in it reads or changes what the application never meant to give.",
    remediation: "Bind values as parameters: execute(\"… WHERE name = %s\", (name,)).",
    bad: r#"from flask import request

def find(cursor):
    name = request.args["name"]
    cursor.execute(f"SELECT * FROM users WHERE name = '{name}'")
"#,
    good: r#"from flask import request

def find(cursor):
    name = request.args["name"]
    cursor.execute("SELECT * FROM users WHERE name = %s", (name,))
"#,
    references: &[
        "https://docs.python.org/3/library/sqlite3.html#how-to-use-placeholders-to-bind-values-in-sql-queries",
    ],
};

const SINKS: &[&str] = &[
    "execute",
    "executemany",
    "executescript",
    "raw",
    "execute_sql",
    "fetch",
    "fetchrow",
    "fetchval",
    "read_sql",
    "read_sql_query",
];

const VERBS: &[&str] = &[
    "select ",
    "insert ",
    "update ",
    "delete ",
    "replace into",
    "with ",
    "merge ",
    "create ",
    "drop ",
    "alter ",
    "call ",
    "exec ",
];

pub(crate) fn check(module: &Module<'_>, claims: &mut Vec<Claim>) {
    for call in module.calls() {
        let Some(method) = module.method(call).filter(|method| SINKS.contains(method)) else {
            continue;
        };
        if module.receiver(call).is_none() {
            continue;
        }
        let args = module.args(call);
        let Some(query) = args.positional.first().copied() else {
            continue;
        };
        let query = unwrapped(module, query);
        let Some(built) = built(module, query) else {
            continue;
        };
        let claim = Claim::new(&RULE, module.span(call), String::new())
            .in_symbol(module.symbol(call))
            .at_sink(method.to_owned());
        let mut claim = match module.origin(query) {
            Origin::Constant => continue,
            Origin::Remote if built.in_value_place => Claim {
                detail: "The query contains a value from a web request.".to_owned(),
                ..claim
            },
            Origin::Remote => Claim {
                detail: "The query contains text from a web request.".to_owned(),
                ..claim
            }
            .confidence(0.7),
            Origin::Local | Origin::Unknown if built.in_value_place => Claim {
                detail: "The query contains a value that is not bound as a parameter.".to_owned(),
                ..claim
            }
            .severity(Severity::Medium)
            .confidence(0.55),
            Origin::Local | Origin::Unknown => Claim {
                detail: "The query contains text that is not fixed here.".to_owned(),
                ..claim
            }
            .severity(Severity::Medium)
            .into_lead(),
        };
        claim.method = Method::Syntax;
        claims.push(claim);
    }
}

/// The query inside `text("…")` and behind a name.
fn unwrapped(module: &Module<'_>, query: NodeId) -> NodeId {
    let inner = match module.tree.kind(query) {
        "call"
            if module
                .callee(query)
                .is_some_and(|name| name == "sqlalchemy.text" || name == "sqlalchemy.sql.text") =>
        {
            module.args(query).positional.first().copied()
        }
        "identifier" => module.value_of(query),
        _ => None,
    };
    inner.unwrap_or(query)
}

struct Built {
    /// Whether a value stands where a literal would.
    in_value_place: bool,
}

/// Whether an expression puts SQL together, and how.
fn built(module: &Module<'_>, query: NodeId) -> Option<Built> {
    let mut fixed = Vec::new();
    match module.tree.kind(query) {
        "string" => {
            if module.interpolations(query).is_empty() {
                return None;
            }
            f_string_parts(module, query, &mut fixed);
            if fixed.len() < 2 {
                return None;
            }
        }
        "concatenated_string" => {
            for part in module.tree.children(query) {
                f_string_parts(module, part, &mut fixed);
            }
            if fixed.len() < 2 {
                return None;
            }
        }
        "binary_operator" => operator_parts(module, query, &mut fixed)?,
        "call" if module.method(query) == Some("format") => {
            let text = module.string(module.receiver(query)?)?;
            let args = module.args(query);
            let all_fixed = args
                .positional
                .iter()
                .chain(args.keywords.iter().map(|(_, value)| value))
                .all(|value| is_harmless(module, *value));
            if all_fixed && !args.open {
                return None;
            }
            fixed.extend(text.split('{').map(str::to_owned));
        }
        _ => return None,
    }
    let first = fixed.first()?.trim_start().to_lowercase();
    let whole = fixed.concat().to_lowercase();
    // "Select a file: " is prose.
    let prose =
        first.starts_with("select ") && !whole.contains("from") && !whole.contains(['(', '=']);
    let sql = VERBS.iter().any(|verb| first.starts_with(verb)) && !prose;
    let before = &fixed[..fixed.len() - 1];
    sql.then(|| Built {
        in_value_place: (0..before.len())
            .any(|index| ends_at_value(&before[index], &before[..=index].concat())),
    })
}

/// The fixed texts around each interpolation that is not harmless.
fn f_string_parts(module: &Module<'_>, string: NodeId, fixed: &mut Vec<String>) {
    if fixed.is_empty() {
        fixed.push(String::new());
    }
    for part in module.tree.children(string) {
        match module.tree.kind(part) {
            "string_content" => {
                if let Some(last) = fixed.last_mut() {
                    last.push_str(module.text(part));
                }
            }
            "interpolation" => {
                let harmless = module
                    .tree
                    .children(part)
                    .next()
                    .is_none_or(|value| is_harmless(module, value));
                if harmless {
                    if let Some(last) = fixed.last_mut() {
                        last.push('1');
                    }
                } else {
                    fixed.push(String::new());
                }
            }
            _ => {}
        }
    }
}

/// `"…" + value + "…"` and `"…" % values`; `None` when no value has a part.
fn operator_parts(module: &Module<'_>, query: NodeId, fixed: &mut Vec<String>) -> Option<()> {
    let operator = module
        .tree
        .field(query, "operator")
        .map(|operator| module.text(operator))?;
    let left = module.tree.field(query, "left")?;
    let right = module.tree.field(query, "right")?;
    if operator == "%" {
        let text = module.string(left).or_else(|| {
            (module.tree.kind(left) == "parenthesized_expression").then(|| module.text(left))
        })?;
        let values: Vec<NodeId> = match module.tree.kind(right) {
            "tuple" => module.tree.children(right).collect(),
            _ => vec![right],
        };
        if values.iter().all(|value| is_harmless(module, *value)) {
            return None;
        }
        fixed.extend(
            text.trim_start_matches(['(', '"', '\'', ' ', '\n'])
                .split("%s")
                .map(str::to_owned),
        );
        return Some(());
    }
    if operator != "+" {
        return None;
    }
    // A chain of additions leans left; walk it down without recursion.
    let mut operands = vec![right];
    let mut at = left;
    while module.tree.kind(at) == "binary_operator" && operands.len() < 64 {
        operands.push(module.tree.field(at, "right")?);
        at = module.tree.field(at, "left")?;
    }
    operands.push(at);
    operands.reverse();
    fixed.push(String::new());
    let mut values = 0;
    for operand in operands {
        match module.string(operand) {
            Some(text) => {
                if let Some(last) = fixed.last_mut() {
                    last.push_str(text);
                }
            }
            None if is_harmless(module, operand) => {}
            None if module.tree.kind(operand) == "string" => {
                let before = fixed.len();
                f_string_parts(module, operand, fixed);
                values += fixed.len() - before;
            }
            None => {
                fixed.push(String::new());
                values += 1;
            }
        }
    }
    (values > 0).then_some(())
}

/// Constants, numbers, and what is turned into a number or a list of placeholders.
fn is_harmless(module: &Module<'_>, value: NodeId) -> bool {
    let value = if module.callee(value).as_deref() == Some("str") {
        module
            .args(value)
            .positional
            .first()
            .copied()
            .unwrap_or(value)
    } else {
        value
    };
    module.is_constant(value)
        || module.tree.kind(value) == "call"
            && module
                .callee(value)
                .is_some_and(|name| matches!(name.as_str(), "int" | "float" | "len" | "bool"))
        || module.tree.kind(value) == "call" && module.method(value).is_some_and(is_quoting)
        || module.text(value).to_lowercase().contains("placeholder")
}

/// Whether the text before a value ends where SQL expects a literal: inside quotes, or after a
/// comparison in a condition. What follows `=` elsewhere (`SET ROLE = …`) is often a name.
fn ends_at_value(text: &str, before: &str) -> bool {
    let text = text.trim_end().to_lowercase();
    if text.ends_with(['\'', '"', '%']) {
        return text.ends_with("'") || text.ends_with("'%") || text.ends_with("= \"");
    }
    let compared = text.ends_with(['=', '<', '>']) || text.ends_with(" like");
    let values = text.ends_with("values (") || text.ends_with("values(");
    values || compared && before.to_lowercase().contains("where ")
}

/// Functions that make a value safe to stand in SQL say so in their names.
fn is_quoting(name: &str) -> bool {
    let name = name.to_lowercase();
    [
        "quote",
        "escape",
        "literal",
        "identifier",
        "mogrify",
        "prepare_value",
    ]
    .iter()
    .any(|word| name.contains(word))
}
