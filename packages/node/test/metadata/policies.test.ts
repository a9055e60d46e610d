import { expect, test } from "vitest";
import {
  brief,
  declareExchange,
  declareQueue,
  newMachine,
  setPolicy,
  VHOST,
} from "./metadata-commands.ts";

const LIMIT = { "max-length": 5 };

function policyOf(machine: ReturnType<typeof newMachine>["machine"], name: string) {
  return machine.effectivePolicy("queue", VHOST, name).policy?.name;
}

test("the highest priority wins, of equals the first by name, whatever came first", () => {
  const { machine } = newMachine();
  machine.apply(declareQueue("q"));
  machine.apply(setPolicy("b", "^q", LIMIT, { priority: 1 }));
  machine.apply(setPolicy("c", "^q", LIMIT, { priority: 1 }));
  expect(policyOf(machine, "q")).toBe("b");
  machine.apply(setPolicy("a", "^q", LIMIT, { priority: 1 }));
  expect(policyOf(machine, "q")).toBe("a");
  machine.apply(setPolicy("z", "^q", LIMIT, { priority: 2 }));
  expect(policyOf(machine, "q")).toBe("z");
  machine.apply(setPolicy("y", "^other", LIMIT, { priority: 9 }));
  expect(policyOf(machine, "q")).toBe("z");
  machine.apply({ type: "clearPolicy", vhost: VHOST, name: "z" });
  expect(policyOf(machine, "q")).toBe("a");
});

test.each([
  ["all", ["queue classic", "queue quorum", "exchange x"]],
  ["queues", ["queue classic", "queue quorum"]],
  ["exchanges", ["exchange x"]],
  ["classic_queues", ["queue classic"]],
  ["quorum_queues", ["queue quorum"]],
  ["streams", []],
])("apply-to %s", (applyTo, expected) => {
  const { machine, events } = newMachine();
  machine.apply(declareQueue("classic"));
  machine.apply(declareQueue("quorum", "quorum"));
  machine.apply(declareExchange("x"));
  events.length = 0;
  machine.apply(setPolicy("p", "^[cqx]", LIMIT, { applyTo }));
  const touched = events.filter((event) => event.type.endsWith("ConfigChanged"));
  const names = brief(touched).map((line) => line.replace("ConfigChanged", ""));
  expect(names.sort()).toEqual([...expected].sort());
});

test("only what a change touches is told, and a policy set again as it was touches nothing", () => {
  const { machine, events } = newMachine();
  for (const name of ["a1", "a2", "b1"]) machine.apply(declareQueue(name));
  machine.apply(setPolicy("p", "^a[0-9]", LIMIT));
  machine.apply(setPolicy("low", "^a1$", LIMIT, { priority: -1 }));
  events.length = 0;
  expect(machine.apply(setPolicy("p", "^a[0-9]", LIMIT))).toEqual({ ok: true, changed: false });
  machine.apply(setPolicy("p", "^a1", { "max-length": 6 }));
  expect(brief(events)).toEqual(["policySet", "queueConfigChanged a1", "queueConfigChanged a2"]);
  events.length = 0;
  machine.apply({ type: "clearPolicy", vhost: VHOST, name: "p" });
  expect(brief(events)).toEqual(["policyCleared", "queueConfigChanged a1"]);
  expect(policyOf(machine, "a1")).toBe("low");
});

test("a queue declared later has its policy and its operator policy from the start", () => {
  const { machine, events } = newMachine();
  machine.apply(setPolicy("p", "^q", LIMIT));
  machine.apply(setPolicy("o", "^q", { expires: 1000 }, { operator: true }));
  machine.apply(declareQueue("q"));
  const { policy, operatorPolicy } = machine.effectivePolicy("queue", VHOST, "q");
  expect([policy?.name, operatorPolicy?.name]).toEqual(["p", "o"]);
  expect(brief(events)).toEqual(["policySet", "policySet", "queueDeclared q"]);
  machine.apply({ type: "deleteQueue", vhost: VHOST, name: "q" });
  expect(policyOf(machine, "q")).toBeUndefined();
});

test("clearing an unknown policy is refused", () => {
  const { machine } = newMachine();
  expect(machine.apply({ type: "clearPolicy", vhost: VHOST, name: "no" })).toEqual({
    ok: false,
    reason: "no_such_policy",
    text: "Parameter does not exist",
  });
});

