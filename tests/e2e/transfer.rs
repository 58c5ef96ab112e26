//! `vega maintenance export` and `import`, as an administrator types them.

use crate::support::{
    Client, Process, Server, all, archive_of, command, corpus, done, refused, run, wait_for,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Output,
};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a long enough password";

fn maintenance(data: &Path, arguments: &[&str]) -> Output {
    let mut command = command(&["maintenance", "--data-dir"]);
    command
        .arg(data)
        .args(arguments)
        .current_dir(data.parent().unwrap());
    run(&mut command)
}

#[track_caller]
fn import(data: &Path, file: &Path) -> Value {
    let printed = done(&maintenance(
        data,
        &["import", "--json", file.to_str().unwrap()],
    ));
    serde_json::from_str(&printed).unwrap()
}

#[track_caller]
fn export(data: &Path, file: &Path, more: &[&str]) -> Value {
    let mut arguments = vec!["export", "--json", "--output", file.to_str().unwrap()];
    arguments.extend(more);
    serde_json::from_str(&done(&maintenance(data, &arguments))).unwrap()
}

/// How many records and objects an import added.
fn added(report: &Value) -> u64 {
    let records = report["records"].as_object().unwrap().values();
    let records: u64 = records.map(|it| it["added"].as_u64().unwrap()).sum();
    records + report["objects"]["added"].as_u64().unwrap()
}

/// A data folder with two projects, each with a scan, decisions and comments, and its server gone.
struct Installation {
    _folder: tempfile::TempDir,
    data: PathBuf,
    projects: Vec<String>,
    repositories: Vec<String>,
    scans: Vec<String>,
    findings: Vec<String>,
    /// What the API answers, by path.
    answers: BTreeMap<String, Value>,
}

impl Installation {
    async fn with_two_projects() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let server = Server::start(&data, &[]).await;
        let mut add = command(&["maintenance", "--data-dir"]);
        add.arg(&data)
            .args(["users", "add", EMAIL, "--groups", "operator,user"])
            .current_dir(folder.path());
        done(&crate::support::run_with_input(&mut add, PASSWORD));
        let client = server.client().signed_in(EMAIL, PASSWORD).await;
        let mut made = Self {
            _folder: folder,
            data,
            projects: Vec::new(),
            repositories: Vec::new(),
            scans: Vec::new(),
            findings: Vec::new(),
            answers: BTreeMap::new(),
        };
        for size in [1, 2] {
            let (project, repository) = client.new_repository("moving").await;
            client
                .upload(&repository, archive_of(&corpus(size, 2, 2)))
                .await
                .expect_status(202);
            client.ingested(&repository).await;
            let scan = client.start_scan(&repository).await;
            assert_eq!(client.ended(&scan).await["status"], "completed");
            let finding = client.findings(&scan).await[0].clone();
            let finding = finding["id"].as_str().unwrap().to_owned();
            let path = format!("/v1/findings/{finding}");
            let decision = json!({"status": "dismissed", "reason": "it is only a test"});
            client.patch(&path, decision).await.expect_status(200);
            let comment = json!({"text": "seen by two people"});
            client
                .post(&format!("{path}/comments"), comment)
                .await
                .expect_status(201);
            client
                .patch(&path, json!({"status": "confirmed"}))
                .await
                .expect_status(200);
            made.projects.push(project);
            made.repositories.push(repository);
            made.scans.push(scan);
            made.findings.push(finding);
        }
        made.answers = made.answers(&client).await;
        server.stop().await;
        made
    }

    /// What has to be the same wherever the installation is.
    async fn answers(&self, client: &Client) -> BTreeMap<String, Value> {
        let mut answers = BTreeMap::new();
        for list in ["/v1/projects", "/v1/findings?lead=any&limit=200"] {
            answers.insert(list.to_owned(), Value::from(all(client, list).await));
        }
        for repository in &self.repositories {
            for path in [
                format!("/v1/repositories/{repository}"),
                format!("/v1/repositories/{repository}/threat-profile"),
                format!("/v1/repositories/{repository}/snapshots"),
                format!("/v1/repositories/{repository}/findings?lead=any&limit=200"),
            ] {
                let answer = client.get(&path).await.expect_status(200).json();
                answers.insert(path, answer);
            }
            let snapshots = &answers[&format!("/v1/repositories/{repository}/snapshots")];
            let snapshot = snapshots[0]["id"].as_str().unwrap().to_owned();
            let path = format!("/v1/snapshots/{snapshot}/file?path=service0/pkg0/module0.py");
            let file = client.get(&path).await.expect_status(200).json();
            answers.insert(path, file);
        }
        for scan in &self.scans {
            let events = client.events(scan).await;
            assert!(events.len() > 3);
            answers.insert(format!("events of {scan}"), Value::from(events));
            let findings = client.findings(scan).await;
            answers.insert(format!("findings of {scan}"), Value::from(findings));
            for format in ["json", "sarif"] {
                let path = format!("/v1/scans/{scan}/report?format={format}");
                let report = client.get(&path).await.expect_status(200).json();
                answers.insert(path, report);
            }
        }
        for finding in &self.findings {
            for part in ["", "/history", "/comments"] {
                let path = format!("/v1/findings/{finding}{part}");
                let answer = client.get(&path).await.expect_status(200).json();
                answers.insert(path, answer);
            }
        }
        answers
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.data.parent().unwrap().join(name)
    }
}

