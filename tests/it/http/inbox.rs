//! Findings over all projects: filters, orders, pages and facets.

use crate::support::{Client, TestApp};
use serde_json::{Value, json};

const SHELL: &str = "import os\n\ndef run(name):\n    os.system('ls ' + name)\n    return name\n";
const HASH: &str =
    "import hashlib\n\ndef digest(password):\n    return hashlib.md5(password).hexdigest()\n";

/// Two projects with findings, scanned.
async fn two_projects(client: &Client) -> [(String, String, String); 2] {
    let mut made = Vec::new();
    for source in [
        [("app/run.py", SHELL), ("lib/hash.py", HASH)],
        [("other/run.py", SHELL), ("other/hash.py", HASH)],
    ] {
        let (project, repository) = client.repository_with(&source).await;
        let scan = client.scan(&repository, json!({})).await;
        made.push((project, repository, scan["id"].as_str().unwrap().to_owned()));
    }
    made.try_into().unwrap()
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_inbox_shows_every_project_and_its_filters_narrow() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let [first, second] = two_projects(&client).await;
    let all = client.get("/v1/findings?lead=any").await.items();
    assert!(all.len() >= 4, "{}", all.len());
    let of = async |query: &str| {
        let items = client.get(&format!("/v1/findings?lead=any&{query}")).await;
        items.expect_status(200).items()
    };
    let of_first = of(&format!("project_id={}", first.0)).await;
    assert!(
        of_first
            .iter()
            .all(|it| it["repository_id"] == first.1.as_str())
    );
    assert!(!of_first.is_empty() && of_first.len() < all.len());
    for item in &all {
        let text = |key: &str| item[key].as_str().unwrap().to_owned();
        let id = text("id");
        for query in [
            format!("severity={}", text("severity")),
            "status=open,confirmed".into(),
            "state=new".into(),
            format!("cwe={}", item["cwe"][0].as_str().unwrap()),
            format!("category={}", text("category")),
            format!("rule_id={},none", text("rule_id")),
            format!("repository_id={}", text("repository_id")),
            format!("path={}", text("file_path")),
            format!("q={}", text("rule_id").to_uppercase()),
            format!("auditor={},import:x", item["auditors"][0].as_str().unwrap()),
            format!("confidence_min={}", item["confidence"]),
            "assignee=none".into(),
            format!("lead={}", item["lead"]),
        ] {
            let query = format!("/v1/findings?{query}");
            let query = if query.contains("lead") {
                query
            } else {
                format!("{query}&lead=any")
            };
            let items = client.get(&query).await.expect_status(200).items();
            assert!(ids(&items).contains(&id.as_str()), "{query}");
        }
    }
    let of_second = of(&format!("repository_id={}", second.1)).await;
    assert_eq!(of_first.len() + of_second.len(), all.len());
    let rule = all[0]["rule_id"].as_str().unwrap();
    let of_rule = of(&format!("rule_id={rule}")).await;
    assert!(of_rule.iter().all(|it| it["rule_id"] == rule));
    assert_eq!(of_rule.len(), 2, "one in each project");
    assert!(of("rule_id=none").await.is_empty());
    for wrong in ["rule_id=,", "repository_id=x"] {
        let refused = client.get(&format!("/v1/findings?{wrong}")).await;
        refused.expect_error("validation_error");
    }
    let other = app.other_user("other@example.com").await;
    for place in ["findings", "findings/facets"] {
        let path = format!("/v1/{place}?repository_id={}", first.1);
        other.get(&path).await.expect_error("not_found");
    }
    assert!(of("path=app/&q=hash").await.is_empty());
    assert!(of("state=resolved").await.is_empty());
    // The lists of the places know the same words.
    for path in [
        format!("/v1/projects/{}/findings", second.0),
        format!("/v1/repositories/{}/findings", second.1),
        format!("/v1/scans/{}/findings", second.2),
    ] {
        let query = format!("{path}?lead=any&sort=path&q=OTHER/");
        let items = client.get(&query).await.expect_status(200).items();
        assert_eq!(items.len(), all.len() - of_first.len(), "{query}");
        let refused = client.get(&format!("{path}?project_id={}", first.0)).await;
        refused.expect_error("validation_error");
    }
}

