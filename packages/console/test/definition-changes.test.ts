import { describe, expect, it } from "vitest";
import { definitionChanges } from "../src/pages/admin/definition-changes.ts";

describe("the preview of an import", () => {
  const present = {
    users: [{ name: "guest", tags: ["administrator"], password_hash: "x" }],
    queues: [{ name: "q", vhost: "/", durable: true, arguments: { a: 1, b: 2 } }],
    bindings: [
      {
        source: "e",
        vhost: "/",
        destination: "q",
        destination_type: "queue",
        routing_key: "k",
        arguments: {},
      },
    ],
  };

  it("tells new, changed and unchanged things apart", () => {
    const wanted = {
      users: [
        { name: "guest", tags: "administrator", password_hash: "x" },
        { name: "alice", tags: [] },
      ],
      queues: [{ name: "q", vhost: "/", durable: true, arguments: { b: 2, a: 7 } }],
    };
    expect(definitionChanges(wanted, present)).toEqual([
      { kind: "users", added: ["alice"], changed: [], same: 1 },
      { kind: "queues", added: [], changed: ["/ / q"], same: 0 },
    ]);
  });

  it("knows a binding by all that it is made of, and ignores the order of keys", () => {
    const same = {
      arguments: {},
      routing_key: "k",
      destination_type: "queue",
      destination: "q",
      vhost: "/",
      source: "e",
    };
    expect(
      definitionChanges({ bindings: [same, { ...same, routing_key: "other" }] }, present),
    ).toEqual([{ kind: "bindings", added: ["/ / e / queue / q / other"], changed: [], same: 1 }]);
  });

  it("finds nothing in a file that holds something else", () => {
    expect(definitionChanges({ users: "no list", hello: [1] }, present)).toEqual([]);
  });
});
