//! The history: a small project and what thirty commits do to it.
//!
//! `«label rule»` stands on the first line of a fault and is cut out of what is uploaded.

use std::collections::BTreeMap;

/// One commit.
pub struct Step {
    pub what: &'static str,
    pub edit: fn(&mut Tree),
    /// Faults of which nobody could say that they are the ones from before: they must come out as
    /// new, their old findings as resolved.
    pub ambiguous: &'static [&'static str],
    /// What people decide afterwards.
    pub decide: &'static [(&'static str, &'static str)],
}

/// The project with its labels, and what was deleted from it.
pub struct Tree {
    files: BTreeMap<String, String>,
    deleted: BTreeMap<String, String>,
}

/// Where a fault stands.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub path: String,
    pub line: u64,
    pub rule: String,
}

/// The project as it is uploaded, and where its faults are.
pub struct Source {
    pub files: BTreeMap<String, String>,
    pub labels: BTreeMap<Place, String>,
}

impl Tree {
    pub fn first() -> Self {
        let files = [
            ("app/jobs.py", JOBS),
            ("app/reader.py", READER),
            ("app/web.py", WEB),
            ("Dockerfile", DOCKERFILE),
            ("compose.yaml", COMPOSE),
        ];
        let owned = |(path, text): (&str, &str)| (path.to_owned(), text.to_owned());
        Self {
            files: files.into_iter().map(owned).collect(),
            deleted: BTreeMap::new(),
        }
    }

    /// The files without labels.
    pub fn source(&self) -> Source {
        let (mut files, mut labels) = (BTreeMap::new(), BTreeMap::new());
        for (path, text) in &self.files {
            let mut bare = String::new();
            let mut parts = text.split('«');
            bare.push_str(parts.next().unwrap());
            for part in parts {
                let (label, rest) = part.split_once('»').unwrap();
                let (label, rule) = label.split_once(' ').unwrap();
                let place = Place {
                    path: path.clone(),
                    line: bare.matches('\n').count() as u64 + 1,
                    rule: rule.to_owned(),
                };
                assert_eq!(labels.insert(place, label.to_owned()), None, "{label}");
                bare.push_str(rest);
            }
            files.insert(path.clone(), bare);
        }
        Source { files, labels }
    }

    fn replace(&mut self, path: &str, old: &str, new: &str) {
        let text = self.files.get_mut(path).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{old} in {text}");
        *text = text.replace(old, new);
    }

    /// Takes a part out of a file.
    fn cut(&mut self, path: &str, part: &str) {
        self.replace(path, part, "");
    }

    fn append(&mut self, path: &str, text: &str) {
        self.files
            .entry(path.to_owned())
            .or_default()
            .push_str(text);
    }

    fn rename(&mut self, old: &str, new: &str) {
        let text = self.files.remove(old).unwrap();
        self.files.insert(new.to_owned(), text);
    }

    fn delete(&mut self, path: &str) {
        let text = self.files.remove(path).unwrap();
        self.deleted.insert(path.to_owned(), text);
    }

    fn restore(&mut self, path: &str) {
        let text = self.deleted.remove(path).unwrap();
        self.files.insert(path.to_owned(), text);
    }

    /// Copies a file; the faults in the copy are others.
    fn copy(&mut self, old: &str, new: &str) {
        let text = self.files[old].replace('«', "«copied_");
        self.files.insert(new.to_owned(), text);
    }
}

const JOBS: &str = r#""""Jobs that run at night."""

import subprocess
import tempfile


def export(name):
    target = «export_file python-temporary-file-race»tempfile.mktemp()
    «export_tar python-command-injection»subprocess.run("tar cf " + target + " " + name, shell=True)
    return target


def clean(folder):
    «clean_rm python-command-injection»subprocess.run("rm -r " + folder, shell=True)


def rotate(name):
    first = «rotate_first python-temporary-file-race»tempfile.mktemp()
    record(first, name)
    second = «rotate_second python-temporary-file-race»tempfile.mktemp()
    record(second, name)
    return first, second


def record(path, name):
    print(path, name)
"#;

const READER: &str = r#""""Reads what other services left behind."""

import pickle

import yaml


class Reader:
    def settings(self, stream):
        return «settings_yaml python-unsafe-deserialization»yaml.load(stream, Loader=yaml.Loader)

    def state(self, stream):
        return «state_pickle python-unsafe-deserialization»pickle.load(stream)

    def close(self):
        self.closed = True
"#;

const WEB: &str = r#""""What users see."""

import hashlib

import requests

BASE = "https://prices.example.com/"


def prices():
    return «prices_tls python-tls-verification-off»requests.get(BASE + "all", verify=False)


def stock():
    return «stock_tls python-tls-verification-off»requests.get(BASE + "stock", verify=False)


def sign(password):
    return «sign_md5 python-weak-hash»hashlib.md5(password.encode()).hexdigest()
"#;

const DOCKERFILE: &str = "\
«base dockerfile-unpinned-base»FROM python:latest
COPY . /srv
«pipe dockerfile-pipe-to-shell»RUN curl http://example.com/install.sh | sh
USER app
";

