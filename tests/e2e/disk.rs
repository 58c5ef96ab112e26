//! A disk that is full, made with a limit on file sizes: nothing acknowledged is lost.

use crate::support::{Server, all, archive_of, corpus, verify, zip};
use serde_json::json;
use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
};

/// `vega serve` whose files may not grow beyond `kilobytes`.
async fn starved(data: &Path, kilobytes: u32) -> Server {
    // With the signal ignored a write beyond the limit fails, as on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kilobytes * 2);
    let mut shell = Command::new("/bin/dash");
    if !Path::new("/bin/dash").exists() {
        shell = Command::new("/bin/sh");
    }
    shell
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_vega")])
        .args(["serve", "--port", "0", "--data-dir"])
        .arg(data)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .current_dir(data.parent().unwrap());
    Server::of(shell).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_answers_reads_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = starved(&data, 64).await;
    let client = server.debug().await;
    let (_, repository) = client.new_repository("source").await;
    let mut acknowledged: BTreeSet<String> = all(&client, "/v1/projects")
        .await
        .iter()
        .map(|it| it["id"].to_string())
        .collect();
    let mut refusals = 0;
    for number in 0.. {
        let answer = client
            .post("/v1/projects", json!({"name": format!("project {number}")}))
            .await;
        if answer.status == 201 {
            assert_eq!(refusals, 0, "what was refused for want of room fits now");
            acknowledged.insert(answer.json()["id"].to_string());
            assert!(number < 1_000, "the limit does not hold");
            continue;
        }
        let retry_after = answer.header("retry-after").to_owned();
        let error = answer.expect_error("dependency_unavailable");
        assert!(!retry_after.is_empty(), "{error}");
        assert!(
            !error.to_string().contains("File too large"),
            "causes stay in the log: {error}"
        );
        refusals += 1;
        if refusals == 5 {
            break;
        }
    }
    assert!(acknowledged.len() > 10);
    let known: BTreeSet<_> = all(&client, "/v1/projects?limit=200")
        .await
        .iter()
        .map(|it| it["id"].to_string())
        .collect();
    assert_eq!(known, acknowledged, "reads go on");
    client.get("/v1/healthz").await.expect_status(200);
    let upload = client
        .upload(&repository, zip(&[("a.py", "x = 1\n")]))
        .await;
    upload.expect_error("dependency_unavailable");

    drop(server);
    let server = Server::start(&data, &[]).await;
    let client = server.again(&client);
    let found: BTreeSet<_> = all(&client, "/v1/projects?limit=200")
        .await
        .iter()
        .map(|it| it["id"].to_string())
        .collect();
    assert_eq!(found, acknowledged, "exactly what was acknowledged");
    client
        .upload(&repository, zip(&[("a.py", "x = 1\n")]))
        .await
        .expect_status(202);
    assert_eq!(client.ingested(&repository).await["ingest_status"], "ready");
    let scan = client.start_scan(&repository).await;
    verify::check_scan(&client, &scan, "completed").await;
    verify::no_leftovers(&data, 1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_too_large_for_the_disk_is_refused_and_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = starved(&data, 256).await;
    let client = server.debug().await;
    let (_, repository) = client.new_repository("source").await;
    // Stored, not compressed, so that it is as large as it looks.
    let large = "x = 'nothing of interest'\n".repeat(40_000);
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("large.py", options).unwrap();
    std::io::Write::write_all(&mut writer, large.as_bytes()).unwrap();
    let archive = writer.finish().unwrap().into_inner();
    client
        .upload(&repository, archive)
        .await
        .expect_error("dependency_unavailable");
    let state = client
        .get(&format!("/v1/repositories/{repository}"))
        .await
        .json();
    assert_eq!(state["ingest_status"], "pending", "{state}");
    verify::no_leftovers(&data, 1).await;
    // What fits is taken.
    let small = archive_of(&corpus(1, 1, 0));
    client.upload(&repository, small).await.expect_status(202);
    assert_eq!(client.ingested(&repository).await["ingest_status"], "ready");
    server.stop().await;
}