/** Definitions and texts observed on RabbitMQ 3.10.8. */
test.each([
  [{}, "no policy provided"],
  [{ "message-ttl": -1 }, "-1 is not a valid message TTL"],
  [{ "message-ttl": "a" }, '<<"a">> is not a valid message TTL'],
  [{ "message-ttl": 1.5 }, "1.5 is not a valid message TTL"],
  [{ expires: 0 }, "0 is not a valid queue expiry"],
  [{ "max-length": -1 }, "-1 is not a valid maximum length"],
  [{ "max-length": true }, "true is not a valid maximum length"],
  [{ "max-length": [1, 2] }, "[1,2] is not a valid maximum length"],
  [{ "max-length-bytes": 1.5 }, "1.5 is not a valid maximum length in bytes"],
  [{ "max-in-memory-length": -1 }, "-1 is not a valid maximum memory in bytes"],
  [{ overflow: "zzz" }, '<<"zzz">> is not a valid overflow value'],
  [{ "dead-letter-exchange": 5 }, "5 is not a valid dead letter exchange name"],
  [{ "dead-letter-routing-key": 5 }, "5 is not a valid dead letter routing key"],
  [{ "dead-letter-strategy": "zzz" }, '<<"zzz">> is not a valid dead letter strategy'],
  [{ "delivery-limit": -1 }, "-1 is not a valid delivery limit"],
  [{ "queue-mode": "zzz" }, '<<"zzz">> is not a valid queue-mode value'],
  [{ "queue-version": 3 }, "3 is not a valid queue-version value"],
  [{ "queue-leader-locator": 5 }, "5 is not a valid queue leader locator value"],
  [{ "queue-master-locator": "zzz" }, '<<"zzz">> invalid queue-master-locator value'],
  [{ "initial-cluster-size": -1 }, "-1 is not a valid cluster size"],
  [{ "stream-max-segment-size-bytes": 99999999999 }, "99999999999 is not a valid segment size"],
  [{ "alternate-exchange": 5 }, "5 is not a valid alternate exchange name"],
  [{ "message-ttl": -1, "max-length": -1 }, "-1 is not a valid maximum length"],
  [{ "message-ttl": -1, zzz: 1 }, "-1 is not a valid message TTL"],
  [
    { zzz: 1, foo: "bar" },
    '[{<<"foo">>,<<"bar">>},{<<"zzz">>,1}] are not recognised policy settings',
  ],
  [{ zzz: { a: 1 } }, '[{<<"zzz">>,#{<<"a">> => 1}}] are not recognised policy settings'],
  [{ zzz: null }, '[{<<"zzz">>,null}] are not recognised policy settings'],
  [{ "ha-mode": "exactly" }, 'ha-mode="exactly" takes an integer, none given'],
  [{ "ha-mode": "exactly", "ha-params": "x" }, 'ha-mode="exactly" takes an integer, <<"x">> given'],
  [{ "ha-mode": "exactly", "ha-params": 0 }, 'ha-mode="exactly" takes an integer, 0 given'],
  [{ "ha-mode": "zzz" }, '<<"zzz">> is not a valid ha-mode value'],
  [{ "ha-mode": "nodes" }, 'ha-mode="nodes" takes a list, none given'],
  [{ "ha-mode": "nodes", "ha-params": [] }, 'ha-mode="nodes" list must be non-empty'],
  [
    { "ha-mode": "nodes", "ha-params": ["a", 1] },
    'ha-mode="nodes" takes a list of strings, [1] was not a string',
  ],
  [{ "ha-mode": "all", "ha-params": 3 }, 'ha-mode="all" does not take parameters'],
  [
    { "ha-sync-mode": "automatic" },
    "ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown",
  ],
  [
    { "ha-mode": "all", "ha-sync-mode": "zzz" },
    'ha-sync-mode must be "manual" or "automatic", got <<"zzz">>',
  ],
  [
    { "ha-mode": "all", "ha-sync-batch-size": 0 },
    "ha-sync-batch-size takes an integer greater than 0, 0 given",
  ],
  [
    { "ha-mode": "all", "ha-promote-on-failure": "zzz" },
    'ha-promote-on-failure must be "always" or "when-synced", got <<"zzz">>',
  ],
])("%j", (definition, problem) => {
  const { machine, events } = newMachine();
  expect(machine.apply(setPolicy("p", "^x", definition))).toEqual({
    ok: false,
    reason: "validation_failed",
    text: `Validation failed\n\n${problem}\n`,
  });
  expect(events).toEqual([]);
  expect(machine.vhost(VHOST)?.policies).toEqual([]);
});

test("an operator policy may have fewer keys", () => {
  const { machine } = newMachine();
  const refusal = machine.apply(
    setPolicy("o", "^x", { "dead-letter-exchange": "x" }, { operator: true }),
  );
  expect(refusal).toMatchObject({
    text: 'Validation failed\n\n[{<<"dead-letter-exchange">>,<<"x">>}] are not recognised policy settings\n',
  });
});

test("a bad pattern, apply-to or priority is told", () => {
  const { machine } = newMachine();
  expect(machine.apply(setPolicy("p", "(", LIMIT))).toMatchObject({
    text: 'Validation failed\n\npattern should be regular expression but is invalid: {"missing )",1}\n',
  });
  expect(machine.apply(setPolicy("p", "x", LIMIT, { applyTo: "zzz" }))).toMatchObject({
    text: expect.stringContaining("apply-to 'zzz' unrecognised; should be one of: 'queues', "),
  });
  expect(machine.apply(setPolicy("p", "x", LIMIT, { priority: 1.5 }))).toMatchObject({
    text: "Validation failed\n\npriority should be a number, actually was 1.5\n",
  });
});

test.each([
  { "ha-mode": "all" },
  { "ha-mode": "exactly", "ha-params": 2, "ha-sync-mode": "automatic", "ha-sync-batch-size": 1 },
  { "ha-mode": "nodes", "ha-params": ["rabbit@a"], "ha-promote-on-shutdown": "always" },
  { "message-ttl": 0, expires: 1, "max-length": 0, overflow: "reject-publish-dlx" },
  { "max-age": "7D", "stream-filter-size-bytes": 16, "consumer-timeout": 0 },
  { "queue-mode": "lazy", "queue-version": 2, "queue-master-locator": "min-masters" },
  { "alternate-exchange": "ae", "federation-upstream-set": "all" },
])("policy %j is accepted", (definition) => {
  const { machine } = newMachine();
  expect(machine.apply(setPolicy("p", "^x", definition))).toEqual({ ok: true, changed: true });
});