const COMPOSE: &str = "\
services:
  web:
    image: example/web:1.2.3
    «web_privileged compose-privileged»privileged: true
  worker:
    image: example/worker:1.2.3
    «worker_privileged compose-privileged»privileged: true
";

const CLEAN: &str = r#"def clean(folder):
    «clean_rm python-command-injection»subprocess.run("rm -r " + folder, shell=True)


"#;

fn step(what: &'static str, edit: fn(&mut Tree)) -> Step {
    Step {
        what,
        edit,
        ambiguous: &[],
        decide: &[],
    }
}

pub fn steps() -> Vec<Step> {
    let mut steps = vec![Step {
        decide: &[
            ("export_tar", "confirmed"),
            ("rotate_second", "dismissed"),
            ("worker_privileged", "dismissed"),
            ("sign_md5", "confirmed"),
        ],
        ..step("first upload", |_| {})
    }];
    steps.extend(moves());
    steps.extend(fixes());
    steps.extend(mixtures());
    steps
}

/// Steps 1 to 10: nothing is fixed, things only move.
fn moves() -> Vec<Step> {
    vec![
        step("insert lines above", |tree| {
            tree.replace(
                "app/jobs.py",
                "import subprocess\n",
                "import logging\nimport os\nimport subprocess\n",
            );
            tree.replace(
                "Dockerfile",
                "COPY . /srv\n",
                "WORKDIR /srv\n\nCOPY . /srv\n",
            );
        }),
        step("move a function to the end of its file", |tree| {
            tree.cut("app/jobs.py", CLEAN);
            tree.append("app/jobs.py", &format!("\n\n{}", CLEAN.trim_end()));
            tree.append("app/jobs.py", "\n");
        }),
        step("rename a file", |tree| {
            tree.rename("app/jobs.py", "app/tasks.py");
        }),
        step("break a call into lines", |tree| {
            tree.replace(
                "app/tasks.py",
                r#"subprocess.run("tar cf " + target + " " + name, shell=True)"#,
                "subprocess.run(\n        \"tar cf \" + target + \" \" + name,\n        shell=True,\n    )",
            );
        }),
        step("rename a function", |tree| {
            tree.replace("app/tasks.py", "def export(", "def export_all(");
        }),
        step("split a function, the fault goes to the new one", |tree| {
            let rest = "    return target\n";
            tree.replace("app/tasks.py", rest, "    return pack(target, name)\n");
            let call = "    «export_tar python-command-injection»subprocess.run(\n        \"tar cf \" + target + \" \" + name,\n        shell=True,\n    )\n";
            tree.cut("app/tasks.py", call);
            tree.append(
                "app/tasks.py",
                &format!("\n\ndef pack(target, name):\n{call}{rest}"),
            );
        }),
        step("swap two equal faults", |tree| {
            let first = "    first = «rotate_first python-temporary-file-race»tempfile.mktemp()\n    record(first, name)\n";
            let second = "    second = «rotate_second python-temporary-file-race»tempfile.mktemp()\n    record(second, name)\n";
            tree.cut("app/tasks.py", first);
            tree.replace("app/tasks.py", second, &format!("{second}{first}"));
        }),
        step("rename a class", |tree| {
            tree.replace("app/reader.py", "class Reader:", "class LeftoverReader:");
        }),
        step("other quotes, another indentation", |tree| {
            let text = tree.files.get_mut("app/web.py").unwrap();
            *text = text
                .replace("\"all\"", "'all'")
                .replace("    return", "  return");
        }),
        step("swap two services and rename one", |tree| {
            tree.files.insert(
                "compose.yaml".into(),
                "\
services:
  jobs:
    image: example/worker:1.2.3
    «worker_privileged compose-privileged»privileged: true

  web:
    image: example/web:1.2.3
    «web_privileged compose-privileged»privileged: true
"
                .into(),
            );
        }),
    ]
}

/// Steps 11 to 20: faults go and come back.
fn fixes() -> Vec<Step> {
    vec![
        step("fix the first of two equal faults", |tree| {
            tree.replace(
                "app/tasks.py",
                "second = «rotate_second python-temporary-file-race»tempfile.mktemp()",
                "second = tempfile.mkstemp()[1]",
            );
        }),
        step("reintroduce it", |tree| {
            tree.replace(
                "app/tasks.py",
                "second = tempfile.mkstemp()[1]",
                "second = «rotate_second python-temporary-file-race»tempfile.mktemp()",
            );
        }),
        Step {
            decide: &[("prices_tls", "dismissed"), ("state_pickle", "dismissed")],
            ..step("fix a fault", |tree| {
                tree.replace(
                    "app/tasks.py",
                    "«clean_rm python-command-injection»subprocess.run(\"rm -r \" + folder, shell=True)",
                    "subprocess.run([\"rm\", \"-r\", folder])",
                );
            })
        },
        step("another fault comes where one was fixed", |tree| {
            tree.replace(
                "app/tasks.py",
                "subprocess.run([\"rm\", \"-r\", folder])",
                "«clean_chmod python-command-injection»subprocess.run(\"chmod 700 \" + folder, shell=True)",
            );
        }),
        step("the fixed fault comes back beside it", |tree| {
            tree.replace(
                "app/tasks.py",
                "def clean(folder):\n",
                "def clean(folder):\n    «clean_rm python-command-injection»subprocess.run(\"rm -r \" + folder, shell=True)\n",
            );
        }),
        step("delete a file", |tree| tree.delete("app/web.py")),
        step("bring it back", |tree| tree.restore("app/web.py")),
        step("copy a file", |tree| {
            tree.copy("app/reader.py", "legacy/reader.py");
        }),
        step("delete the copy's original function", |tree| {
            tree.cut(
                "app/reader.py",
                "    def state(self, stream):\n        return «state_pickle python-unsafe-deserialization»pickle.load(stream)\n\n",
            );
        }),
        step("bring the function back", |tree| {
            tree.replace(
                "app/reader.py",
                "    def close(self):\n",
                "    def state(self, stream):\n        return «state_pickle python-unsafe-deserialization»pickle.load(stream)\n\n    def close(self):\n",
            );
        }),
    ]
}

