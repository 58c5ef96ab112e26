//! Every endpoint of a project × every role in it: who may look, decide, change, delete.
//!
//! The table is checked against the OpenAPI document, so a new route that changes something must
//! be entered here with the role it needs.

use crate::support::{Answer, Client, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write};

const ROLES: [&str; 4] = ["viewer", "triager", "admin", "owner"];

/// What changes something in a project: the lowest role that may, and a body it would accept.
fn writes() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let none = Value::Null;
    let profile = json!({"content": {"summary": "x", "application_type": "library"}});
    vec![
        ("PUT", "/v1/projects/{id}", "admin", json!({"name": "x"})),
        ("PATCH", "/v1/projects/{id}", "admin", json!({"name": "x"})),
        (
            "PUT",
            "/v1/projects/{id}/members",
            "admin",
            json!({"email": "viewer@example.com", "role": "viewer"}),
        ),
        ("DELETE", "/v1/projects/{id}/members", "admin", none.clone()),
        (
            "POST",
            "/v1/projects/{id}/repositories",
            "admin",
            json!({"name": "x", "source_type": "archive"}),
        ),
        (
            "PATCH",
            "/v1/repositories/{id}",
            "admin",
            json!({"name": "x"}),
        ),
        (
            "POST",
            "/v1/repositories/{id}/ingest",
            "admin",
            none.clone(),
        ),
        (
            "POST",
            "/v1/repositories/{id}/archive",
            "admin",
            none.clone(),
        ),
        (
            "POST",
            "/v1/repositories/{id}/archive-uploads",
            "admin",
            none.clone(),
        ),
        (
            "POST",
            "/v1/repositories/{id}/archive-uploads/{upload_id}/complete",
            "admin",
            none.clone(),
        ),
        (
            "PUT",
            "/v1/repositories/{id}/threat-profile",
            "admin",
            profile,
        ),
        (
            "POST",
            "/v1/repositories/{id}/threat-profile/generate",
            "admin",
            none.clone(),
        ),
        (
            "POST",
            "/v1/repositories/{id}/findings/import",
            "admin",
            none.clone(),
        ),
        ("POST", "/v1/repositories/{id}/scans", "admin", json!({})),
        ("POST", "/v1/scans/{id}/cancel", "admin", none.clone()),
        (
            "POST",
            "/v1/repositories/{id}/exports",
            "viewer",
            json!({"format": "csv"}),
        ),
        ("POST", "/v1/scans/{id}/retry", "admin", none.clone()),
        (
            "POST",
            "/v1/repositories/{id}/scans/estimate",
            "viewer",
            json!({}),
        ),
        (
            "PATCH",
            "/v1/findings/{id}",
            "triager",
            json!({"status": "confirmed"}),
        ),
        (
            "POST",
            "/v1/findings/{id}/comments",
            "triager",
            json!({"text": "x"}),
        ),
        // What removes things comes last.
        ("DELETE", "/v1/repositories/{id}", "admin", none.clone()),
        ("DELETE", "/v1/projects/{id}", "owner", none),
    ]
}

/// Routes below a resource of a project, from the document.
fn routes() -> BTreeMap<(String, String), ()> {
    let document = serde_json::to_value(vega::api::app::document("Vega", "/v1")).unwrap();
    let mut routes = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let resource = path.split('/').nth(2).unwrap_or_default();
        let of_a_project = ["projects", "repositories", "snapshots", "scans", "findings"]
            .contains(&resource)
            && path.contains("{id}");
        for method in item.as_object().unwrap().keys().filter(|_| of_a_project) {
            routes.insert((method.to_uppercase(), path.clone()), ());
        }
    }
    routes
}

#[test]
fn every_route_that_changes_something_names_its_role() {
    let known: Vec<_> = writes()
        .into_iter()
        .map(|(method, path, ..)| (method.to_owned(), path.to_owned()))
        .collect();
    let missing: Vec<_> = routes()
        .into_keys()
        .filter(|route| route.0 != "GET" && !known.contains(route))
        .collect();
    assert_eq!(missing, Vec::<(String, String)>::new());
}

