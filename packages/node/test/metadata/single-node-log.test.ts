import { readFileSync } from "node:fs";
import { EntryType } from "@leveret/raft";
import { expect, test } from "vitest";
import { exportDefinitions } from "../../src/metadata/export-definitions.ts";
import { MetadataStateMachine } from "../../src/metadata/metadata-state-machine.ts";

/** A log that was written before there were clusters, and snapshot and digest of its state as they were then. */
const { entries, snapshot, digest } = JSON.parse(
  readFileSync(new URL("single-node-log.json", import.meta.url), "utf8"),
) as { entries: string[]; snapshot: string; digest: number };

const OPTIONS = { rabbitVersion: "3.13.7", productName: "x", productVersion: "1" };

function replayed(): MetadataStateMachine {
  const machine = new MetadataStateMachine();
  for (const [at, text] of entries.entries()) {
    const data = new Uint8Array(Buffer.from(text, "base64"));
    machine.apply({ index: at + 1, term: 1, type: EntryType.Command, data, crc: 0 });
  }
  return machine;
}

test("a log older than clusters leads to the state it led to", () => {
  const machine = replayed();
  expect(machine.digest()).toBe(digest);
  expect(Buffer.from(machine.snapshot().next(1_000_000) ?? []).toString("base64")).toBe(snapshot);
});

test("a snapshot older than clusters is the same state", () => {
  const machine = new MetadataStateMachine();
  const sink = machine.restore();
  sink.add(Buffer.from(snapshot, "base64"));
  sink.finish();
  expect(machine.digest()).toBe(digest);
  expect(machine.machine.snapshot()).toEqual(replayed().machine.snapshot());
});

test("definitions show nothing of where queues are", () => {
  const { machine } = replayed();
  machine.apply({ type: "memberStarted", nodeId: 1, name: "a@h", address: "h:1" });
  machine.apply({ type: "memberStarted", nodeId: 2, name: "b@h", address: "h:2" });
  const before = JSON.stringify(exportDefinitions(machine, OPTIONS));
  const place = { type: "placeQueue", vhost: "/", name: "a", replicas: [2, 1] } as const;
  expect(machine.apply(place)).toEqual({ ok: true, changed: true });
  expect(JSON.stringify(exportDefinitions(machine, OPTIONS))).toBe(before);
});