#[tokio::test]
async fn every_order_is_continued_by_its_link() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    two_projects(&client).await;
    for sort in ["severity", "newest", "path", "confidence"] {
        let query = format!("/v1/findings?lead=any&sort={sort}");
        let all = client.get(&query).await.items();
        let (mut shown, mut next) = (Vec::new(), format!("{query}&limit=1"));
        while !next.is_empty() {
            let part = client.get(&next).await.expect_status(200);
            assert_eq!(part.header("x-total-count"), all.len().to_string());
            let link = part.header("link").to_owned();
            let target = link.trim_start_matches('<').split('>').next();
            next = target.unwrap_or_default().to_owned();
            shown.extend(part.items());
        }
        assert_eq!(ids(&shown), ids(&all), "{sort}");
    }
    // A cursor belongs to its order.
    let first = client.get("/v1/findings?lead=any&limit=1").await;
    let link = first
        .header("link")
        .replace("lead=any", "lead=any&sort=path");
    let target = link.trim_start_matches('<').split('>').next().unwrap();
    client.get(target).await.expect_error("validation_error");
}

#[tokio::test]
async fn facets_agree_with_the_list_beside_them() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let [first, _] = two_projects(&client).await;
    for place in [
        "/v1/findings".to_owned(),
        format!("/v1/projects/{}/findings", first.0),
        format!("/v1/repositories/{}/findings", first.1),
        format!("/v1/scans/{}/findings", first.2),
    ] {
        let facets = client.get(&format!("{place}/facets?lead=any")).await;
        let facets = facets.expect_status(200).json();
        let all = client.get(&format!("{place}?lead=any")).await.items();
        assert_eq!(facets["total"], all.len());
        for facet in [
            "severity", "status", "state", "cwe", "category", "rule_id", "auditor", "lead", "path",
        ] {
            let values = facets[facet].as_array().unwrap();
            assert!(!values.is_empty(), "{facet}");
            for value in values {
                let word = value["value"].as_str().unwrap();
                let lead = if facet == "lead" { "" } else { "&lead=any" };
                let query = format!("{place}?{facet}={word}{lead}");
                let chosen = client.get(&query).await.expect_status(200);
                assert_eq!(
                    chosen.header("x-total-count"),
                    value["count"].to_string(),
                    "{query}"
                );
            }
        }
    }
}

#[tokio::test]
async fn leads_are_chosen_alone_with_or_not_at_all_in_every_list() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    // One finding, for the request, and two leads: commands that are only handed on.
    let fault = "import os\nfrom flask import request\n\ndef run():\n    \
                 os.system('ls ' + request.args['name'])\n";
    let hint = "import os\n\ndef run(command):\n    os.system(command)\n";
    let files = [("run.py", fault), ("a.py", hint), ("b.py", hint)];
    let (project, repository) = client.repository_with(&files).await;
    let scan = client.scan(&repository, json!({})).await;
    let scan = scan["id"].as_str().unwrap();
    for place in [
        "/v1/findings".to_owned(),
        format!("/v1/projects/{project}/findings"),
        format!("/v1/repositories/{repository}/findings"),
        format!("/v1/scans/{scan}/findings"),
    ] {
        for (query, expected) in [
            ("", [1, 0]),
            ("?lead=false", [1, 0]),
            ("?lead=true", [0, 2]),
            ("?lead=any", [1, 2]),
        ] {
            let list = client.get(&format!("{place}{query}")).await;
            let list = list.expect_status(200);
            let total: u64 = list.header("x-total-count").parse().unwrap();
            let items = list.items();
            let leads = items.iter().filter(|it| it["lead"] == true).count();
            assert_eq!([items.len() - leads, leads], expected, "{place}{query}");
            let facets = client.get(&format!("{place}/facets{query}")).await;
            let facets = facets.expect_status(200).json();
            assert_eq!(facets["total"], total, "{place}{query}");
            let count = |word: &str| {
                let values = facets["lead"].as_array().unwrap().iter();
                let mut counts = values.filter(|it| it["value"] == word);
                counts.next().map_or(0, |it| it["count"].as_u64().unwrap())
            };
            let [proper, leads] = expected.map(|count| count as u64);
            assert_eq!([count("false"), count("true")], [proper, leads]);
        }
        for wrong in ["?lead=", "?lead=1", "?lead=TRUE", "?lead=true,false"] {
            for list in [&place, &format!("{place}/facets")] {
                let refused = client.get(&format!("{list}{wrong}")).await;
                refused.expect_error("validation_error");
            }
        }
    }
}

