"""Which operations ever succeeded under generated requests: a run of refusals proves nothing.

usage: schemathesis.reached.py OPENAPI FOLDER      (FOLDER: the HAR files of all rounds)

Prints how many operations of the document answered with success at least once, and which never did.
Exits with 1 when one of those reads, or when they are more than a quarter.
"""

import json
import pathlib
import re
import sys
import urllib.parse
from collections import Counter, defaultdict

# Reading this needs a signed URL, which no generated request has.
BEYOND = {"GET /v1/objects/{key}"}
# Of all operations. Writes depend on bodies that chance makes: some need an archive, a password or
# another user, so that tests/it/http does them by hand.
MAX_MISSED = 0.25

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
for name in missed:
    print(f"  never: {name}: {dict(answers[name])}")
reads = [name for name in missed if name.startswith("GET ") and name not in BEYOND]
sys.exit(1 if reads or len(missed) > MAX_MISSED * len(known) else 0)
