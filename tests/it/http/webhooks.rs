//! Webhooks, as their owner and their receiver see them.

use crate::support::{Client, Received, Receiver, Reply, TestApp, wait_for};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, net::IpAddr, time::Duration};
use vega::net::{
    post::{NoAnswer, Poster},
    target,
};

const LOCAL: (&str, &str) = ("VEGA_WEBHOOK_ALLOW_PRIVATE_HOSTS", "127.0.0.1");
const SHELL: &str = "import os\n\ndef run(name):\n    os.system('ls ' + name)\n";
const ALL: [&str; 7] = [
    "scan.completed",
    "scan.failed",
    "scan.cancelled",
    "finding.created",
    "finding.reopened",
    "repository.ingested",
    "repository.ingest_failed",
];

/// A webhook to `url`: its path below the API, and its secret.
async fn hook(client: &Client, url: &str, events: &[&str]) -> (String, String) {
    let wish = json!({ "url": url, "events": events });
    let made = client.post("/v1/webhooks", wish).await.expect_status(201);
    (
        format!("/v1/webhooks/{}", made.text_at("id")),
        made.text_at("secret"),
    )
}

/// Asks for a test; gives the path of its delivery.
async fn ping(client: &Client, hook: &str) -> String {
    let asked = client.post(&format!("{hook}/ping"), json!(null)).await;
    let id = asked.expect_status(202).text_at("id");
    format!("{hook}/deliveries/{id}")
}

/// A delivery once `count` attempts of it are noted.
async fn attempted(client: &Client, delivery: &str, count: usize) -> Value {
    wait_for("the attempt", async || {
        let state = client.get(delivery).await.expect_status(200).json();
        let attempts = state["attempts"].as_array().unwrap().len();
        (attempts >= count).then_some(state)
    })
    .await
}

/// HMAC-SHA-256 as RFC 2104 writes it down, apart from the server's.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    assert!(key.len() <= 64);
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block.iter_mut().zip(key).for_each(|(pad, key)| *pad ^= key);
        block
    };
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).to_vec()
}

fn signature(secret: &str, received: &Received) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap());
    let (id, at) = (
        received.header("webhook-id"),
        received.header("webhook-timestamp"),
    );
    let signed = [format!("{id}.{at}.").as_bytes(), &received.body].concat();
    format!("v1,{}", STANDARD.encode(hmac(&key.unwrap(), &signed)))
}

