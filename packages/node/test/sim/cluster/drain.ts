import type { BrokerQueue } from "../../../src/queue/broker-queue.ts";
import { VHOST } from "./broker-life.ts";
import { recordDelivery, recordSettled } from "./cluster-clients.ts";
import type { ClusterWorld } from "./cluster-world.ts";
import { QUEUES } from "./queue-specs.ts";
import { bodyOf, SimSession } from "./sim-session.ts";

/** What is in the queues comes out within so long, milliseconds. */
const DRAIN_MS = 60_000;
/** A message that was refused is published again after this time, milliseconds. */
const REFUSED_MS = 1000;

/** Publishes a message to each queue at each node, again if it is refused, and waits until all are confirmed. */
export function probeAll(world: ClusterWorld, maxMs: number): void {
  const missing = new Set<string>();
  for (const life of world.serving()) {
    if (life.broker === undefined) continue;
    const session = new SimSession(life, life.broker);
    for (const { name } of QUEUES) {
      if (session.queue(name) !== undefined) probe(world, session, name, missing);
    }
  }
  world.await("a message is confirmed at each node", maxMs, () => missing.size === 0);
  if (missing.size === 0) return;
  world.onFault(`not confirmed: ${[...missing].slice(0, 5).join(", ")}`);
  for (const { name } of QUEUES) world.onTrace(0, () => leadersOf(world, name));
}

function probe(world: ClusterWorld, session: SimSession, name: string, missing: Set<string>): void {
  const process = world.nextProcess();
  const message = `probe-${process}-${name}`;
  const what = `${message} at node ${session.life.nodeId}`;
  missing.add(what);
  const at = world.scheduler.nowMs;
  const input = { message };
  const id = world.messages.invoke({ process, kind: "enqueue", key: name, input, at });
  session.run(() => {
    session.publish(name, bodyOf(message, 100), true, (isOk) => {
      missing.delete(what);
      const end = world.scheduler.nowMs;
      if (isOk) world.messages.complete(id, { outcome: "ok", output: null, at: end });
      // Its node, or this one, does not know yet that all has healed.
      else {
        const again = `${what} again`;
        missing.add(again);
        world.scheduler.after(REFUSED_MS, () => {
          missing.delete(again);
          probe(world, session, name, missing);
        });
      }
    });
  });
}

/** Who leads the queue, as each node sees it. */
function leadersOf(world: ClusterWorld, name: string): string {
  const views = world.serving().map((life) => {
    const record = life.broker?.vhosts.get(VHOST)?.queues.get(name)?.record;
    const id = record?.groupId ?? record?.memoryId ?? -1;
    const { role, term, leader } = life.storage?.node.group(id)?.status() ?? {};
    const replica = role === undefined ? "none" : `${role} of ${leader} in ${term}`;
    return `node ${life.nodeId}: ${life.queues?.hub.leaderNodeOf(id)} leads ${id}, replica here: ${replica}`;
  });
  return `${name}: ${views.join("; ")}`;
}

/** Consumes all that is in the queues, until each was seen empty twice at all nodes. */
export function drainAll(world: ClusterWorld): void {
  const sessions = QUEUES.flatMap(({ name }) => drain(world, name) ?? []);
  for (const { name } of QUEUES) {
    const since = world.scheduler.nowMs;
    awaitEmpty(world, name);
    const now = world.scheduler.nowMs;
    world.advance(500);
    awaitEmpty(world, name);
    if (world.hasFailed) return;
    const operation = { process: 0, kind: "drain", key: name, input: null, at: since };
    world.messages.add(operation, { outcome: "ok", output: null, at: now });
  }
  for (const session of sessions) session.run(() => session.close());
}

function drain(world: ClusterWorld, name: string): SimSession | undefined {
  const life = world.pickServing();
  if (life?.broker === undefined) return undefined;
  const session = new SimSession(life, life.broker);
  const consumer = world.nextProcess();
  const held = new Set<string>();
  session.run(() => {
    const queue = session.queue(name);
    if (queue === undefined) return;
    session.consume(
      queue,
      { prefetch: 0, noAck: false },
      (received) => {
        // See Consumer.
        const process = held.has(received.text) ? world.nextProcess() : consumer;
        held.add(received.text);
        const delivered = { process, queue: name, received };
        recordDelivery(world, { ...delivered, consumer, session, isDetached: () => false });
        world.scheduler.after(1, () =>
          session.run(() => {
            if (received.handle === undefined) return;
            recordSettled(world, { ...delivered, how: "ack" });
            queue.settle(session.now, received.handle, received.number, received.number);
          }),
        );
      },
      (outcome) => {
        if (typeof outcome === "string") world.onFault(`${name} cannot be drained: ${outcome}`);
      },
    );
  });
  return session;
}

/** At all nodes, one after the other: nothing is ready, and nothing delivered and not settled. */
function awaitEmpty(world: ClusterWorld, name: string): void {
  const untilMs = world.scheduler.nowMs + DRAIN_MS;
  for (const life of world.serving()) {
    const queue = life.broker?.vhosts.get(VHOST)?.queues.get(name);
    if (queue === undefined) continue;
    while (!world.hasFailed && !isEmpty(world, queue, (call) => life.process.run(call))) {
      if (world.scheduler.nowMs > untilMs) {
        const { readyCount, unackedCount } = queue;
        world.onFault(`${name} is not empty: ${readyCount} ready, ${unackedCount} unacknowledged`);
      }
      world.advance(100);
    }
  }
}

function isEmpty(
  world: ClusterWorld,
  queue: BrokerQueue,
  run: (call: () => void) => void,
): boolean {
  let isKnown = false;
  run(() =>
    queue.whenReady(() => {
      isKnown = true;
    }),
  );
  world.await(`the counts of ${queue.record.name}`, 35_000, () => isKnown);
  return queue.readyCount === 0 && queue.unackedCount === 0;
}