/// Steps 21 to 30: several things at once, and what nobody can tell.
fn mixtures() -> Vec<Step> {
    vec![
        step("change a flagged argument", |tree| {
            tree.replace("app/web.py", "BASE + \"stock\"", "BASE + \"stock?all=1\"");
            tree.replace("Dockerfile", "FROM python:latest", "FROM debian:latest");
        }),
        step("an equal fault is put above another", |tree| {
            tree.replace(
                "app/tasks.py",
                "    target = «export_file",
                "    spare = «export_spare python-temporary-file-race»tempfile.mktemp()\n    target = «export_file",
            );
        }),
        Step {
            ambiguous: &["clean_rm"],
            ..step("a line with a fault is doubled", |tree| {
                let line = |label| {
                    format!(
                        "    «{label} python-command-injection»subprocess.run(\"rm -r \" + folder, shell=True)\n"
                    )
                };
                let both = format!("{}{}", line("clean_rm"), line("clean_twice"));
                tree.replace("app/tasks.py", &line("clean_rm"), &both);
            })
        },
        Step {
            ambiguous: &["stock_tls"],
            ..step("move a function to another file", |tree| {
                let stock = "def stock():\n  return «stock_tls python-tls-verification-off»requests.get(BASE + \"stock?all=1\", verify=False)\n\n\n";
                tree.cut("app/web.py", stock);
                tree.append(
                    "app/stock.py",
                    "import requests\n\nfrom app.web import BASE\n\n\n",
                );
                tree.append("app/stock.py", stock.trim_end());
                tree.append("app/stock.py", "\n");
            })
        },
        step("rename a file and edit it", |tree| {
            tree.rename("app/tasks.py", "night/tasks.py");
            tree.replace("night/tasks.py", "import logging\n", "");
            tree.replace(
                "night/tasks.py",
                "    print(path, name)\n",
                "    print(path, name, flush=True)\n",
            );
        }),
        step(
            "both arguments of one function change below new lines",
            |tree| {
                tree.replace(
                    "night/tasks.py",
                    "import os\n",
                    "import os\n# one\n# two\n# three\n# four\n",
                );
                tree.replace(
                    "night/tasks.py",
                    "first = «rotate_first python-temporary-file-race»tempfile.mktemp()",
                    "first = «rotate_first python-temporary-file-race»tempfile.mktemp(\".1\")",
                );
                tree.replace(
                    "night/tasks.py",
                    "second = «rotate_second python-temporary-file-race»tempfile.mktemp()",
                    "second = «rotate_second python-temporary-file-race»tempfile.mktemp(\".2\")",
                );
            },
        ),
        Step {
            ambiguous: &["rotate_first"],
            ..step("one of two is fixed, the other changes", |tree| {
                tree.replace(
                    "night/tasks.py",
                    "«rotate_second python-temporary-file-race»tempfile.mktemp(\".2\")",
                    "tempfile.mkstemp()[1]",
                );
                tree.replace(
                    "night/tasks.py",
                    "tempfile.mktemp(\".1\")",
                    "tempfile.mktemp(\".one\")",
                );
            })
        },
        step("fix one place, break another", |tree| {
            tree.replace(
                "app/web.py",
                "«prices_tls python-tls-verification-off»requests.get(BASE + 'all', verify=False)",
                "requests.get(BASE + 'all')",
            );
            tree.append("app/web.py", "\n\ndef offers():\n    return «offers_tls python-tls-verification-off»requests.get(BASE + \"offers\", verify=False)\n");
        }),
        Step {
            // Both its text and its symbol are others now.
            ambiguous: &["base"],
            ..step("name a stage, add an equal service", |tree| {
                tree.replace(
                    "Dockerfile",
                    "FROM debian:latest",
                    "FROM debian:latest AS run",
                );
                tree.append("compose.yaml", "\n  cache:\n    image: example/cache:1.2.3\n    «cache_privileged compose-privileged»privileged: true\n");
            })
        },
        step("delete the original, keep the copy", |tree| {
            tree.delete("app/reader.py");
        }),
    ]
}
