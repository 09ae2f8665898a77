"""Who is calling, as AWS knows it: the owner of the credentials in use.

Only ARNs are names here: what comes after the last slash of one, a user's name or a session's, is
chosen by whoever has an account of his own. So an owner that AWS is to prove is named by an ARN,
in the custom property `identity` of his entry among the members: that of a user, of a role (then
everybody who may assume it is that owner) or of a session.
"""

from __future__ import annotations

import re

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mesh_dagster.errors import EvaluationError
from mesh_dagster.model.identity import Identity

_SESSION = re.compile(r"arn:(?P<partition>[^:]+):sts::(?P<account>\d+):assumed-role/(?P<role>.+)/")


def of_caller() -> Identity | None:
    """The caller that STS answers for; None where there are no credentials.

    Raises `EvaluationError` where AWS does not answer, or refuses.
    """
    try:
        session = boto3.Session()
        if session.get_credentials() is None:
            return None
        arn = str(session.client("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as error:
        raise EvaluationError(
            f"AWS does not say who you are: {error}",
            code="MESH-M074",
            fix="aws sts get-caller-identity",
        ) from error
    return Identity(arn, "aws", verified=True, detail="STS", names=(arn, *_role(arn)))


def _role(arn: str) -> tuple[str, ...]:
    """The role that was assumed, as IAM names it. STS leaves out the path that a role may have."""
    found = _SESSION.match(arn)
    if found is None:
        return ()
    return (f"arn:{found['partition']}:iam::{found['account']}:role/{found['role']}",)