#[test]
fn the_signature_of_these_tests_is_the_standards() {
    // RFC 4231, test case 2.
    let mac = hmac(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(
        hex::encode(mac),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[tokio::test]
async fn a_scan_is_told_signed_and_without_source_code() {
    let app = TestApp::with(&[LOCAL]).await;
    let client = app.debug().await;
    let receiver = Receiver::start();
    let (hook, secret) = hook(&client, &receiver.url("/vega?key=1"), &ALL).await;
    let (project, repository) = client.repository_with(&[("a.py", SHELL)]).await;
    let scan = client.scan(&repository, json!({})).await;
    let received = receiver.wait_for(3).await;
    let kinds: BTreeSet<String> = received.iter().map(Received::kind).collect();
    let expected = ["finding.created", "repository.ingested", "scan.completed"];
    assert_eq!(kinds, expected.map(str::to_owned).into());
    let mut ids = BTreeSet::new();
    for message in &received {
        assert_eq!(message.path, "/vega?key=1");
        assert_eq!(message.header("content-type"), "application/json");
        assert!(message.header("user-agent").starts_with("Vega"));
        assert_eq!(
            message.header("webhook-signature"),
            signature(&secret, message)
        );
        let at: i64 = message.header("webhook-timestamp").parse().unwrap();
        assert!(at > 1_700_000_000);
        let body = message.json();
        assert_eq!(body["schema_version"], 1);
        assert_eq!(body["id"], message.header("webhook-id"));
        assert_eq!(body["data"]["project"]["id"], project);
        assert_eq!(body["data"]["repository"]["id"], repository);
        assert!(!body.to_string().contains("os.system('ls"), "{body}");
        ids.insert(message.header("webhook-id").to_owned());
    }
    assert_eq!(ids.len(), 3);
    let of = |kind: &str| received.iter().find(|it| it.kind() == kind).unwrap().json();
    let told = &of("scan.completed")["data"];
    assert_eq!(told["scan"]["id"], scan["id"]);
    assert_eq!(told["scan"]["finding_counts"], scan["finding_counts"]);
    let link = told["links"]["scan"].as_str().unwrap();
    client.get(&format!("/v1{link}")).await.expect_status(200);
    let told = &of("finding.created")["data"];
    assert_eq!(told["findings"][0]["file_path"], "a.py");
    let link = told["findings"][0]["links"]["finding"].as_str().unwrap();
    client.get(&format!("/v1{link}")).await.expect_status(200);

    let listed = wait_for("the log", async || {
        let path = format!("{hook}/deliveries?status=succeeded");
        let listed = client.get(&path).await.items();
        (listed.len() == 3).then_some(listed)
    })
    .await;
    for delivery in &listed {
        assert!(delivery.get("payload").is_none(), "not in lists");
        assert_eq!(delivery["attempts"][0]["response_status"], 204);
        assert!(delivery["attempts"][0]["error"].is_null());
        let id = delivery["id"].as_str().unwrap();
        let one = client.get(&format!("{hook}/deliveries/{id}")).await.json();
        let sent = received.iter().find(|it| it.header("webhook-id") == id);
        assert_eq!(one["payload"], sent.unwrap().json());
    }
    let first = client.get(&format!("{hook}/deliveries?limit=1")).await;
    assert_eq!(first.header("x-total-count"), "3");
    assert!(first.header("link").contains("rel=\"next\""));
    assert!(client.get(&hook).await.json()["last_success_at"].is_string());
    let metrics = client.get("/metrics").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    assert!(metrics.contains("vega_webhook_attempts_total{outcome=\"delivered\"}"));
    assert!(metrics.contains("vega_webhook_deliveries_waiting 0"));
}

/// A block of sample code of the page for receivers.
fn sample(language: &str) -> String {
    let page = include_str!("../../../docs/webhooks.md");
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_sample_code_accepts_what_is_sent_and_nothing_else() {
    let app = TestApp::with(&[LOCAL]).await;
    let client = app.debug().await;
    let receiver = Receiver::start();
    let (hook, secret) = hook(&client, &receiver.url("/"), &ALL).await;
    ping(&client, &hook).await;
    let message = receiver.wait_for(1).await.remove(0);
    let headers = json!(message.headers).to_string();
    let body = String::from_utf8(message.body).unwrap();
    let python = "import json, sys\nh, s, b = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3].encode()\n\
                  print(is_genuine(s, h, b), is_genuine(s, h, b + b' '), \
                  is_genuine(s, {**h, 'webhook-timestamp': '1700000000'}, b))";
    let node = "const [h, s, b] = [JSON.parse(process.argv[1]), process.argv[2], process.argv[3]];\n\
                console.log(isGenuine(s, h, b), isGenuine(s, h, b + ' '), \
                isGenuine(s, {...h, 'webhook-timestamp': '1700000000'}, b));";
    for (program, flag, language, driver) in [
        ("python3", "-c", "python", python),
        ("node", "-e", "js", node),
    ] {
        let script = format!("{}\n{driver}", sample(language));
        let output = std::process::Command::new(program)
            .args([flag, &script, &headers, &secret, &body])
            .output()
            .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
        let said = String::from_utf8_lossy(&output.stdout).to_lowercase();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.trim(), "true false false", "{program}: {told}");
    }
}

#[tokio::test]
async fn a_failing_receiver_gets_the_same_message_again() {
    let app = TestApp::with(&[LOCAL, ("VEGA_WEBHOOK_RETRY_SECONDS", "1")]).await;
    let client = app.debug().await;
    let receiver = Receiver::start();
    let (hook, secret) = hook(&client, &receiver.url("/"), &ALL).await;
    receiver.reply(Reply::Status(500, "\u{1b}[31mnot now".into()));
    let delivery = ping(&client, &hook).await;
    let first = attempted(&client, &delivery, 1).await;
    assert_eq!(first["attempts"][0]["response_body"], " [31mnot now");
    assert!(client.get(&hook).await.json()["failing_since"].is_string());
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].body, received[1].body);
    let id = |n: usize| received[n].header("webhook-id");
    assert_eq!(id(0), id(1));
    for message in &received {
        assert_eq!(
            message.header("webhook-signature"),
            signature(&secret, message)
        );
    }
    let state = attempted(&client, &delivery, 2).await;
    assert_eq!(state["status"], "succeeded");
    assert_eq!(state["attempts"][0]["response_status"], 500);
    assert_eq!(state["attempts"][0]["error"], "answered with status 500");
    assert!(state["attempts"][0]["response_body"].is_null());
    assert_eq!(state["attempts"][1]["number"], 2);
    assert!(client.get(&hook).await.json()["failing_since"].is_null());
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_a_retry_can_be_asked_for() {
    let app = TestApp::with(&[LOCAL]).await;
    let client = app.debug().await;
    let (receiver, elsewhere) = (Receiver::start(), Receiver::start());
    let (hook, _) = hook(&client, &receiver.url("/"), &ALL).await;
    receiver.reply(Reply::Redirect(elsewhere.url("/internal")));
    let delivery = ping(&client, &hook).await;
    let state = attempted(&client, &delivery, 1).await;
    assert_eq!(state["status"], "pending");
    assert!(state["next_attempt_at"].is_string());
    assert_eq!(state["attempts"][0]["response_status"], 302);
    let error = state["attempts"][0]["error"].as_str().unwrap();
    assert!(error.contains("redirects are not followed"), "{error}");
    assert!(elsewhere.seen().is_empty());
    // The next attempt is half a minute away; the owner need not wait for it.
    let retry = format!("{delivery}/retry");
    client.post(&retry, json!(null)).await.expect_status(202);
    let state = attempted(&client, &delivery, 2).await;
    assert_eq!(state["status"], "succeeded");
    let received = receiver.seen();
    assert_eq!(received[0].body, received[1].body);
    // Also what was taken can be had again.
    client.post(&retry, json!(null)).await.expect_status(202);
    assert_eq!(attempted(&client, &delivery, 3).await["attempt"], 3);
    assert!(elsewhere.seen().is_empty());
    let unknown = delivery.replace("whd_", "whk_");
    client.get(&unknown).await.expect_error("not_found");
}

#[tokio::test]
async fn a_receiver_that_is_gone_disables_the_webhook() {
    let app = TestApp::with(&[LOCAL]).await;
    let client = app.debug().await;
    let receiver = Receiver::start();
    let (hook, _) = hook(&client, &receiver.url("/"), &ALL).await;
    receiver.status(410);
    let delivery = ping(&client, &hook).await;
    assert_eq!(attempted(&client, &delivery, 1).await["status"], "failed");
    let state = client.get(&hook).await.json();
    assert_eq!(
        (&state["enabled"], &state["disabled_reason"]),
        (&json!(false), &json!("gone"))
    );
    let log = client.get("/v1/audit-log?action=webhook.disabled").await;
    assert_eq!(log.items().len(), 1);
    for refused in [format!("{hook}/ping"), format!("{delivery}/retry")] {
        client
            .post(&refused, json!(null))
            .await
            .expect_error("conflict");
    }
    client.repository_with(&[("a.py", SHELL)]).await;
    assert_eq!(receiver.seen().len(), 1, "nothing more is told");
    let enabled = client.patch(&hook, json!({ "enabled": true })).await;
    assert!(enabled.expect_status(200).json()["disabled_reason"].is_null());
    ping(&client, &hook).await;
    assert_eq!(receiver.wait_for(2).await[1].kind(), "webhook.ping");
    let disabled = client.patch(&hook, json!({ "enabled": false })).await;
    assert_eq!(disabled.json()["disabled_reason"], "by_user");
}

#[tokio::test]
async fn bad_receivers_cost_little_and_are_told_apart() {
    let app = TestApp::with(&[LOCAL, ("VEGA_WEBHOOK_TIMEOUT_SECONDS", "1")]).await;
    let client = app.debug().await;
    let receiver = Receiver::start();
    let (hook, _) = hook(&client, &receiver.url("/"), &ALL).await;
    for (reply, status, expected) in [
        (Reply::Silence, "pending", json!("no answer in time")),
        (Reply::Close, "pending", json!("no connection")),
        (Reply::EndlessHeaders, "pending", json!("no connection")),
        (Reply::EndlessBody, "succeeded", json!(null)),
    ] {
        receiver.reply(reply);
        let delivery = ping(&client, &hook).await;
        let state = attempted(&client, &delivery, 1).await;
        assert_eq!(
            (&state["status"], &state["attempts"][0]["error"]),
            (&json!(status), &expected),
            "{state}"
        );
        let body = state["attempts"][0]["response_body"].as_str();
        assert!(body.unwrap_or_default().len() <= 1024);
        // A ping at a time: let this one go.
        for enabled in [false, true] {
            client.patch(&hook, json!({ "enabled": enabled })).await;
        }
    }
    let plain = receiver.url("/").replace("http:", "https:");
    for (url, expected) in [
        ("http://127.0.0.1:9/", "no connection"),
        (plain.as_str(), "no TLS"),
    ] {
        let (nobody, _) = self::hook(&client, url, &ALL).await;
        let delivery = ping(&client, &nobody).await;
        let state = attempted(&client, &delivery, 1).await;
        let error = state["attempts"][0]["error"].as_str().unwrap();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let receiver = Receiver::start();
    let port = receiver.port();
    let mut urls = vec![receiver.url("/"), format!("https://localhost:{port}/")];
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fd00::1]",
        "[fe80::1]",
        "169.254.169.254",
        "10.0.0.1",
        "metadata.google.internal",
        "vega-llm-proxy",
    ] {
        urls.push(format!("https://{host}:{port}/"));
        urls.push(format!("http://{host}:{port}/"));
    }
    urls.push("https://user:secret@example.com/".to_owned());
    urls.push("https://example.com/#x".to_owned());
    urls.push("http://example.com/".to_owned());
    urls.push(format!("https://example.com/{}", "x".repeat(2048)));
    let good = json!({ "url": "https://example.com/", "events": ["scan.failed"] });
    let good = client.post("/v1/webhooks", good).await.expect_status(201);
    let good = format!("/v1/webhooks/{}", good.text_at("id"));
    for url in urls {
        let wish = json!({ "url": url, "events": ["scan.failed"] });
        let refused = client.post("/v1/webhooks", wish).await;
        let error = refused.expect_error("validation_error");
        assert_eq!(error["details"]["fields"][0]["path"], "url", "{url}");
        // The setting is named where it would help, and nowhere else.
        let names_it = error["message"].as_str().unwrap().contains(LOCAL.0);
        let is_wrong = ["secret", "#", "xxx"].iter().any(|part| url.contains(part));
        assert_eq!(names_it, !is_wrong, "{url}: {error}");
        let changed = client.patch(&good, json!({ "url": url })).await;
        changed.expect_error("validation_error");
    }
    assert!(receiver.seen().is_empty());
}

#[tokio::test]
async fn an_address_that_was_allowed_once_is_judged_again() {
    let receiver = Receiver::start();
    let allowing = TestApp::with(&[LOCAL, ("VEGA_WEBHOOK_RETRY_SECONDS", "1")]).await;
    let client = allowing.debug().await;
    let (hook, _) = hook(&client, &receiver.url("/"), &ALL).await;
    let delivery = ping(&client, &hook).await;
    assert_eq!(
        attempted(&client, &delivery, 1).await["status"],
        "succeeded"
    );
    let data = std::sync::Arc::clone(&allowing.data);
    allowing.stop().await;
    let strict = TestApp::again(data, &[]).await;
    let client = strict.debug().await;
    let delivery = ping(&client, &hook).await;
    let state = attempted(&client, &delivery, 1).await;
    assert_eq!(state["status"], "pending");
    let error = state["attempts"][0]["error"].as_str().unwrap();
    assert!(error.starts_with("the URL must"), "{error}");
    assert_eq!(receiver.seen().len(), 1);
}

#[tokio::test]
async fn a_name_leads_only_to_the_addresses_that_were_judged() {
    let receiver = Receiver::start();
    let port = receiver.port();
    let poster = Poster::new().unwrap();
    let post = async |host: &str, address: &str| {
        let target = target::parse(&format!("http://{host}:{port}/"), &[host.to_owned()]);
        let addresses: [IpAddr; 1] = [address.parse().unwrap()];
        let limit = Duration::from_secs(20);
        poster
            .post(
                &target.unwrap(),
                &addresses,
                Vec::new(),
                b"{}".to_vec(),
                limit,
            )
            .await
            .unwrap()
    };
    // No resolver knows this name: it is not asked a second time.
    let answer = post("rebinding.example.com", "127.0.0.1").await.unwrap();
    assert_eq!(answer.status, 204);
    let seen = receiver.seen();
    assert_eq!(
        seen[0].header("host"),
        format!("rebinding.example.com:{port}")
    );
    // This one leads to the receiver by now, but was judged to lead elsewhere.
    let answer = post("localhost", "127.0.0.2").await;
    assert_eq!(answer, Err(NoAnswer::Unreachable));
    assert_eq!(receiver.seen().len(), 1);
}

#[tokio::test]
async fn two_servers_send_each_delivery_once() {
    let receiver = Receiver::start();
    let settings = [LOCAL, ("VEGA_MAX_WEBHOOKS_PER_USER", "50")];
    let app = TestApp::with(&settings).await;
    let second = app.beside(&settings).await;
    let client = app.debug().await;
    let mut deliveries = Vec::new();
    for _ in 0..24 {
        let (hook, _) = hook(&client, &receiver.url("/"), &ALL).await;
        deliveries.push(ping(&client, &hook).await);
    }
    let other = second.debug().await;
    for delivery in &deliveries {
        let state = attempted(&other, delivery, 1).await;
        assert_eq!(
            (&state["status"], &state["attempt"]),
            (&json!("succeeded"), &json!(1))
        );
    }
    let seen = receiver.seen();
    let ids: BTreeSet<_> = seen.iter().map(|it| it.header("webhook-id")).collect();
    assert_eq!((seen.len(), ids.len()), (24, 24));
}

#[tokio::test]
async fn a_secret_is_shown_once_and_can_be_changed_without_a_gap() {
    let app = TestApp::with(&[LOCAL]).await;
    let client = app.debug().await;
    let receiver = Receiver::start();
    let (hook, first) = hook(&client, &receiver.url("/"), &ALL).await;
    let plain = |answer: &crate::support::Answer| String::from_utf8(answer.body.clone()).unwrap();
    for path in [hook.as_str(), "/v1/webhooks"] {
        let text = plain(&client.get(path).await.expect_status(200));
        assert!(!text.contains("secret") && !text.contains(&first), "{text}");
    }
    let renamed = client.patch(&hook, json!({ "name": "chat" })).await;
    assert!(!plain(&renamed.expect_status(200)).contains("secret"));
    let rotated = client.patch(&hook, json!({ "rotate_secret": true })).await;
    let second = rotated.expect_status(200).text_at("secret");
    assert_ne!(first, second);
    ping(&client, &hook).await;
    let message = receiver.wait_for(1).await.remove(0);
    let both = format!(
        "{} {}",
        signature(&second, &message),
        signature(&first, &message)
    );
    assert_eq!(message.header("webhook-signature"), both);
    let own = format!("whsec_{}", STANDARD.encode([7; 24]));
    let taken = client.patch(&hook, json!({ "secret": own })).await;
    assert!(!plain(&taken.expect_status(200)).contains(&own));
    for wrong in [
        json!({ "secret": "short" }),
        json!({ "secret": format!("whsec_{}", STANDARD.encode([7; 23])) }),
        json!({ "secret": format!("whsec_{}", STANDARD.encode([7; 65])) }),
        json!({ "secret": own, "rotate_secret": true }),
    ] {
        let refused = client.patch(&hook, wrong).await;
        refused.expect_error("validation_error");
    }
    let stored = std::fs::read_to_string(app.data.path().join("data/metadata/journal-1.jsonl"));
    let stored = stored.unwrap();
    for secret in [&first, &second, &own] {
        assert!(!stored.contains(secret.strip_prefix("whsec_").unwrap()));
    }
}

#[tokio::test]
async fn bad_wishes_are_refused_and_the_number_is_limited() {
    let app = TestApp::with(&[("VEGA_MAX_WEBHOOKS_PER_USER", "2")]).await;
    let client = app.debug().await;
    let url = "https://example.com/";
    for wrong in [
        json!({ "url": url }),
        json!({ "events": ["scan.failed"] }),
        json!({ "url": url, "events": [] }),
        json!({ "url": url, "events": ["scan.exploded"] }),
        json!({ "url": url, "events": ["webhook.ping"] }),
        json!({ "url": url, "events": ["scan.failed"], "name": "" }),
        json!({ "url": url, "events": ["scan.failed"], "colour": "red" }),
        json!({ "url": url, "events": ["scan.failed"], "secret": "" }),
    ] {
        let refused = client.post("/v1/webhooks", wrong).await;
        refused.expect_error("validation_error");
    }
    let twice = json!({ "url": url, "events": ["scan.failed", "scan.failed"], "name": "x" });
    let made = client.post("/v1/webhooks", twice.clone()).await;
    assert_eq!(
        made.expect_status(201).json()["events"],
        json!(["scan.failed"])
    );
    let keyed = async || {
        let request = client
            .request(Method::POST, "/v1/webhooks")
            .header("idempotency-key", "one")
            .json(&twice);
        client.send(request).await.expect_status(201).json()
    };
    assert_eq!(keyed().await, keyed().await, "the same, with its secret");
    assert_eq!(client.get("/v1/webhooks").await.items().len(), 2);
    let full = client.post("/v1/webhooks", twice).await;
    full.expect_error("quota_exceeded");
    let hooks = client.get("/v1/webhooks?limit=1").await;
    assert_eq!(hooks.header("x-total-count"), "2");
    let hook = hooks.items()[0]["id"].as_str().unwrap().to_owned();
    let hook = format!("/v1/webhooks/{hook}");
    for query in ["status=lost", "state=failed", "limit=0"] {
        let refused = client.get(&format!("{hook}/deliveries?{query}")).await;
        refused.expect_error("validation_error");
    }
    client.delete(&hook).await.expect_status(204);
    client.get(&hook).await.expect_error("not_found");
    client.delete(&hook).await.expect_error("not_found");
}

#[tokio::test]
async fn a_webhook_of_a_project_needs_an_admin_of_it() {
    let app = TestApp::with(&[LOCAL]).await;
    let owner = app.debug().await;
    let receiver = Receiver::start();
    let (project, repository) = owner.repository_with(&[("a.py", SHELL)]).await;
    let member = app.other_user("member@example.com").await;
    let wish = json!({
        "url": receiver.url("/"), "events": ["scan.completed"], "project_id": project,
    });
    let refused = member.post("/v1/webhooks", wish.clone()).await;
    refused.expect_error("not_found");
    let members = format!("/v1/projects/{project}/members");
    let role = async |role: &str| {
        let wish = json!({ "email": "member@example.com", "role": role });
        owner.put(&members, wish).await.expect_status(200);
    };
    role("triager").await;
    let refused = member.post("/v1/webhooks", wish.clone()).await;
    refused.expect_error("forbidden");
    role("admin").await;
    let made = member.post("/v1/webhooks", wish).await.expect_status(201);
    let hook = format!("/v1/webhooks/{}", made.text_at("id"));
    owner.get(&hook).await.expect_error("not_found");
    owner.scan(&repository, json!({})).await;
    receiver.wait_for(1).await;
    let deliveries = format!("{hook}/deliveries");
    let told = member.get(&deliveries).await.items();
    let told = format!("{deliveries}/{}", told[0]["id"].as_str().unwrap());
    let said = async || member.get(&told).await.expect_status(200).json()["payload"].clone();
    assert_eq!(said().await["data"]["project"]["id"], project.as_str());
    // Who loses the role is told nothing more, and not again what was told before.
    role("viewer").await;
    owner.scan(&repository, json!({})).await;
    assert_eq!(member.get(&deliveries).await.items().len(), 1);
    let said = said().await;
    assert_eq!(said["type"], "scan.completed");
    assert_eq!(said["data"], Value::Null);
}

#[tokio::test]
async fn an_old_address_that_is_gone_does_not_disable_a_webhook_that_moved() {
    let app = TestApp::with(&[LOCAL]).await;
    let client = app.debug().await;
    let (old, new) = (Receiver::start(), Receiver::start());
    let (hook, _) = hook(&client, &old.url("/old"), &ALL).await;
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    old.reply(Reply::Held(permits.clone(), 410));
    let delivery = ping(&client, &hook).await;
    old.wait_for(1).await;
    let change = json!({"url": new.url("/new")});
    client.patch(&hook, change).await.expect_status(200);
    permits.add_permits(1);
    let sent = new.wait_for(1).await;
    assert_eq!(
        (sent[0].path.as_str(), sent[0].kind().as_str()),
        ("/new", "webhook.ping")
    );
    let state = attempted(&client, &delivery, 2).await;
    assert_eq!(state["status"], "succeeded", "{state}");
    assert_eq!(state["attempts"][0]["response_status"], 410, "{state}");
    let seen = client.get(&hook).await.json();
    assert_eq!(seen["enabled"], true, "{seen}");
}
