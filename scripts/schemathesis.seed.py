"""Fills a server for scripts/schemathesis.

usage: schemathesis.seed.py ORIGIN FOLDER

Writes into FOLDER: `key` (an API key of the debug user), `upload` (user name and password of a git
upload), `kept` (ids that no request may delete), `made-up.toml` (nothing) and `existing.toml`
(which id every path names).
"""

import io
import json
import pathlib
import sys
import time
import urllib.request
import zipfile

ORIGIN, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
SOURCE = "import os\n\ndef run(name):\n    os.system('ls ' + name)\n"


def call(method, path, body=None, kind="application/json", token=None):
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(ORIGIN + "/v1" + path, data, method=method)
    request.add_header("content-type", kind)
    if token:
        request.add_header("authorization", "Bearer " + token)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def until(path, token, key, ends):
    for _ in range(600):
        answer = call("GET", path, token=token)
        if answer[key] in ends:
            return answer
        time.sleep(0.1)
    sys.exit(f"{path} did not end")


login = {"email": "debug@example.com", "password": "vega-debug-password"}
token = call("POST", "/auth/login", login)["access_token"]
project = call("POST", "/projects", {"name": "seed"}, token=token)["id"]
wish = {"name": "seed", "source_type": "archive"}
repository = call("POST", f"/projects/{project}/repositories", wish, token=token)["id"]
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as out:
    # Where the document's example of a path points.
    out.writestr("src/app/main.py", SOURCE)
    out.writestr("Dockerfile", "FROM python:latest\n")
path = f"/repositories/{repository}"
call("POST", f"{path}/archive", archive.getvalue(), "application/zip", token)
until(path, token, "ingest_status", {"ready"})
scan = call("POST", f"{path}/scans", {}, token=token)["id"]
until(f"/scans/{scan}", token, "status", {"completed"})
job = call("POST", f"{path}/threat-profile/generate", token=token)["id"]

pushed = {"name": "pushed", "source_type": "git_push"}
pushed = call("POST", f"/projects/{project}/repositories", pushed, token=token)["id"]
upload = call("POST", "/git-uploads", {"repository_id": pushed}, token=token)
(FOLDER / "upload").write_text(f"{upload['username']}:{upload['password']}")

session = call("POST", "/sessions", {"name": "seed"}, token=token)
behind = [session["project_id"], session["repository_id"]]
session = session["id"]
at = f"/sessions/{session}"
call("POST", f"{at}/upload", archive.getvalue(), "application/octet-stream", token)
until(at, token, "status", {"uploaded"})
call("POST", f"{at}/analyze", token=token)
until(at, token, "status", {"completed"})
hook = {"name": "seed", "url": "http://127.0.0.1:9/", "events": ["scan.completed"]}
hook = call("POST", "/webhooks", hook, token=token)["id"]
delivery = call("POST", f"/webhooks/{hook}/ping", token=token)["id"]
key = call("POST", "/api-keys", {"name": "seed"}, token=token)

ids = {
    "git-uploads": upload["id"],
    "projects": project,
    "repositories": repository,
    "scans": scan,
    "jobs": job,
    "sessions": session,
    "snapshots": call("GET", f"{path}/snapshots", token=token)[0]["id"],
    "findings": call("GET", f"{path}/findings?lead=any", token=token)[0]["id"],
    "webhooks": hook,
}
# What deletes would leave nothing for the others: those meet made-up ids only. Method and path are
# one expression over the operation's name: two filters of a table select what either matches.
others = f'"path.other_id" = "{scan}", "path.delivery_id" = "{delivery}"'
rows = [
    f'[[operations]]\ninclude-name-regex = "^(GET|POST|PUT|PATCH) /v1/{name}/[{{]id[}}]"\n'
    f'parameters = {{ "path.id" = "{value}", {others} }}\n'
    for name, value in ids.items()
]
(FOLDER / "existing.toml").write_text("\n".join(rows))
(FOLDER / "made-up.toml").write_text("")
(FOLDER / "key").write_text(key["secret"])
(FOLDER / "kept").write_text(" ".join([*ids.values(), *behind, pushed, key["id"]]))
