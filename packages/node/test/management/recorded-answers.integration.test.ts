import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { differencesOf } from "./known-differences.ts";
import { ManagedBroker } from "./managed-broker.ts";
import { shapeDifferences } from "./shape.ts";

/** An answer of RabbitMQ 3.10.8, as it was recorded. */
interface RecordedAnswer {
  readonly name: string;
  readonly method: string;
  /** Below /api. */
  readonly path: string;
  /** Who asked. */
  readonly user: string;
  readonly request?: unknown;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: unknown;
}

const ANSWERS = readJson("recorded/answers.json") as readonly RecordedAnswer[];

const LOGINS: Readonly<Record<string, string | undefined>> = {
  guest: "guest:guest",
  alice: "alice:alice",
  "guest with a wrong password": "guest:wrong",
  nopass: "nopass:nopass",
  nobody: undefined,
};

let broker: ManagedBroker;

beforeAll(async () => {
  broker = await ManagedBroker.start();
  await makeRecordedState(broker);
});

afterAll(async () => {
  await broker[Symbol.asyncDispose]();
});

/** What other routes had made meanwhile, by the name of the answer before which it is to be there. */
const MADE_BEFORE: Readonly<Record<string, object>> = {
  w_definitions_export: {
    exchanges: [{ name: "ex", type: "topic", arguments: {} }],
    queues: [
      { name: "q2", arguments: {} },
      { name: "q", arguments: { "x-max-length": 10 } },
    ],
    bindings: [
      {
        source: "ex",
        destination: "q",
        destination_type: "queue",
        routing_key: "a.#",
        arguments: { h: 1 },
      },
    ],
  },
};

/** In the order of the recording: writes build upon each other. */
describe("the management API answers as RabbitMQ did", () => {
  test.each(ANSWERS.map((recorded) => [recorded.name, recorded] as const))(
    "%s",
    async (name, recorded) => {
      const known = differencesOf(name);
      const before = MADE_BEFORE[name];
      if (before !== undefined) await broker.ask("POST", "/definitions/uxrec", { body: before });
      const { status, headers, body } = await broker.ask(
        recorded.method,
        pathFor(broker, recorded.path),
        { auth: LOGINS[recorded.user], body: recorded.request },
      );
      expect(status).toBe(known.status ?? recorded.status);
      for (const [header, value] of Object.entries(recorded.headers)) {
        if (known.status === undefined) expect(headers[header]).toBe(value);
      }
      expect(shapeDifferences(recorded.answer, body).toSorted()).toEqual(known.shape.toSorted());
      if (known.body !== undefined) expect(body).toEqual(known.body);
      else if (isError(recorded.answer) && known.status === undefined) {
        expect(body).toEqual(recorded.answer);
      }
    },
  );

  test("and found no fault of its own", () => {
    expect(broker.internalErrors).toEqual([]);
  });
});

/** What RabbitMQ had when it was recorded: its definitions, and passwords for those who ask. */
async function makeRecordedState(on: ManagedBroker): Promise<void> {
  const definitions = ANSWERS.find(({ name }) => name === "definitions")?.answer;
  expect((await on.ask("POST", "/definitions", { body: definitions })).status).toBe(204);
  const guest = { password: "guest", tags: "administrator" };
  const alice = { password: "alice", tags: "management", limits: { "max-channels": 20 } };
  const nopass = { password: "nopass", tags: "" };
  for (const [name, body] of Object.entries({ guest, alice, nopass })) {
    // The definitions have brought guest another password.
    const auth = "guest:guest";
    expect((await on.ask("PUT", `/users/${name}`, { auth, body })).status).toBe(204);
  }
}

/** Ports are not those of the recording. */
function pathFor(on: ManagedBroker, path: string): string {
  return path.replace("/port-listener/5672", `/port-listener/${on.amqpPort}`);
}

function isError(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "error" in answer;
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
}
