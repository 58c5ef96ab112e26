"""What schemathesis does not know of git's protocol: its media types, and its own credential.

Read by scripts/schemathesis through SCHEMATHESIS_HOOKS; VEGA_UPLOAD is `user:password` of the git
upload that the seed made.
"""

import os

import schemathesis

CREDENTIALS = tuple(os.environ["VEGA_UPLOAD"].split(":"))


@schemathesis.serializer("application/x-git-receive-pack-request", "application/x-git-upload-pack-request")
def of_git(ctx, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@schemathesis.hook
def before_call(context, case, kwargs):
    if "/repo.git/" in case.path:
        kwargs["auth"] = CREDENTIALS