/// A project with something of everything in it.
struct World {
    ids: BTreeMap<&'static str, String>,
}

impl World {
    async fn of(owner: &Client) -> Self {
        let source = [("a.py", "import os\ndef f(x):\n    os.system('ls ' + x)\n")];
        let (project, repository) = owner.repository_with(&source).await;
        let scan = owner.scan(&repository, json!({})).await["id"].clone();
        let first = async |path: String| owner.get(&path).await.items()[0]["id"].clone();
        let finding = first(format!("/v1/repositories/{repository}/findings?lead=any")).await;
        let snapshot = first(format!("/v1/repositories/{repository}/snapshots")).await;
        let text = |id: Value| id.as_str().unwrap().to_owned();
        let ids = BTreeMap::from([
            ("projects", project),
            ("repositories", repository),
            ("scans", text(scan)),
            ("findings", text(finding)),
            ("snapshots", text(snapshot)),
        ]);
        Self { ids }
    }

    /// `path` with the id it is about, and what else the route cannot do without.
    fn path(&self, method: &str, path: &str) -> String {
        let resource = path.split('/').nth(2).unwrap();
        let query = match (method, path) {
            (_, "/v1/snapshots/{id}/file") => "?path=a.py",
            ("DELETE", "/v1/projects/{id}/members") => "?user_id=usr_01m7xzhczpe8mr4s5tgn8e6hve",
            _ => "",
        };
        let other = path
            .replace("{other_id}", &self.ids["scans"])
            .replace("{upload_id}", "up_01m7xzhczpe8mr4s5tgn8e6hve");
        format!("{}{query}", other.replace("{id}", &self.ids[resource]))
    }
}

async fn send(client: &Client, method: &str, path: &str, body: &Value) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = client.request(method, path);
    if path.ends_with("/archive") || path.ends_with("/import") {
        request = request
            .header("content-type", "application/octet-stream")
            .body(vec![1, 2, 3]);
    } else if !body.is_null() {
        request = request.json(body);
    }
    client.send(request).await
}

#[tokio::test]
async fn every_role_may_do_what_it_says_and_no_more() {
    let app = TestApp::start().await;
    let owner = app.debug().await;
    let world = World::of(&owner).await;
    let members = format!("/v1/projects/{}/members", world.ids["projects"]);
    let mut clients = Vec::new();
    for role in &ROLES[..3] {
        let email = format!("{role}@example.com");
        let client = app.other_user(&email).await;
        let wish = json!({ "email": email, "role": role });
        owner.put(&members, wish).await.expect_status(200);
        clients.push((*role, client));
    }
    let rank = |role: &str| ROLES.iter().position(|known| *known == role).unwrap();
    let mut table = String::new();
    for ((method, path), ()) in routes()
        .into_iter()
        .filter(|((method, _), ())| method == "GET")
    {
        // A stream does not end while its scan runs; the others answer at once.
        for (role, client) in &clients {
            let answer = send(client, &method, &world.path(&method, &path), &Value::Null).await;
            let denied = matches!(answer.status, 401 | 403 | 404);
            let none_yet = path.ends_with("/threat-profile");
            assert!(
                !denied || none_yet,
                "{role} {method} {path}: {}",
                answer.status
            );
            writeln!(table, "{method:6} {path:55} {role:8} {}", answer.status).unwrap();
        }
    }
    for (method, path, needed, body) in writes() {
        for (role, client) in &clients {
            if rank(role) >= rank(needed) {
                continue;
            }
            let answer = send(client, method, &world.path(method, path), &body).await;
            writeln!(table, "{method:6} {path:55} {role:8} {}", answer.status).unwrap();
            answer.expect_error("forbidden");
        }
    }
    println!("{table}");
    let many = json!({"ids": [world.ids["findings"]], "set": {"status": "confirmed"}});
    let (_, viewer) = &clients[0];
    let answer = viewer.post("/v1/findings/bulk", many).await.json();
    assert!(answer.to_string().contains("forbidden"), "{answer}");
    let finding = format!("/v1/findings/{}", world.ids["findings"]);
    assert_eq!(owner.get(&finding).await.json()["status"], "open");
    // With the role that is needed it is done.
    let (_, triager) = &clients[1];
    let confirmed = triager
        .patch(&finding, json!({"status": "confirmed"}))
        .await;
    assert_eq!(confirmed.expect_status(200).json()["status"], "confirmed");
    let (_, admin) = &clients[2];
    let repository = format!("/v1/repositories/{}", world.ids["repositories"]);
    admin
        .patch(&repository, json!({"name": "by the admin"}))
        .await
        .expect_status(200);
    admin.delete(&repository).await.expect_status(204);
    let listed = clients[0].1.get("/v1/projects").await.items();
    assert_eq!(listed.len(), 1, "a member finds the project in the list");
}

