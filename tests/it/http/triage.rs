//! Decisions about findings: one, many, with a deadline; comments, history, what is alike.

use crate::support::{Client, TestApp, wait_for};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use vega::clock::{Clock, SystemClock};

const SOURCE: [(&str, &str); 2] = [
    (
        "run.py",
        "import os\n\ndef run(name):\n    os.system('ls ' + name)\n    return name\n",
    ),
    (
        "hash.py",
        "import hashlib\n\ndef digest(password):\n    return hashlib.md5(password).hexdigest()\n",
    ),
];

/// A scanned repository's project and its findings.
async fn findings(client: &Client) -> (String, Vec<String>) {
    let (project, repository) = client.repository_with(&SOURCE).await;
    client.scan(&repository, json!({})).await;
    let path = format!("/v1/repositories/{repository}/findings?lead=any");
    let items = client.get(&path).await.items();
    assert!(items.len() >= 2);
    let ids = items.iter().map(|it| it["id"].as_str().unwrap().to_owned());
    (project, ids.collect())
}

async fn me(client: &Client) -> String {
    client.get("/v1/auth/me").await.text_at("id")
}

#[tokio::test]
async fn several_findings_are_decided_at_once() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (project, ids) = findings(&client).await;
    let missing = "fnd_01m7xzhczpe8mr4s5tgn8e6hve";
    let asked = json!([ids[0], missing, "prj_x", ids[1], ids[0]]);
    let body = json!({"ids": asked, "set": {"status": "confirmed"}});
    let answer = client.post("/v1/findings/bulk", body).await;
    let results = answer.expect_status(200).json()["results"].clone();
    let result = |place: usize| results[place].clone();
    assert_eq!(results.as_array().unwrap().len(), 4, "{results}");
    assert_eq!(result(0), json!({"id": ids[0], "ok": true, "version": 2}));
    assert_eq!(result(1)["error"]["code"], "not_found");
    assert_eq!(result(2)["error"]["code"], "not_found");
    assert_eq!(result(3)["ok"], true);
    let confirmed = client.get("/v1/findings?lead=any&status=confirmed").await;
    assert_eq!(confirmed.items().len(), 2);

    let body = json!({
        "filter": {"project_id": project, "lead": "any"},
        "set": {"status": "dismissed", "reason": "a test"},
    });
    let answer = client.post("/v1/findings/bulk", body).await;
    let results = answer.expect_status(200).json()["results"].clone();
    assert_eq!(results.as_array().unwrap().len(), ids.len());
    assert!(
        results
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["ok"] == true)
    );

    // A decision that fits some only says why for the others.
    let body = json!({"ids": [ids[0]], "set": {"status": "open", "reason": "none"}});
    let answer = client.post("/v1/findings/bulk", body).await.json();
    let error = &answer["results"][0]["error"];
    assert_eq!(error["code"], "validation_error");
    assert!(error["message"].as_str().unwrap().starts_with("reason "));

    // Nobody decides about findings of others.
    let other = app.other_user("other@example.com").await;
    let body = json!({"ids": ids, "set": {"status": "open"}});
    let answer = other.post("/v1/findings/bulk", body).await.json();
    for result in answer["results"].as_array().unwrap() {
        assert_eq!(result["error"]["code"], "not_found", "{result}");
    }
    let body = json!({"filter": {"project_id": project}, "set": {"status": "open"}});
    let refused = other.post("/v1/findings/bulk", body).await;
    refused.expect_error("not_found");
    let body = json!({"filter": {"status": "dismissed"}, "set": {"status": "open"}});
    let answer = other.post("/v1/findings/bulk", body).await.json();
    assert_eq!(answer["results"], json!([]));
    let dismissed = client.get("/v1/findings?lead=any&status=dismissed").await;
    assert_eq!(dismissed.items().len(), ids.len());
}

#[tokio::test]
async fn bulk_decisions_that_cannot_be_meant_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let set = json!({"status": "open"});
    let many = vec!["fnd_01m7xzhczpe8mr4s5tgn8e6hve"; 1_001];
    for body in [
        json!({"set": set}),
        json!({"ids": [], "set": set}),
        json!({"ids": many, "set": set}),
        json!({"ids": ["x"], "filter": {"status": "open"}, "set": set}),
        json!({"filter": {}, "set": set}),
        json!({"filter": {"severity": "bad"}, "set": set}),
        json!({"filter": {"unknown": "x"}, "set": set}),
        json!({"ids": ["x"], "set": {}}),
        json!({"ids": ["x"], "set": {"status": "closed"}}),
        json!({"ids": ["x"]}),
        json!({"ids": ["x"], "set": set, "more": 1}),
    ] {
        let answer = client.post("/v1/findings/bulk", body).await;
        answer.expect_error("validation_error");
    }
}

#[tokio::test]
async fn a_stale_decision_fails_and_the_tag_follows_every_decision() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, ids) = findings(&client).await;
    let path = format!("/v1/findings/{}", ids[0]);
    let tag = client.get(&path).await.header("etag").to_owned();
    let decide = async |tag: &str, body: Value| {
        let request = client.request(Method::PATCH, &path).json(&body);
        client.send(request.header("if-match", tag)).await
    };
    let decided = decide(&tag, json!({"status": "confirmed"})).await;
    let new = decided.expect_status(200).header("etag").to_owned();
    assert_ne!(tag, new);
    let stale = decide(&tag, json!({"status": "open"})).await;
    let error = stale.expect_error("precondition_failed");
    assert_eq!(error["details"]["current_version"], 2);
    let foreign = decide("W/\"x\"", json!({"status": "open"})).await;
    foreign.expect_error("precondition_failed");
    decide("*", json!({"status": "open"}))
        .await
        .expect_status(200);
    assert_eq!(client.get(&path).await.json()["version"], 3);
}

