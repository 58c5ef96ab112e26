"""What schemathesis does not know: git's media types and credential, and what must outlive the run.

Read by scripts/schemathesis through SCHEMATHESIS_HOOKS; VEGA_UPLOAD is `user:password` of the git
upload that the seed made, VEGA_KEPT the ids that no request may delete. Ids seen in answers come
back in later requests, so a generated DELETE would revoke the key that all of them carry, and one of
the repository or the project behind a session would remove the session, which schemathesis cannot
know. And a key of idempotency that comes twice would be answered with the creation of what is deleted
since.
"""

import itertools
import os

import schemathesis

KEPT = set(os.environ["VEGA_KEPT"].split())
FRESH = itertools.count()
CREDENTIALS = tuple(os.environ["VEGA_UPLOAD"].split(":"))


@schemathesis.serializer("application/x-git-receive-pack-request", "application/x-git-upload-pack-request")
def of_git(ctx, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@schemathesis.hook
def before_call(context, case, kwargs):
    if "/repo.git/" in case.path:
        kwargs["auth"] = CREDENTIALS
    if case.method == "DELETE":
        for name, value in (case.path_parameters or {}).items():
            if value in KEPT:
                case.path_parameters[name] = value[:-1] + ("1" if value.endswith("0") else "0")
    key = (case.headers or {}).get("Idempotency-Key")
    # Empty and overlong ones stay what they are: refused.
    if isinstance(key, str) and 0 < len(key) < 100:
        case.headers["Idempotency-Key"] = f"{key}{next(FRESH)}"


@schemathesis.hook
def after_call(context, case, response):
    if (case.method, case.path) == ("POST", "/v1/sessions") and response.status_code == 201:
        session = response.json()
        KEPT.update((session["project_id"], session["repository_id"]))
