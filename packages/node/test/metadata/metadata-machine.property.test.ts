import fc from "fast-check";
import { expect, test } from "vitest";
import { sortedBindings } from "../../src/metadata/binding-table.ts";
import type { MetadataCommand } from "../../src/metadata/commands.ts";
import type { MetadataEvent } from "../../src/metadata/events.ts";
import { MetadataMachine } from "../../src/metadata/metadata-machine.ts";
import { commands } from "./random-commands.ts";

function run(list: readonly MetadataCommand[], from?: MetadataMachine) {
  const events: MetadataEvent[] = [];
  const machine =
    from === undefined
      ? new MetadataMachine((event) => events.push(event))
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

test("events alone are enough to know which exchanges, queues and bindings there are", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const { machine, events } = run(list);
      const seen = {
        exchange: new Set<object>(),
        queue: new Set<object>(),
        binding: new Set<object>(),
      };
      for (const event of events) follow(seen, event);
      const { vhosts } = machine.snapshot();
      expect(seen.exchange).toEqual(new Set(vhosts.flatMap((snapshot) => snapshot.exchanges)));
      expect(seen.queue).toEqual(new Set(vhosts.flatMap((snapshot) => snapshot.queues)));
      expect(seen.binding).toEqual(new Set(vhosts.flatMap((snapshot) => snapshot.bindings)));
    }),
    { numRuns: 60 },
  );
});

type Seen = Record<"exchange" | "queue" | "binding", Set<object>>;

function follow(seen: Seen, event: MetadataEvent): void {
  if (event.type === "exchangeDeclared") seen.exchange.add(event.exchange);
  if (event.type === "exchangeDeleted") expect(seen.exchange.delete(event.exchange)).toBe(true);
  if (event.type === "queueDeclared") seen.queue.add(event.queue);
  if (event.type === "queueDeleted") expect(seen.queue.delete(event.queue)).toBe(true);
  if (event.type === "bound") seen.binding.add(event.binding);
  if (event.type === "unbound") expect(seen.binding.delete(event.binding)).toBe(true);
}