#[tokio::test]
async fn a_weakness_by_its_bare_number_is_refused_with_the_right_form() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    client
        .get("/v1/findings?cwe=CWE-78")
        .await
        .expect_status(200);
    for wrong in ["78", "cwe-78", "CWE-", "CWE-78,79", "CWE-123456"] {
        let path = format!("/v1/findings?cwe={wrong}");
        let error = client.get(&path).await.expect_error("validation_error");
        let field = &error["details"]["fields"][0];
        assert_eq!(field["path"], "cwe");
        let message = field["message"].as_str().unwrap();
        assert!(message.contains("of the form CWE-<number>"), "{message}");
    }
}

#[tokio::test]
async fn filters_that_mean_nothing_are_refused() {
    let app = TestApp::start().await;
    let client = app.debug().await;
    let long = "x".repeat(10_000);
    let many = vec!["a"; 51].join(",");
    for query in [
        "severity=bad".to_owned(),
        "status=closed".into(),
        "state=old".into(),
        "cwe=89".into(),
        "category=".into(),
        format!("auditor={many}"),
        "confidence_min=1.5".into(),
        "confidence_min=NaN".into(),
        "confidence_min=much".into(),
        "assignee=me".into(),
        "assignee=prj_01m7xzhczpe8mr4s5tgn8e6hve".into(),
        "project_id=repo_01m7xzhczpe8mr4s5tgn8e6hve".into(),
        "lead=maybe".into(),
        format!("q={long}"),
        format!("path={}", &long[..1_001]),
        "unknown=1".into(),
    ] {
        for path in ["/v1/findings", "/v1/findings/facets"] {
            let answer = client.get(&format!("{path}?{query}")).await;
            answer.expect_error("validation_error");
        }
    }
    for query in [
        "sort=worst",
        "cursor=%00",
        "cursor=YWJj",
        "limit=0",
        "limit=201",
    ] {
        let answer = client.get(&format!("/v1/findings?{query}")).await;
        answer.expect_error("validation_error");
    }
    let missing = "/v1/findings?project_id=prj_01m7xzhczpe8mr4s5tgn8e6hve";
    client.get(missing).await.expect_error("not_found");
}

#[tokio::test]
async fn what_the_readme_calls_open_leaves_out_what_was_fixed() {
    let readme = include_str!("../../../README.md");
    let row = readme
        .lines()
        .find(|line| line.starts_with("| see what is open everywhere"))
        .unwrap();
    let query = row.split('`').nth(1).unwrap().strip_prefix("GET ").unwrap();
    let app = TestApp::start().await;
    let client = app.debug().await;
    let faulty =
        |call: &str| format!("import os\nfrom flask import request\n\n\ndef f():\n    {call}\n");
    let stays = faulty("os.system(request.args[\"c\"])");
    let goes = faulty("eval(request.args[\"c\"])");
    let files = [("stays.py", stays.as_str()), ("goes.py", goes.as_str())];
    let (project, repository) = client.repository_with(&files).await;
    client.scan(&repository, json!({})).await;
    let before = client.get(query).await.expect_status(200).items();
    let rest = crate::support::tar_gz(&[("stays.py", stays.as_str()), ("goes.py", "x = 1\n")]);
    client.ingest(&repository, rest).await;
    client.scan(&repository, json!({})).await;
    let open = client.get(query).await.items();
    assert!(open.len() < before.len(), "something was fixed");
    assert!(open.iter().all(|it| it["state"] != "resolved"));
    let project = client.get(&format!("/v1/projects/{project}")).await.json();
    let counts = project["finding_counts"].as_object().unwrap();
    let counted: u64 = counts.values().filter_map(Value::as_u64).sum();
    assert_eq!(open.len() as u64, counted, "the project counts the same");
}
