//! Rules about Python that need data flow.

use crate::{domain::finding::Severity, engine::builtin::rule::Rule};

/// Every rule of this file.
pub(super) static RULES: &[&Rule] = &[&XPATH, &TRUST, &HEADER, &LOG, &STORED_XSS, &NOSQL, &REGEX];

static XPATH: Rule = Rule {
    id: "python-xpath-injection",
    area: "python",
    title: "XPath expression built from values",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-643"],
    owasp: &["A03:2021"],
    description: "Data from outside becomes part of the text of an XPath expression.",
    impact: "The expression can be made to select other nodes: a login is passed, or the whole document is read.",
    remediation: "Keep the expression fixed and give values as XPath variables: tree.xpath(\"//user[@name=$name]\", name=name).",
    bad: r#"from flask import request
from lxml import etree

tree = etree.parse("users.xml")

def find():
    name = request.args["name"]
    return len(tree.xpath("//user[@name='" + name + "']"))
"#,
    good: r#"from flask import request
from lxml import etree

tree = etree.parse("users.xml")

def find():
    name = request.args["name"]
    return len(tree.xpath("//user[@name=$name]", name=name))
"#,
    references: &["https://lxml.de/xpathxslt.html#the-xpath-method"],
};

static TRUST: Rule = Rule {
    id: "python-trust-boundary",
    area: "python",
    title: "Unchecked data kept in the session",
    severity: Severity::Low,
    category: "authorization",
    cwe: &["CWE-501"],
    owasp: &["A04:2021"],
    description: "Data from a request is put into the session without a check, as a value or as a key.",
    impact: "Code that reads the session takes for granted that the application itself decided what is in it.",
    remediation: "Check the value against what is allowed before it is kept, and keep fixed keys.",
    bad: r#"from flask import request, session

def choose():
    session["role"] = request.form["role"]
"#,
    good: r#"from flask import request, session

def choose():
    if request.form["role"] in ("reader", "writer"):
        session["role"] = "writer" if request.form["role"] == "writer" else "reader"
"#,
    references: &["https://flask.palletsprojects.com/en/stable/api/#sessions"],
};

static HEADER: Rule = Rule {
    id: "python-header-injection",
    area: "python",
    title: "Header made of unchecked data",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-113"],
    owasp: &["A03:2021"],
    description: "Data from outside is written into a header by an interface that does not refuse line breaks.",
    impact: "A line break in the value ends the header: further headers or a body of the attacker's choice follow.",
    remediation: "Refuse or encode line breaks, for example with urllib.parse.quote, or use a framework that checks header values.",
    bad: r#"from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Topic", unquote(self.path))
        self.end_headers()
"#,
    good: r#"from http.server import BaseHTTPRequestHandler
from urllib.parse import quote, unquote

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Topic", quote(unquote(self.path)))
        self.end_headers()
"#,
    references: &[
        "https://docs.python.org/3/library/http.server.html#http.server.BaseHTTPRequestHandler.send_header",
    ],
};

static LOG: Rule = Rule {
    id: "python-log-injection",
    area: "python",
    title: "Log line made of unchecked data",
    severity: Severity::Low,
    category: "injection",
    cwe: &["CWE-117"],
    owasp: &["A09:2021"],
    description: "Data from a request is written to a log as it came.",
    impact: "A line break in the value begins a line that looks like one of the application's own.",
    remediation: "Log values with %r, or take line breaks out first.",
    bad: r#"import logging
from flask import request

log = logging.getLogger(__name__)

def login():
    log.warning("no such user: " + request.form["user"])
"#,
    good: r#"import logging
from flask import request

log = logging.getLogger(__name__)

def login():
    log.warning("no such user: %r", request.form["user"])
"#,
    references: &["https://docs.python.org/3/library/logging.html#logging.Logger.debug"],
};

static STORED_XSS: Rule = Rule {
    id: "python-stored-xss",
    area: "python",
    title: "Stored data on a page, unescaped",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-79"],
    owasp: &["A03:2021"],
    description: "Text from a database or another store becomes part of a page without being escaped.",
    impact: "Markup that one user left there runs scripts in the browser of another.",
    remediation: "Render with a template that escapes, or escape with markupsafe.escape.",
    bad: r#"import sqlite3
from flask import make_response

def board():
    rows = sqlite3.connect("board.db").execute("SELECT text FROM notes").fetchall()
    return make_response("<p>" + rows[0][0] + "</p>")
"#,
    good: r#"import sqlite3
from flask import make_response
from markupsafe import escape

def board():
    rows = sqlite3.connect("board.db").execute("SELECT text FROM notes").fetchall()
    return make_response("<p>" + escape(rows[0][0]) + "</p>")
"#,
    references: &["https://flask.palletsprojects.com/en/stable/web-security/#security-xss"],
};

static NOSQL: Rule = Rule {
    id: "python-nosql-injection",
    area: "python",
    title: "Database query chosen by unchecked data",
    severity: Severity::High,
    category: "injection",
    cwe: &["CWE-943"],
    owasp: &["A03:2021"],
    description: "Data from outside becomes a query object of a document database, or code that the database runs.",
    impact: "Operators such as $ne or $where in the data change what is selected: a password check is passed, or all documents are read.",
    remediation: "Build the query from fixed keys and make every value a string or a number first: {\"name\": str(name)}.",
    bad: r#"from flask import request
from pymongo import MongoClient

users = MongoClient()["shop"]["users"]

def login():
    return users.find_one(request.get_json()) is not None
"#,
    good: r#"from flask import request
from pymongo import MongoClient

users = MongoClient()["shop"]["users"]

def login():
    return users.find_one({"active": True, "number": int(request.args["number"])}) is not None
"#,
    references: &["https://www.mongodb.com/docs/manual/reference/operator/query/where/"],
};

static REGEX: Rule = Rule {
    id: "python-regex-injection",
    area: "python",
    title: "Regular expression from outside",
    severity: Severity::Medium,
    category: "injection",
    cwe: &["CWE-1333", "CWE-400"],
    owasp: &["A03:2021"],
    description: "Data from outside is compiled as a regular expression.",
    impact: "A short pattern with nested repetition keeps a processor busy for hours, and other patterns match what they should not.",
    remediation: "Search for fixed text, or make the value literal with re.escape.",
    bad: r#"import re
from flask import request

def search(text):
    return len(re.findall(request.args["q"], text))
"#,
    good: r#"import re
from flask import request

def search(text):
    return len(re.findall(re.escape(request.args["q"]), text))
"#,
    references: &["https://docs.python.org/3/library/re.html#re.escape"],
};
