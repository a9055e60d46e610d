import { describe, expect, it } from "vitest";
import { conditionGroups, spreadOf } from "../../src/console/cluster-health.ts";
import { exchangesInCondition, queuesInCondition } from "../../src/console/in-condition.ts";
import { surveyQueues } from "../../src/console/queue-survey.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { ObjectRef, RuntimeObjects } from "../../src/model/runtime-objects.ts";

const calm = {
  type: "classic",
  state: "running",
  node: "a",
  consumers: 1,
  messages_ready: 0,
  messages_unacknowledged: 0,
};

const QUEUES: Readonly<Record<string, JsonObject>> = {
  calm,
  growing: { ...calm, messages_ready: 50, messages_details: { rate: 3 } },
  busy: { ...calm, messages_ready: 3, messages_details: { rate: 3 } },
  waiting: { ...calm, consumers: 0, messages_ready: 1 },
  stuck: {
    ...calm,
    messages_ready: 5,
    messages_unacknowledged: 2,
    message_stats: { ack_details: { rate: 0 } },
  },
  working: {
    ...calm,
    messages_ready: 5,
    messages_unacknowledged: 2,
    message_stats: { ack_details: { rate: 1 } },
  },
  source: { ...calm, arguments: { "x-dead-letter-exchange": "dlx" } },
  policed: {
    ...calm,
    effective_policy_definition: {
      "dead-letter-exchange": "",
      "dead-letter-routing-key": "direct.dead",
    },
  },
  "bound.dead": { ...calm, consumers: 0, messages_ready: 1 },
  "direct.dead": { ...calm, consumers: 0, messages_ready: 1 },
  lost: { type: "quorum", state: "down", node: "a", members: ["a", "b", "c"], online: ["a"] },
};

function at(object: JsonObject | undefined, path: readonly string[]): JsonObject[string] {
  let value: JsonObject[string] = object;
  for (const key of path) value = (value as JsonObject | undefined)?.[key];
  return value;
}

function objectsOf(
  queues: Readonly<Record<string, JsonObject>>,
): RuntimeObjects & { looks: number } {
  const fake = {
    looks: 0,
    queues: {
      refs: () => {
        fake.looks += 1;
        return Promise.resolve(Object.keys(queues).map((name) => ({ vhost: "/", name })));
      },
      values: (refs: readonly ObjectRef[], path: readonly string[]) =>
        Promise.resolve(refs.map(({ name }) => at(queues[name], path))),
    },
    bindings: () =>
      Promise.resolve([
        { vhost: "/", source: "dlx", destination: "bound.dead", destination_type: "queue" },
        { vhost: "other", source: "dlx", destination: "calm", destination_type: "queue" },
      ]),
  };
  return fake as unknown as RuntimeObjects & { looks: number };
}

async function namesWith(condition: string): Promise<string[]> {
  const objects = objectsOf(QUEUES);
  const refs = await objects.queues.refs({});
  const found = await queuesInCondition(objects, refs, new URLSearchParams({ condition }));
  return found.map(({ name }) => name);
}

describe("the survey of all queues", () => {
  it.each([
    ["growing", ["growing"]],
    ["no_consumers", ["waiting"]],
    ["stuck_unacked", ["stuck"]],
    ["dead_letters", ["bound.dead", "direct.dead"]],
    ["no_leader", ["lost"]],
  ])("finds queues that are %s", async (condition, names) => {
    expect(await namesWith(condition)).toEqual(names);
  });

  it("refuses a condition that it does not know, and changes nothing without one", async () => {
    const objects = objectsOf(QUEUES);
    const refs = await objects.queues.refs({});
    expect(await queuesInCondition(objects, refs, new URLSearchParams())).toBe(refs);
    await expect(
      queuesInCondition(objects, refs, new URLSearchParams("condition=odd")),
    ).rejects.toThrow(/condition is one of growing/);
  });

  it("is shared by all who ask within a few seconds", async () => {
    const objects = objectsOf(QUEUES);
    await Promise.all([surveyQueues(objects), surveyQueues(objects)]);
    await surveyQueues(objects);
    expect(objects.looks).toBe(1);
  });

  it("names the first few queues of each condition, and counts all", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`q${at}`, QUEUES["waiting"] ?? {}]),
    );
    const groups = conditionGroups(await surveyQueues(objectsOf(many)));
    expect(groups["no_consumers"]).toMatchObject({
      count: 9,
      first: [{ name: "q0" }, {}, {}, {}, {}],
    });
  });

  it("tells which queues would be lost with a node: quorum queues without their majority, others without a copy", async () => {
    const spread = spreadOf(
      ["a", "b", "c"],
      await surveyQueues(
        objectsOf({
          single: { ...calm },
          mirrored: { ...calm, slave_nodes: ["b"], synchronised_slave_nodes: ["b"] },
          unsynchronised: { ...calm, slave_nodes: ["b"], synchronised_slave_nodes: [] },
          whole: { ...calm, type: "quorum", members: ["a", "b", "c"], online: ["a", "b", "c"] },
          degraded: { ...calm, type: "quorum", members: ["a", "b", "c"], online: ["a", "b"] },
        }),
      ),
    );
    const lost = (spread["nodes"] as readonly JsonObject[]).map(
      ({ node, lost_if_stopped: group }) => [
        node,
        ((group as JsonObject)["first"] as readonly JsonObject[]).map(({ name }) => name),
      ],
    );
    expect(lost).toEqual([
      ["a", ["single", "unsynchronised", "degraded"]],
      ["b", ["degraded"]],
      ["c", []],
    ]);
  });
});

describe("the exchanges that are not built in", () => {
  it("are those without the names that the broker keeps for itself", () => {
    const refs = ["", "amq.topic", "orders"].map((name) => ({ vhost: "/", name }));
    expect(
      exchangesInCondition(refs, new URLSearchParams("condition=own")).map(({ name }) => name),
    ).toEqual(["orders"]);
    expect(exchangesInCondition(refs, new URLSearchParams())).toBe(refs);
  });
});
