import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { controlMethods } from "../../src/control/control-methods.ts";
import { ControlledBroker } from "./controlled-broker.ts";

type Entry = Readonly<Record<string, unknown>>;
type Document = Readonly<Record<string, readonly Entry[]>>;

/** As rabbitmqctl of RabbitMQ 3.10.8 exported it. */
const EXPORTED: string = readFileSync(join(import.meta.dirname, "definitions-3.10.8.json"), "utf8");

let node: ControlledBroker;

beforeEach(async () => {
  node = await ControlledBroker.start();
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
});

async function ask(method: string, params: object): Promise<unknown> {
  const context = {
    nodeName: "tool@localhost",
    signal: new AbortController().signal,
    timeoutMs: undefined,
  };
  const answer = controlMethods(node).get(method)?.(params, context);
  if (answer === undefined || !(Symbol.asyncIterator in answer)) return answer;
  const rows: unknown[] = [];
  for await (const row of answer) rows.push(row);
  return rows;
}

async function exported(vhost?: string): Promise<Document> {
  const pieces = (await ask("export_definitions", { vhost })) as string[];
  return JSON.parse(pieces.join("")) as Document;
}

function sorted(entries: readonly Entry[] = []): string[] {
  return entries.map((entry) => JSON.stringify(sortedKeys(entry))).sort();
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortedKeys(item)]));
}

/** Left out by RabbitMQ, which leaves out the internal exchange that it is of. */
function isOfInternal({ source }: Entry): boolean {
  return source === "int";
}

/** RabbitMQ's tool does not say it of exchanges that are not internal, and leaves out the others. */
function withoutInternal({ internal, ...entry }: Entry): Entry {
  return internal === true ? { ...entry, internal } : entry;
}

describe("definitions of RabbitMQ 3.10.8", () => {
  test("come out as they went in", async () => {
    expect(await ask("import_definitions", { json: EXPORTED })).toBe("imported");
    const theirs = JSON.parse(EXPORTED) as Document;
    const ours = await exported();
    const parts = ["users", "permissions", "topic_permissions", "policies", "queues", "exchanges"];
    for (const part of parts) {
      expect(sorted(theirs[part]).length, part).toBeGreaterThan(0);
      expect(sorted(ours[part]?.map(withoutInternal)), part).toEqual(sorted(theirs[part]));
    }
    const bindings = theirs["bindings"]?.filter((binding) => !isOfInternal(binding));
    expect(sorted(ours["bindings"])).toEqual(sorted(bindings));
    expect(vhostsOf(ours)).toEqual(vhostsOf(theirs));
    // What RabbitMQ writes as pairs is an object here: so RabbitMQ takes it.
    expect(ours["parameters"]).toContainEqual({
      vhost: "shop",
      component: "operator_policy",
      name: "cap",
      value: {
        pattern: "^",
        priority: 0,
        "apply-to": "queues",
        definition: { "max-length": 1000000 },
      },
    });
    for (const parameter of theirs["global_parameters"] ?? []) {
      expect(ours["global_parameters"]).toContainEqual(parameter);
    }
  });

  test("are the same after they were exported and imported again", async () => {
    await ask("import_definitions", { json: EXPORTED });
    const first = await exported();
    await ask("import_definitions", { json: JSON.stringify(first) });
    expect(await exported()).toEqual(first);
  });

  test("are not imported again if they are unchanged, and that was asked for", async () => {
    const skipIfUnchanged = true;
    const json = EXPORTED;
    expect(await ask("import_definitions", { json, skipIfUnchanged })).toBe("imported");
    await ask("delete_vhost", { name: "shop" });
    expect(await ask("import_definitions", { json, skipIfUnchanged })).toBe("unchanged");
    expect(vhostsOf(await exported()).map(({ name }) => name)).not.toContain("shop");
    expect(await ask("import_definitions", { json: `${json} `, skipIfUnchanged })).toBe("imported");
    expect(vhostsOf(await exported()).map(({ name }) => name)).toContain("shop");
    expect(await ask("import_definitions", { json })).toBe("imported");
  });

  test("of one vhost can be put into another one", async () => {
    await ask("import_definitions", { json: EXPORTED });
    const shop = await exported("shop");
    expect(Object.keys(shop)).not.toContain("users");
    expect(shop["queues"]?.every((queue) => !("vhost" in queue))).toBe(true);
    await ask("add_vhost", { name: "copy" });
    const json = JSON.stringify(shop);
    expect(await ask("import_definitions", { json, vhost: "copy" })).toBe("imported");
    // RabbitMQ, too, says of policies and parameters in which vhost they were.
    const renamed = JSON.parse(json.replaceAll('"vhost":"shop"', '"vhost":"copy"')) as Document;
    expect(await exported("copy")).toEqual(renamed);
    await expect(ask("import_definitions", { json, vhost: "none" })).rejects.toMatchObject({
      code: "no_such_vhost",
    });
    await expect(ask("export_definitions", { vhost: "none" })).rejects.toMatchObject({
      code: "no_such_vhost",
    });
  });
});

/** What is said of vhosts stands in `metadata`, or beside the name. */
function vhostsOf({ vhosts = [] }: Document): readonly Entry[] {
  const named = vhosts.map(({ name, metadata, ...entry }) => {
    const { description, tags = [] } = { ...entry, ...(metadata as object | undefined) } as Entry;
    return { name, description, tags: String(tags) };
  });
  return named.sort((one, other) => (String(one.name) < String(other.name) ? -1 : 1));
}