/// The entries of an export, to look at and to forge.
#[derive(Clone)]
struct File(Vec<(String, Vec<u8>)>);

impl File {
    fn read(path: &Path) -> Self {
        let mut archive = tar::Archive::new(fs::File::open(path).unwrap());
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
            (
                String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
                content,
            )
        });
        Self(entries.collect())
    }

    fn json(&self, name: &str) -> Value {
        let entry = self.0.iter().find(|(entry, _)| entry == name);
        serde_json::from_slice(&entry.unwrap().1).unwrap()
    }

    fn set(&mut self, name: &str, content: Vec<u8>) {
        let entry = self.0.iter_mut().find(|(entry, _)| entry == name);
        entry.unwrap().1 = content;
    }

    fn edit(&mut self, name: &str, edit: impl Fn(&str) -> String) {
        let entry = self.0.iter_mut().find(|(entry, _)| entry == name).unwrap();
        let edited = edit(std::str::from_utf8(&entry.1).unwrap());
        assert_ne!(edited.as_bytes(), entry.1, "{name} was not changed");
        entry.1 = edited.into_bytes();
    }

    /// With checksums that are right, as someone makes them who knows the format.
    fn resealed(mut self) -> Self {
        let mut contents = self.json("contents.json");
        let seal = |place: &mut Value, content: &[u8]| {
            place["size"] = content.len().into();
            place["sha256"] = vega::auth::sha256_hex(content).into();
        };
        let named = |prefix: &'static str| {
            let entries = self
                .0
                .iter()
                .filter(move |(name, _)| name.starts_with(prefix));
            entries.map(|(_, content)| content)
        };
        seal(&mut contents["manifest"], &self.0[0].1);
        let objects = contents["objects"].as_array_mut().unwrap();
        for (object, content) in objects.iter_mut().zip(named("objects/")) {
            seal(object, content);
        }
        let parts = contents["records"].as_array_mut().unwrap();
        for (part, content) in parts.iter_mut().zip(named("records/")) {
            part["records"] = content.iter().filter(|byte| **byte == b'\n').count().into();
            seal(part, content);
        }
        self.set("contents.json", serde_json::to_vec(&contents).unwrap());
        self
    }

    fn write(&self, path: &Path) {
        let mut archive = tar::Builder::new(fs::File::create(path).unwrap());
        for (name, content) in &self.0 {
            let mut header = tar::Header::new_ustar();
            // Not `set_path`: it refuses what a forger writes.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            header.set_cksum();
            archive.append(&header, content.as_slice()).unwrap();
        }
        archive.finish().unwrap();
    }

    /// Everything that follows from what was exported: all but the time in the manifest.
    fn durable(&self) -> Vec<(String, Vec<u8>)> {
        let mut entries = self.0.clone();
        entries.retain(|(name, _)| name != "manifest.json" && name != "contents.json");
        let mut contents = self.json("contents.json");
        contents["manifest"] = Value::Null;
        entries.push(("contents".to_owned(), contents.to_string().into_bytes()));
        entries
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_with_everything_it_knows() {
    let source = Installation::with_two_projects().await;
    let file = source.beside("all.tar");
    let told = export(&source.data, &file, &["--with-credentials"]);
    assert_eq!(told["records"]["scans"], 2, "{told}");
    assert!(told["records"]["history"].as_u64() >= Some(6), "{told}");
    assert!(told["objects"].as_u64() >= Some(12), "{told}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "there is source code in it");
    refused(
        &maintenance(
            &source.data,
            &["export", "--output", file.to_str().unwrap()],
        ),
        "--force",
    );

    let copy = source.beside("copy");
    let dry = done(&maintenance(
        &copy,
        &["import", "--dry-run", file.to_str().unwrap()],
    ));
    assert!(dry.contains("scans: 2 to add"), "{dry}");
    assert!(!copy.exists(), "a dry run makes nothing");
    let first = import(&copy, &file);
    assert_eq!(first["records"]["scans"]["added"], 2, "{first}");
    assert_eq!(first["conflicts"], json!([]));
    assert_eq!(added(&import(&copy, &file)), 0, "the second one is a no-op");

    let again = source.beside("again.tar");
    export(&copy, &again, &["--with-credentials"]);
    assert!(
        File::read(&file).durable() == File::read(&again).durable(),
        "an export of the copy differs from that of the source"
    );

    let server = Server::start(&copy, &[]).await;
    let client = server.client().signed_in(EMAIL, PASSWORD).await;
    for (path, answer) in source.answers(&client).await {
        assert_eq!(answer, source.answers[&path], "{path}");
    }
    let audit = all(&client, "/v1/audit-log?action=finding.triaged").await;
    assert_eq!(audit.len(), 4, "the audit log moves too");
    // What is there goes on: a rescan keeps decisions, its events are numbered, its files stored.
    let scan = client.start_scan(&source.repositories[0]).await;
    assert_eq!(client.ended(&scan).await["status"], "completed");
    let path = format!("/v1/findings/{}", source.findings[0]);
    assert_eq!(client.get(&path).await.json()["status"], "confirmed");
    client
        .patch(&path, json!({"status": "open"}))
        .await
        .expect_status(200);
    server.stop().await;

    // Newer data is never overwritten.
    let journal = journal_of(&copy);
    let output = maintenance(&copy, &["import", file.to_str().unwrap()]);
    refused(&output, "nothing was changed");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains(&format!("conflict: findings {}", source.findings[0])),
        "{told}"
    );
    assert_eq!(journal, journal_of(&copy));
}

fn journal_of(data: &Path) -> Vec<u8> {
    fs::read(data.join("metadata/journal-1.jsonl")).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_moves_alone_and_the_rest_may_follow() {
    let source = Installation::with_two_projects().await;
    let one = source.beside("one.tar");
    let dry = maintenance(
        &source.data,
        &[
            "export",
            "--dry-run",
            "--json",
            "--project",
            &source.projects[1],
        ],
    );
    let would: Value = serde_json::from_str(&done(&dry)).unwrap();
    let told = export(&source.data, &one, &["--project", &source.projects[1]]);
    assert_eq!(would, told, "a dry run reads the same and writes nothing");
    assert!(would["object_bytes"].as_u64() > Some(0));
    let there = one.to_str().unwrap();
    let refusal = maintenance(&source.data, &["export", "--dry-run", "--output", there]);
    refused(&refusal, "--force");
    refused(
        &maintenance(&source.data, &["export", "--json"]),
        "--output",
    );
    assert_eq!(told["records"]["projects"], 1, "{told}");
    assert_eq!(told["records"]["audit"], 0, "{told}");
    assert_eq!(told["passwords_left_out"], 1, "{told}");
    let text: Vec<u8> = File::read(&one).0.into_iter().flat_map(|it| it.1).collect();
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains(&source.projects[1]));
    assert!(!text.contains(&source.projects[0]), "the other one stays");
    assert!(!text.contains("$argon2"), "no hash of a password");
    refused(
        &maintenance(
            &source.data,
            &[
                "export",
                "--output",
                "x.tar",
                "--project",
                "prj_01h455vb4pex5vsknk084sn02q",
            ],
        ),
        "not found",
    );
    assert!(!source.beside("x.tar").exists());

    // To a pipe, and read from it: a file is all that an import needs.
    let piped = maintenance(&source.data, &["export", "--output", "-"]);
    assert!(piped.status.success());
    let everything = source.beside("piped.tar");
    fs::write(&everything, &piped.stdout).unwrap();

    let copy = source.beside("copy");
    assert!(added(&import(&copy, &one)) > 0);
    let rest = import(&copy, &everything);
    assert_eq!(
        rest["records"]["projects"],
        json!({"added": 1, "same": 1, "conflicts": 0})
    );
    let (left, right) = (source.beside("left.tar"), source.beside("right.tar"));
    export(&source.data, &left, &[]);
    export(&copy, &right, &[]);
    assert!(File::read(&left).durable() == File::read(&right).durable());

    // Without its hash a password opens nothing, until it is set anew.
    let mut passwd = command(&["maintenance", "--data-dir"]);
    passwd
        .arg(&copy)
        .args(["users", "passwd", EMAIL])
        .current_dir(copy.parent().unwrap());
    let server = Server::start(&copy, &[]).await;
    let credentials = json!({"email": EMAIL, "password": PASSWORD});
    server
        .client()
        .post("/v1/auth/login", credentials)
        .await
        .expect_error("invalid_token");
    done(&crate::support::run_with_input(&mut passwd, PASSWORD));
    let client = server.client().signed_in(EMAIL, PASSWORD).await;
    for (path, answer) in source.answers(&client).await {
        assert_eq!(answer, source.answers[&path], "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_killed_is_repeated() {
    let source = Installation::with_two_projects().await;
    let file = source.beside("all.tar");
    export(&source.data, &file, &["--with-credentials"]);
    let whole = source.beside("whole");
    import(&whole, &file);
    let size = journal_of(&whole).len();
    let expected = source.beside("expected.tar");
    export(&whole, &expected, &["--with-credentials"]);
    let mut in_the_middle = 0;
    for eighth in 0..8 {
        let copy = source.beside(&format!("killed-{eighth}"));
        let mut started = command(&["maintenance", "--data-dir"]);
        started
            .arg(&copy)
            .arg("import")
            .arg(&file)
            .current_dir(copy.parent().unwrap());
        let mut process = Process::spawn(started);
        let enough = size * eighth / 8;
        wait_for("some of the import", async || {
            let there = journal_of(&copy).len();
            (there > enough || !process.is_running()).then_some(())
        })
        .await;
        process.kill();
        in_the_middle += usize::from(journal_of(&copy).len() < size);
        import(&copy, &file);
        let exported = source.beside(&format!("killed-{eighth}.tar"));
        export(&copy, &exported, &["--with-credentials"]);
        assert!(
            File::read(&expected).durable() == File::read(&exported).durable(),
            "killed after {eighth} eighths"
        );
    }
    println!("{in_the_middle} of 8 kills came before the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_forged_file_changes_nothing() {
    let source = Installation::with_two_projects().await;
    let good = source.beside("good.tar");
    export(&source.data, &good, &["--with-credentials"]);
    let target = source.beside("target");
    // The folder as an installation has it in which nobody has signed in.
    let mut add = command(&["maintenance", "--data-dir"]);
    add.arg(&target).args(["users", "add", "first@example.com"]);
    add.current_dir(target.parent().unwrap());
    done(&crate::support::run_with_input(&mut add, PASSWORD));
    let empty = journal_of(&target);
    let bad = source.beside("bad.tar");
    let check = |words: &str, what: &str| {
        let output = maintenance(&target, &["import", bad.to_str().unwrap()]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{what}: {stderr}");
        assert!(stderr.contains(words), "{what}: {stderr}");
        assert_eq!(journal_of(&target), empty, "{what}");
        for folder in ["snapshots", "scans", "uploads", "exports"] {
            assert!(!target.join(folder).exists(), "{what}: {folder}");
        }
    };
    let unchanged = "not a whole, unchanged export";

    refused(
        &maintenance(&target, &["import", "nothing.tar"]),
        "cannot be opened",
    );
    fs::write(&bad, "no tar at all").unwrap();
    check(unchanged, "text");
    let bytes = fs::read(&good).unwrap();
    for part in 1..20 {
        fs::write(&bad, &bytes[..bytes.len() * part / 20]).unwrap();
        check(unchanged, "a file that was cut off");
    }
    // A byte of each entry's content, and one of its header.
    let mut archive = tar::Archive::new(fs::File::open(&good).unwrap());
    let places: Vec<_> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (
                entry.raw_header_position(),
                entry.raw_file_position(),
                entry.size(),
            )
        })
        .collect();
    for (header, content, size) in places {
        for place in [header + 2, content + size / 2] {
            let mut flipped = bytes.clone();
            flipped[usize::try_from(place).unwrap()] ^= 0x10;
            fs::write(&bad, flipped).unwrap();
            check(unchanged, &format!("a flipped byte at {place}"));
        }
    }

    let file = File::read(&good);
    let forged = |edit: &dyn Fn(&mut File)| {
        let mut forged = file.clone();
        edit(&mut forged);
        forged.resealed().write(&bad);
    };
    forged(&|it| {
        it.edit("manifest.json", |text| {
            text.replace("\"format\": 2", "\"format\": 3")
        });
    });
    check("written by a newer Vega", "a newer format");
    forged(&|it| {
        it.edit("manifest.json", |text| {
            text.replace("\"format\": 2", "\"format\": 0")
        });
    });
    check("names no format", "a format there never was");
    forged(&|it| it.edit("manifest.json", |text| text.replace("vega-export", "other")));
    check("not that of a Vega export", "another product");
    for key in [
        "metadata/journal-1.jsonl",
        "../outside",
        "/etc/passwd",
        "auth.key",
        "snapshots/../auth.key",
        "scans/scan_01h455vb4pex5vsknk084sn02q/v16-report.json",
    ] {
        forged(&|it| {
            let mut contents = it.json("contents.json");
            contents["objects"][0]["key"] = key.into();
            it.set("contents.json", serde_json::to_vec(&contents).unwrap());
        });
        check("no place for an object", key);
    }
    for key in ["metadata/manifest.json", "snapshots/../auth.key"] {
        forged(&|it| {
            it.edit("records/snapshots-000001.jsonl", |text| {
                let (before, rest) = text.split_once("\"storage_key\":\"").unwrap();
                let (_, after) = rest.split_once('"').unwrap();
                format!("{before}\"storage_key\":\"{key}\"{after}")
            });
        });
        check("is no place for what snap_", key);
    }
    for name in [
        "objects/../../x",
        "/etc/cron.d/x",
        "records/users-000001.jsonl",
        "x",
    ] {
        forged(&|it| {
            let last = it.0.len() - 1;
            it.0.insert(last, (name.to_owned(), b"{}\n".to_vec()));
        });
        check("has no place in it", name);
    }
    forged(&|it| it.0.push(("more".to_owned(), Vec::new())));
    check("something follows", "an entry behind the last");
    let events = "records/events-000001.jsonl";
    forged(&|it| it.edit(events, |text| text.split_once('\n').unwrap().1.to_owned()));
    check("out of order", "a missing event");
    forged(&|it| {
        it.edit(events, |text| {
            let last = text.trim_end().rfind('\n').unwrap();
            text[..=last].to_owned()
        });
    });
    check("events, not", "a missing last event");
    forged(&|it| {
        it.edit("records/repositories-000001.jsonl", |text| {
            text.split_once('\n').unwrap().1.to_owned()
        });
    });
    check("needs repo_", "a repository that others need");
    forged(&|it| it.edit("records/users-000001.jsonl", |text| format!("{text}{text}")));
    check("two users", "a user twice");
    forged(&|it| {
        it.edit("records/projects-000001.jsonl", |text| {
            text.replacen("{\"id\"", "{\"colour\":\"red\",\"id\"", 1)
        });
    });
    check("would lose", "a field from the future");
    forged(&|it| {
        it.edit("records/scans-000001.jsonl", |text| {
            format!("{text}not JSON\n")
        });
    });
    check("records/scans-000001.jsonl, 3", "a line that is no JSON");

    let mut archive = tar::Builder::new(fs::File::create(&bad).unwrap());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    archive
        .append_link(&mut header, "manifest.json", "/etc/passwd")
        .unwrap();
    archive.finish().unwrap();
    drop(archive);
    check("besides plain files", "a link");

    // What earlier versions wrote is read.
    forged(&|it| {
        it.edit("manifest.json", |text| {
            text.replace("\"format\": 2", "\"format\": 1")
        });
    });
    assert!(
        added(&import(&target, &bad)) > 0,
        "a file of the format before"
    );
    assert_eq!(
        added(&import(&target, &good)),
        0,
        "the good one says the same"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_imported_beside_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Nobody runs what is queued.
    let server = Server::start(&data, &[("VEGA_SCAN_EXECUTION_MODE", "external")]).await;
    let client = server.debug().await;
    let repository = client.repository_of(archive_of(&corpus(1, 1, 1))).await;
    let finished = folder.path().join("finished.tar");
    export(&data, &finished, &[]);
    let scan = client.start_scan(&repository).await;
    let file = folder.path().join("queued.tar");
    // An export may be made beside a server.
    export(&data, &file, &[]);
    server.stop().await;

    let copy = folder.path().join("copy");
    // Also one that runs no scans goes on with jobs.
    let server = Server::start(&copy, &[("VEGA_SCAN_EXECUTION_MODE", "external")]).await;
    for file in [&finished, &file] {
        refused(
            &maintenance(&copy, &["import", file.to_str().unwrap()]),
            "stop them first",
        );
    }
    server.stop().await;
    import(&copy, &file);
    let server = Server::start(&copy, &[]).await;
    // The debug user came along, so this is the one who asked for the scan.
    let client = server.debug().await;
    assert_eq!(client.ended(&scan).await["status"], "completed");
    server.stop().await;
}

#[test]
fn a_mistyped_folder_is_told_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let typo = folder.path().join("typo");
    for arguments in [
        &["users", "list"][..],
        &["users", "disable", EMAIL],
        &["check"],
        &["cleanup"],
        &["recover", "--dry-run"],
        &["export", "--output", "x.tar"],
        &["import", "--dry-run", "nothing.tar"],
    ] {
        let output = maintenance(&typo, arguments);
        let words = match arguments[0] {
            "import" => "cannot be opened",
            _ => "no Vega data at",
        };
        refused(&output, words);
        assert!(!typo.exists(), "{arguments:?}");
    }
    assert!(!folder.path().join("x.tar").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_export_leaves_out_and_an_import_refuses_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]).await;
    let client = server.debug().await;
    let wish = json!({"url": "https://example.com/hook", "events": ["scan.completed"]});
    client.post("/v1/webhooks", wish).await.expect_status(201);
    server.stop().await;
    let file = folder.path().join("all.tar");
    let told = done(&maintenance(
        &data,
        &["export", "--output", file.to_str().unwrap()],
    ));
    assert!(told.contains("left out: 1 webhooks;"), "{told}");
    assert!(!told.contains("remotes"), "{told}");

    // The debug user is another one here.
    let used = folder.path().join("used");
    let server = Server::start(&used, &[]).await;
    server.debug().await;
    server.stop().await;
    let output = maintenance(&used, &["import", file.to_str().unwrap()]);
    refused(&output, "nothing was changed");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("nobody has signed in yet"), "{told}");
}