#[tokio::test]
async fn members_come_and_go() {
    let app = TestApp::start().await;
    let owner = app.debug().await;
    let project = owner
        .post("/v1/projects", json!({"name": "p"}))
        .await
        .text_at("id");
    let path = format!("/v1/projects/{project}");
    let members = format!("{path}/members");
    let other = app.other_user("other@example.com").await;
    let me = other.get("/v1/auth/me").await.text_at("id");
    other.get(&path).await.expect_error("not_found");

    for wrong in [
        json!({"email": "nobody@example.com", "role": "viewer"}),
        json!({"user_id": "usr_01m7xzhczpe8mr4s5tgn8e6hve", "role": "viewer"}),
        json!({"user_id": "prj_01m7xzhczpe8mr4s5tgn8e6hve", "role": "viewer"}),
        json!({"user_id": me, "role": "owner"}),
        json!({"user_id": me, "email": "other@example.com", "role": "viewer"}),
        json!({"role": "viewer"}),
        json!({"user_id": me, "role": "viewer", "extra": 1}),
    ] {
        owner
            .put(&members, wrong)
            .await
            .expect_error("validation_error");
    }
    owner
        .put(
            &members,
            json!({"email": "debug@example.com", "role": "viewer"}),
        )
        .await
        .expect_error("conflict");

    let added = owner
        .put(&members, json!({"user_id": me, "role": "viewer"}))
        .await;
    assert_eq!(added.expect_status(200).json()["role"], "viewer");
    other.get(&path).await.expect_status(200);
    let raise = json!({"user_id": me, "role": "admin"});
    other
        .put(&members, raise.clone())
        .await
        .expect_error("forbidden");
    owner.put(&members, raise).await.expect_status(200);
    let listed = other.get(&members).await.items();
    let roles: Vec<_> = listed
        .iter()
        .map(|member| member["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["owner", "admin"]);

    let owner_id = owner.get("/v1/auth/me").await.text_at("id");
    let dethrone = format!("{members}?user_id={owner_id}");
    other.delete(&dethrone).await.expect_error("conflict");
    let leave = format!("{members}?user_id={me}");
    other.delete(&leave).await.expect_status(204);
    other.get(&path).await.expect_error("not_found");
    owner.delete(&leave).await.expect_status(204);

    // By email, as they are added.
    let again = json!({"email": "other@example.com", "role": "viewer"});
    owner.put(&members, again.clone()).await.expect_status(200);
    let named = |email: &str| format!("{members}?email={email}");
    // A viewer is not told which emails exist.
    for email in ["debug@example.com", "nobody@example.com"] {
        other.delete(&named(email)).await.expect_error("forbidden");
    }
    for wrong in [
        members.clone(),
        named("nobody@example.com"),
        format!("{leave}&email=other@example.com"),
    ] {
        owner.delete(&wrong).await.expect_error("validation_error");
    }
    let own = named("Other@example.com");
    other.delete(&own).await.expect_status(204);
    other.delete(&own).await.expect_error("not_found");
    owner.put(&members, again).await.expect_status(200);
    owner.delete(&own).await.expect_status(204);
    other.get(&path).await.expect_error("not_found");
}
