"""Which operations ever succeeded under generated requests: a run of refusals proves nothing.

usage: schemathesis.reached.py OPENAPI FOLDER      (FOLDER: the HAR files of all rounds)

Prints how many operations of the document answered with success at least once, and exits with 1
when one did not that could have.
"""

import json
import pathlib
import re
import sys
import urllib.parse
from collections import Counter, defaultdict

# What a generated request cannot succeed at; tests/it/http does each of these by hand.
BEYOND = {
    "POST /v1/auth/login": "a password",
    "POST /v1/auth/logout": "a token of a sign-in",
    "POST /v1/auth/refresh": "a token of a sign-in",
    "PUT /v1/projects/{id}/members": "another user",
    "DELETE /v1/projects/{id}/members": "another user",
    "POST /v1/repositories/{id}/archive": "an archive",
    "POST /v1/repositories/{id}/archive-uploads/{upload_id}/complete": "an archive",
    "POST /v1/repositories/{id}/ingest": "a repository with a git URL",
    "POST /v1/sessions/{id}/upload": "an archive",
    "POST /v1/git-uploads": "a repository that takes pushes",
    "DELETE /v1/git-uploads/{id}": "a repository that takes pushes",
    "POST /v1/git-uploads/{id}/repo.git/git-receive-pack": "git",
    "POST /v1/git-uploads/{id}/repo.git/git-upload-pack": "git",
    "GET /v1/objects/{key}": "a signed URL",
    "PUT /v1/objects/{key}": "a signed URL",
}

document = json.loads(pathlib.Path(sys.argv[1]).read_text())
routes = []
for path, operations in document["paths"].items():
    # Fixed segments win over parameters, as in the server's routes.
    pattern = re.compile(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(path)))
    methods = {name.upper() for name in operations} & {"GET", "POST", "PUT", "PATCH", "DELETE"}
    routes.append((path.count("{"), path, pattern, methods))
routes.sort()

answers = defaultdict(Counter)
for file in pathlib.Path(sys.argv[2]).glob("*.json"):
    for entry in json.loads(file.read_text())["log"]["entries"]:
        path = urllib.parse.urlsplit(entry["request"]["url"]).path
        found = next((route for route in routes if route[2].fullmatch(path)), None)
        if found and entry["request"]["method"] in found[3]:
            answers[f"{entry['request']['method']} {found[1]}"][entry["response"]["status"]] += 1

known = [f"{method} {path}" for _, path, _, methods in routes for method in sorted(methods)]
missed = [name for name in known if not any(200 <= status < 300 for status in answers[name])]
print(f"{len(known) - len(missed)} of {len(known)} operations answered with success")
unexpected = [name for name in missed if name not in BEYOND]
for name in unexpected:
    print(f"  never: {name}: {dict(answers[name])}")
sys.exit(1 if unexpected else 0)