#[tokio::test]
async fn findings_are_given_to_people_who_can_read_them() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, ids) = findings(&client).await;
    let path = format!("/v1/findings/{}", ids[0]);
    let owner = me(&client).await;
    let stranger = me(&app.other_user("other@example.com").await).await;
    for wrong in [
        stranger.as_str(),
        "usr_01m7xzhczpe8mr4s5tgn8e6hve",
        "fnd_01m7xzhczpe8mr4s5tgn8e6hve",
        "me",
    ] {
        let body = json!({"assignee": wrong});
        let error = client.patch(&path, body.clone()).await;
        let error = error.expect_error("validation_error");
        assert_eq!(error["details"]["fields"][0]["path"], "assignee");
        let body = json!({"ids": [ids[0]], "set": {"assignee": stranger}});
        let answer = client.post("/v1/findings/bulk", body).await.json();
        assert_eq!(answer["results"][0]["error"]["code"], "validation_error");
    }
    let given = client.patch(&path, json!({"assignee": owner})).await;
    assert_eq!(given.expect_status(200).json()["assignee"], owner);
    let query = format!("/v1/findings?lead=any&assignee={owner}");
    assert_eq!(client.get(&query).await.items().len(), 1);
    let nobody = client.patch(&path, json!({"assignee": null})).await;
    assert_eq!(nobody.expect_status(200).json()["assignee"], Value::Null);
    assert!(client.get(&query).await.items().is_empty());
}

#[tokio::test]
async fn an_accepted_risk_is_open_again_when_its_time_is_over() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, ids) = findings(&client).await;
    let path = format!("/v1/findings/{}", ids[0]);
    let until = SystemClock.now().after(Duration::from_millis(1_500));
    let body = json!({
        "status": "dismissed",
        "reason": "until the release",
        "accepted_until": until.to_string(),
    });
    client.patch(&path, body).await.expect_status(200);
    let finding = wait_for("the end of the acceptance", async || {
        let finding = client.get(&path).await.json();
        (finding["status"] == "open").then_some(finding)
    })
    .await;
    assert_eq!(finding["accepted_until"], Value::Null);
    let history = client.get(&format!("{path}/history")).await.items();
    let last = history.last().unwrap();
    assert_eq!(last["by"], json!({"kind": "time"}));
    assert_eq!(last["changes"][0]["to"], "open");
}

#[tokio::test]
async fn comments_and_decisions_make_the_history() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, ids) = findings(&client).await;
    let path = format!("/v1/findings/{}", ids[0]);
    let comments = format!("{path}/comments");
    let text = "ü".repeat(10_000);
    let comment = client.post(&comments, json!({"text": text})).await;
    let comment = comment.expect_status(201).json();
    let user = me(&client).await;
    assert_eq!(
        (&comment["author"], &comment["text"]),
        (&json!(user), &json!(text))
    );
    assert!(comment["id"].as_str().unwrap().starts_with("cmt_"));
    client.patch(&path, json!({"status": "confirmed"})).await;
    client.post(&comments, json!({"text": "second"})).await;
    let shown = client.get(&comments).await.expect_status(200);
    assert_eq!(shown.header("x-total-count"), "2");
    assert_eq!(shown.items()[0], comment);
    let history = client.get(&format!("{path}/history")).await.items();
    assert_eq!(history.len(), 4);
    assert_eq!(history[0]["by"]["kind"], "scan");
    assert_eq!(history[1]["comment"], comment);
    assert_eq!(history[2]["by"], json!({"kind": "user", "id": user}));
    assert_eq!(
        history[2]["changes"],
        json!([{"field": "status", "from": "open", "to": "confirmed"}])
    );
    let part = client.get(&format!("{path}/history?limit=3")).await;
    let link = part.header("link").to_owned();
    let target = link.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(client.get(target).await.items(), history[3..]);

    for body in [
        json!({"text": ""}),
        json!({"text": " \n"}),
        json!({"text": "x".repeat(10_001)}),
        json!({"text": 1}),
        json!({}),
        json!({"text": "x", "author": user}),
    ] {
        let refused = client.post(&comments, body).await;
        refused.expect_error("validation_error");
    }
    let foreign = client.get(&format!("{path}/history?cursor=eHg")).await;
    foreign.expect_error("validation_error");
}

#[tokio::test]
async fn similar_findings_of_readable_projects_are_shown() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let (_, first) = findings(&client).await;
    let (_, second) = findings(&client).await;
    let similar = client
        .get(&format!("/v1/findings/{}/similar", first[0]))
        .await;
    let similar = similar.expect_status(200).items();
    assert!(!similar.is_empty());
    let copy = similar[0]["id"].as_str().unwrap().to_owned();
    assert!(second.contains(&copy));
    let other = app.other_user("other@example.com").await;
    let (_, theirs) = findings(&other).await;
    let similar = client
        .get(&format!("/v1/findings/{}/similar", first[0]))
        .await;
    for finding in similar.items() {
        assert!(!theirs.contains(&finding["id"].as_str().unwrap().to_owned()));
    }
}
