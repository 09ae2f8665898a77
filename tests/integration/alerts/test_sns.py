"""Amazon SNS, on moto's server: a topic and its subscribers."""

from __future__ import annotations

import json

import boto3
import pytest


@pytest.fixture
def topic(s3_endpoint, monkeypatch):
    """Makes a topic whose messages land in a queue; gives its ARN and a function that reads."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)

    def make(name, **attributes):
        sns, sqs = boto3.client("sns"), boto3.client("sqs")
        arn = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        queue = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        wanted = ["QueueArn"]
        of_queue = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=wanted)["Attributes"]
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=of_queue["QueueArn"])

        def read():
            found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
            return [json.loads(each["Body"]) for each in found.get("Messages", [])]

        return arn, read

    return make


def test_subscribers_of_a_topic_get_the_alert_and_its_key(world, topic, event):
    arn, read = topic("alerts")
    world.hooked(channels={"topic": {"type": "sns", "topic": arn}}, owners=["topic"])
    world.put(event("late ü"))
    assert world.tell().sent.delivered == 1
    (got,) = read()
    assert got["Subject"] == "shop/sales/v1: late ?"
    assert "shop/sales/v1: late ü" in got["Message"]
    (alert,) = world.alerts()
    key = got["MessageAttributes"]["idempotency_key"]["Value"]
    assert key == alert.told[0].message


def test_a_fifo_topic_keeps_what_is_of_one_product_in_order(world, topic, event):
    arn, read = topic("alerts.fifo", FifoTopic="true", FifoQueue="true")
    world.hooked(channels={"topic": {"type": "sns", "topic": arn}}, owners=["topic"])
    for number in range(3):
        world.put(event(f"{number}"))
        world.tell()
    assert [each["Subject"] for each in read()] == [f"shop/sales/v1: {n}" for n in range(3)]


def test_a_topic_that_is_not_there_yet_is_tried_again(world, topic, event):
    arn, _ = topic("there")
    gone = arn.replace("there", "elsewhere")
    channels = {"topic": {"type": "sns", "topic": gone}}
    world.hooked(channels=channels, owners=["topic"], retry={"first": "1h"})
    world.put(event("a"))
    done = world.tell()
    assert (done.sent.delivered, done.sent.dead) == (0, 0)
    (alert,) = world.alerts()
    assert alert.told[0].state == "waiting"
    assert "NotFound" in alert.told[0].error
