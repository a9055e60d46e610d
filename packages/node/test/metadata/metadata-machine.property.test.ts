import fc from "fast-check";
import { expect, test } from "vitest";
import { sortedBindings } from "../../src/metadata/binding-table.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import type { MetadataEvent } from "../../src/metadata/events.ts";
import { MetadataMachine } from "../../src/metadata/metadata-machine.ts";
import { replicasOf } from "../../src/metadata/queue-replicas.ts";
import type { QueueRecord } from "../../src/metadata/records.ts";
import { declareQueue } from "./metadata-commands.ts";
import { commands, membership } from "./random-commands.ts";

function run(list: readonly MetadataCommand[], from?: MetadataMachine) {
  const events: MetadataEvent[] = [];
  const machine =
    from === undefined
      ? new MetadataMachine((event) => events.push(event), 16)
      : MetadataMachine.fromSnapshot(from.snapshot(), (event) => events.push(event));
  const results = list.map((command) => machine.apply(command));
  return { machine, events, results };
}

test("a restored machine equals the one that was saved, and answers and tells the same ever after", () => {
  fc.assert(
    fc.property(commands, commands, (before, after) => {
      const original = run(before).machine;
      const restored = MetadataMachine.fromSnapshot(original.snapshot(), () => undefined);
      expect(restored.snapshot()).toEqual(original.snapshot());
      const whole = run([...before, ...after]);
      const tail = run(after, original);
      expect(tail.machine.snapshot()).toEqual(whole.machine.snapshot());
      expect(tail.results).toEqual(whole.results.slice(before.length));
      expect(tail.events).toEqual(whole.events.slice(whole.events.length - tail.events.length));
    }),
    { numRuns: 60 },
  );
});

test("a refused command changes nothing and tells nothing", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const { machine } = run(list.slice(0, -1));
      const before = machine.snapshot();
      const last = list.at(-1);
      const result = last && machine.apply(last);
      if (result?.ok !== true) expect(machine.snapshot()).toEqual(before);
      if (result?.ok === true && !result.changed) expect(machine.snapshot()).toEqual(before);
    }),
    { numRuns: 60 },
  );
});

test("the indexes of bindings agree, and every binding has its two ends", () => {
  fc.assert(
    fc.property(commands, (list) => {
      for (const state of run(list).machine.vhosts()) {
        const all = sortedBindings(state.bindings.all());
        const bySource = Array.from(state.exchanges.keys(), (x) => [...state.bindings.ofSource(x)]);
        const toQueues = Array.from(state.queues.keys(), (q) => [
          ...state.bindings.ofDestination("queue", q),
        ]);
        const toExchanges = Array.from(state.exchanges.keys(), (x) => [
          ...state.bindings.ofDestination("exchange", x),
        ]);
        expect(sortedBindings(bySource.flat())).toEqual(all);
        expect(sortedBindings([...toQueues, ...toExchanges].flat())).toEqual(all);
        expect(state.bindings.size).toBe(all.length);
      }
    }),
    { numRuns: 100 },
  );
});

test("events alone are enough to know which exchanges, queues, bindings and nodes there are", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const { machine, events } = run(list);
      const seen = {
        exchange: new Set<object>(),
        queue: new Set<object>(),
        binding: new Set<object>(),
        member: new Map<number, object>(),
      };
      for (const event of events) follow(seen, event);
      const { vhosts, members } = machine.snapshot();
      expect([...seen.member.values()]).toHaveLength(members.length);
      expect(new Set(seen.member.values())).toEqual(new Set(members));
      expect(seen.exchange).toEqual(new Set(vhosts.flatMap((snapshot) => snapshot.exchanges)));
      expect(seen.queue).toEqual(new Set(vhosts.flatMap((snapshot) => snapshot.queues)));
      expect(seen.binding).toEqual(new Set(vhosts.flatMap((snapshot) => snapshot.bindings)));
    }),
    { numRuns: 60 },
  );
});

test("a node id that was given to one node is never given to another, and no two nodes have one name", () => {
  fc.assert(
    fc.property(fc.array(membership, { maxLength: 40 }), fc.nat(), (list, at) => {
      const cut = at % (list.length + 1);
      const before = run(list.slice(0, cut));
      const after = run(list.slice(cut), before.machine);
      const removed = new Set<number>();
      for (const event of [...before.events, ...after.events]) {
        if (event.type === "memberRemoved") removed.add(event.nodeId);
        if (event.type === "memberChanged") expect(removed).not.toContain(event.member.nodeId);
      }
      const members = after.machine.members();
      expect(new Set(members.map(({ name }) => name)).size).toBe(members.length);
      for (const nodeId of removed) expect(after.machine.wasRemoved(nodeId)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("a replica id of a queue is never given twice", () => {
  const placements = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1 }));
  fc.assert(
    fc.property(placements, (list) => {
      const machine = machineOfFour();
      const given = new Set<string>();
      let current = new Set<string>();
      for (const replicas of list) {
        machine.apply({ type: "placeQueue", vhost: "/", name: "q", replicas });
        const placed = replicasOf(machine.queue("/", "q") as QueueRecord); // It was declared.
        expect(placed.map(({ nodeId }) => nodeId)).toEqual(replicas);
        const ids = placed.map(({ nodeId, generation }) => `${nodeId}.${generation}`);
        const fresh = ids.filter((id) => !current.has(id));
        expect(fresh.filter((id) => given.has(id))).toEqual([]);
        for (const id of fresh) given.add(id);
        current = new Set(ids);
      }
    }),
    { numRuns: 100 },
  );
});

function machineOfFour(): MetadataMachine {
  const machine = new MetadataMachine(() => undefined, 16);
  machine.apply({ type: "addVhost", name: "/" });
  for (const nodeId of [1, 2, 3, 4]) {
    machine.apply({ type: "memberStarted", nodeId, name: `n${nodeId}@h`, address: "h:1" });
  }
  machine.apply(declareQueue("q"));
  return machine;
}

type Seen = Record<"exchange" | "queue" | "binding", Set<object>> & {
  readonly member: Map<number, object>;
};

function follow(seen: Seen, event: MetadataEvent): void {
  if (event.type === "exchangeDeclared") seen.exchange.add(event.exchange);
  if (event.type === "exchangeDeleted") expect(seen.exchange.delete(event.exchange)).toBe(true);
  if (event.type === "queueDeclared") seen.queue.add(event.queue);
  if (event.type === "queueDeleted") expect(seen.queue.delete(event.queue)).toBe(true);
  if (event.type === "queuePlaced") {
    expect(seen.queue.delete(event.previous)).toBe(true);
    seen.queue.add(event.queue);
  }
  if (event.type === "memberChanged") seen.member.set(event.member.nodeId, event.member);
  if (event.type === "memberRemoved") expect(seen.member.delete(event.nodeId)).toBe(true);
  if (event.type === "bound") seen.binding.add(event.binding);
  if (event.type === "unbound") expect(seen.binding.delete(event.binding)).toBe(true);
}
