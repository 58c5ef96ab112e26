//! `vega maintenance mint-token`.

use crate::support::{Server, all, archive_of, command, corpus, run};
use serde_json::{Value, json};
use std::{path::Path, process::Output, time::Duration};
use vega::{
    auth::scan_tokens::ScanTokenSigner,
    clock::{Clock, SystemClock},
};

const SECRET: &str = "a secret of the proxy, long enough";

fn mint(data: &Path, secret: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = command(&["maintenance", "--data-dir"]);
    command
        .arg(data)
        .arg("mint-token")
        .args(arguments)
        .envs(secret.map(|secret| ("VEGA_LLM_PROXY_AUTH_SECRET", secret)))
        .current_dir(data.parent().unwrap());
    run(&mut command)
}

#[track_caller]
fn refused(output: &Output, words: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(words), "{stderr}");
    assert!(output.stdout.is_empty());
}

#[track_caller]
fn printed(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_minted_for_a_scan_that_may_still_ask() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[("VEGA_SCAN_EXECUTION_MODE", "external")]).await;
    let client = server.debug().await;
    let repository = client.repository_of(archive_of(&corpus(1, 1, 1))).await;
    let scan = client.start_scan(&repository).await;
    let asked = ["--scan-id", scan.as_str()];

    refused(
        &mint(&data, None, &asked),
        "VEGA_LLM_PROXY_AUTH_SECRET: is not set",
    );
    refused(
        &mint(&data, Some("short"), &asked),
        "at least 32 characters",
    );
    refused(
        &mint(
            &data,
            Some(SECRET),
            &["--scan-id", "scan_01h455vb4pex5vsknk084sn02q"],
        ),
        "not found",
    );
    let nonsense = mint(&data, Some(SECRET), &["--scan-id", "foo"]);
    for words in ["'foo'", "--scan-id", "must be an id like scan_"] {
        refused(&nonsense, words);
    }
    let of_a_repository = mint(&data, Some(SECRET), &["--scan-id", &repository]);
    refused(&of_a_repository, "must be an id like scan_");
    let with = |more: &[&'static str]| {
        let arguments: Vec<_> = asked.iter().copied().chain(more.iter().copied()).collect();
        mint(&data, Some(SECRET), &arguments)
    };
    refused(&with(&["--attempt", "0"]), "--attempt");
    refused(&with(&["--attempt", "7"]), "the current one is 1");
    refused(&with(&["--ttl-seconds", "0"]), "--ttl-seconds");
    refused(&with(&["--ttl-seconds", "99999999999"]), "--ttl-seconds");

    let signer = ScanTokenSigner::new(SECRET.as_bytes());
    let would = printed(&with(&["--dry-run", "--json"]));
    let would: Value = serde_json::from_str(&would).unwrap();
    assert_eq!(
        (&would["dry_run"], &would["token"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(would["attempt"], 1);
    refused(
        &with(&["--dry-run", "--attempt", "7"]),
        "the current one is 1",
    );
    let token = printed(&with(&[]));
    let grant = signer.verify(token.trim_end(), SystemClock.now()).unwrap();
    assert_eq!(
        (grant.scan_id.to_string(), grant.attempt),
        (scan.clone(), 1)
    );
    assert!(grant.time_left > Duration::from_secs(3600), "{grant:?}");
    let told = printed(&with(&["--ttl-seconds", "60", "--json"]));
    let told: Value = serde_json::from_str(&told).unwrap();
    let grant = signer
        .verify(told["token"].as_str().unwrap(), SystemClock.now())
        .unwrap();
    assert!(grant.time_left <= Duration::from_secs(60), "{grant:?}");
    assert_eq!(
        (&told["scan_id"], &told["attempt"]),
        (&json!(scan), &json!(1))
    );
    assert!(told["expires_at"].is_string());

    let mut groups = command(&["maintenance", "--data-dir"]);
    groups
        .arg(&data)
        .args(["users", "groups", "debug@example.com", "operator"])
        .current_dir(folder.path());
    printed(&run(&mut groups));
    let entries = all(&client, "/v1/audit-log?action=scan_token.minted").await;
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!(entries[0]["entity_id"], json!(scan));

    client
        .post(&format!("/v1/scans/{scan}/cancel"), json!({}))
        .await
        .expect_status(202);
    refused(&with(&[]), "is cancelled");
    server.stop().await;
}
