"""pyrabbit2, unmodified, against the HTTP API at the port of the first argument; AMQP is at the port of the second.

Prints a line for each check: `ok pyrabbit2 NAME` or `not ok pyrabbit2 NAME - REASON`.
"""

import sys
import time

import pika
from pyrabbit2.api import Client, PermissionError
from pyrabbit2.http import HTTPError

ODD = "odd / % # ? + é"
LISTED_MAX_SECONDS = 20


def fail(what):
    raise AssertionError(what)


def names(objects):
    return sorted(one["name"] for one in objects)


def in_shop(objects):
    return [one for one in objects if one["vhost"] == "shop"]


def check_broker(api, _amqp):
    totals = api.get_overview()["object_totals"]
    assert (totals["queues"], totals["exchanges"]) == (0, 7) or fail(totals)
    assert api.get_whoami()["name"] == "guest"
    assert api.is_alive()
    assert [node["running"] for node in api.get_nodes()] == [True]
    assert api.get_cluster_name()["name"] != ""


def check_vhosts_and_users(api, _amqp):
    for name in ("shop", ODD):
        assert api.create_vhost(name)
    assert api.get_vhost_names() == sorted(["/", "shop", ODD])
    assert api.create_user("mary", "secret", tags="management")
    assert names(api.get_users()) == ["guest", "mary"]
    for vhost in ("shop", ODD):
        assert api.set_vhost_permissions(vhost, "mary", "^m", ".*", ".*")
    assert api.get_permission("shop", "mary")["configure"] == "^m"
    assert len(api.get_vhost_permissions("shop")) == 2
    assert len(api.get_user_permissions("mary")) == 2
    assert api.delete_permission(ODD, "mary")


def check_topology(api, _amqp):
    for name in ("mails", ODD):
        assert api.create_queue("shop", name, durable=True, arguments={"x-max-length": 10})
        assert api.create_exchange("shop", name, "topic")
        assert api.create_binding("shop", name, name, "a.*", {"x": "y"})
    assert names(api.get_queues("shop")) == sorted(["mails", ODD])
    assert api.get_queue("shop", ODD)["arguments"] == {"x-max-length": 10}
    assert api.get_exchange("shop", ODD)["type"] == "topic"
    implied, binding = api.get_queue_bindings("shop", "mails")
    assert (implied["source"], implied["routing_key"]) == ("", "mails")
    assert (binding["routing_key"], binding["arguments"]) == ("a.*", {"x": "y"})
    assert len(in_shop(api.get_bindings())) == 4
    assert api.delete_exchange("shop", ODD)
    assert api.delete_queue("shop", ODD)
    assert len(in_shop(api.get_bindings())) == 2


def check_messages(api, _amqp):
    properties = {"content_type": "text/plain", "delivery_mode": 2, "headers": {"a": 1}}
    for number in range(3):
        assert api.publish("shop", "mails", "a.b", f"body {number}", properties=properties)
    assert api.get_queue_depth("shop", "mails") == 3
    first = api.get_messages("shop", "mails", count=2, requeue=True)
    assert [message["payload"] for message in first] == ["body 0", "body 1"]
    assert first[0]["properties"]["headers"] == {"a": 1}
    (again,) = api.get_messages("shop", "mails")
    assert (again["payload"], again["redelivered"]) == ("body 0", True)
    assert api.get_queue_depth("shop", "mails") == 2
    assert api.purge_queue("shop", "mails")
    assert api.get_queue_depth("shop", "mails") == 0


def check_policies_and_definitions(api, _amqp):
    policy = {"pattern": "^mails$", "definition": {"message-ttl": 60000}, "apply-to": "queues"}
    assert api.create_policy("shop", "ttl", **policy)
    assert names(api.get_all_policies()) == ["ttl"]
    assert api.get_queue("shop", "mails")["policy"] == "ttl"
    definitions = api.get_definitions()
    assert names(in_shop(definitions["queues"])) == ["mails"]
    assert names(definitions["users"]) == ["guest", "mary"]
    assert api.delete_policy("shop", "ttl")
    assert api.get_all_policies() == []


def check_connections(api, amqp):
    connection = pika.BlockingConnection(pika.ConnectionParameters(port=amqp, virtual_host="shop"))
    connection.channel().basic_consume("mails", lambda *_: None)
    deadline = time.monotonic() + LISTED_MAX_SECONDS
    while len(api.get_channels()) != 1:
        assert time.monotonic() < deadline or fail("the channel is not listed")
    (listed,) = api.get_connections()
    assert (listed["vhost"], listed["user"], listed["channels"]) == ("shop", "guest", 1)
    assert api.get_connection(listed["name"])["name"] == listed["name"]
    (channel,) = api.get_channels()
    assert api.get_channel(channel["name"])["consumer_count"] == 1
    assert api.delete_connection(listed["name"])
    try:
        connection.process_data_events(time_limit=5)
        fail("the connection goes on")
    except pika.exceptions.ConnectionClosedByBroker as closed:
        assert closed.reply_code == 320


def check_refusals(api, _amqp):
    for call in (
        lambda: api.get_queue("shop", "nope"),
        lambda: api.get_vhost("nope"),
        lambda: api.delete_exchange("shop", "amq.topic"),
        lambda: Client(f"127.0.0.1:{sys.argv[1]}", "guest", "wrong").get_queues(),
    ):
        try:
            call()
        except (HTTPError, PermissionError):
            pass
        else:
            fail("it was not refused")


CHECKS = {
    "broker": check_broker,
    "vhosts-and-users": check_vhosts_and_users,
    "topology": check_topology,
    "messages": check_messages,
    "policies-and-definitions": check_policies_and_definitions,
    "connections": check_connections,
    "refusals": check_refusals,
}


def main():
    api = Client(f"127.0.0.1:{sys.argv[1]}", "guest", "guest")
    for name, check in CHECKS.items():
        try:
            check(api, int(sys.argv[2]))
        except Exception as error:  # one check that fails does not keep the others from running
            line = f"not ok pyrabbit2 {name} - {type(error).__name__} {error}"
            print(line.replace("\n", " | "), flush=True)
        else:
            print(f"ok pyrabbit2 {name}", flush=True)


main()
