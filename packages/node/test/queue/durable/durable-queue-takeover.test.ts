import { describe, expect, test } from "vitest";
import { DELIVERIES_AHEAD } from "../../../src/limits.ts";
import { refOf } from "../../../src/queue/log/message-ref.ts";
import { DurableRig, Outlet } from "./durable-rig.ts";

/** Ref of the first message of the first batch: the fake log begins at index 2. */
const FIRST_REF = refOf(2, 0);

function bodies(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => `m${from + at}`);
}

/** A queue that has messages, and has just got another leader. */
function withBacklog(count: number): DurableRig {
  const rig = new DurableRig();
  for (const body of bodies(0, count)) rig.publish(body);
  rig.settleDown();
  rig.restart(true, false);
  return rig;
}

function becomeLeader(rig: DurableRig): void {
  rig.group.becomeReady();
  rig.settleDown();
}

describe("a durable queue at a new leader", () => {
  test("leaves consumers what they hold, under its numbers, and gives the rest to whoever has room", () => {
    const rig = withBacklog(6);
    const outlet = new Outlet();
    const spec = { ...SPEC, context: outlet, prefetch: 3 };
    const held = [
      { number: 7, level: 0, ref: FIRST_REF + 1, returnCount: 0 },
      { number: 9, level: 0, ref: FIRST_REF + 3, returnCount: 0 },
    ];
    const consumer = rig.queue.attachAgain(rig.now, spec, { lastNumber: 9, isActive: false, held });
    rig.queue.start(rig.now, consumer);
    becomeLeader(rig);
    expect(outlet.lines).toEqual(["10 m0"]);
    expect([rig.queue.unackedCount, rig.queue.readyCount]).toEqual([3, 3]);
    rig.queue.settle(rig.now, consumer, 1, 9);
    rig.settleDown();
    expect(outlet.lines).toEqual(["10 m0", "11 m2", "12 m4"]);
    rig.queue.closeSession(rig.now, consumer.sessionId);
    expect(rig.queue.readyCount).toBe(4);
  });

  test("gives back what a consumer held that was cancelled, when its channel ends", () => {
    const rig = withBacklog(3);
    const held = [{ number: 1, level: 0, ref: FIRST_REF, returnCount: 0 }];
    const state = { lastNumber: 1, isActive: false, held };
    const consumer = rig.queue.attachAgain(rig.now, { ...SPEC, context: new Outlet() }, state);
    rig.queue.detach(rig.now, consumer);
    becomeLeader(rig);
    expect([rig.queue.readyCount, rig.queue.unackedCount]).toEqual([2, 1]);
    rig.queue.closeSession(rig.now, SPEC.sessionId);
    expect([rig.queue.readyCount, rig.queue.unackedCount]).toEqual([3, 0]);
  });

  test("takes acknowledgements that came before it was open, and those that its last leader could not store", () => {
    const rig = withBacklog(4);
    const held = [{ number: 1, level: 0, ref: FIRST_REF, returnCount: 0 }];
    const state = { lastNumber: 1, isActive: false, held };
    const consumer = rig.queue.attachAgain(rig.now, { ...SPEC, context: new Outlet() }, state);
    rig.queue.settle(rig.now, consumer, 1, 1);
    rig.queue.settleAgain(rig.now, [{ level: 0, ref: FIRST_REF + 2 }]);
    becomeLeader(rig);
    expect(rig.queue.readyCount).toBe(2);
    rig.restart(true);
    const outlet = new Outlet();
    rig.consume(outlet);
    rig.settleDown();
    expect(outlet.lines.map((line) => line.split(" ")[1])).toEqual(["m1", "m3"]);
  });

  test("shows as many of its messages as redelivered as a lost leader may have handed out", () => {
    const rig = withBacklog(300);
    rig.group.log.suspectDeliveries(2);
    const outlet = new Outlet();
    rig.consume(outlet);
    becomeLeader(rig);
    expect(outlet.lines.slice(0, 3)).toEqual(["1 m0 again", "2 m1 again", "3 m2 again"]);
    expect(outlet.lines).toHaveLength(300);
  });
});

describe("the leader of a durable queue with other replicas", () => {
  test("hands out no more than that before the log has heard of it", () => {
    const rig = withBacklog(DELIVERIES_AHEAD + 2000);
    rig.group.isReplicated = true;
    rig.group.becomeReady();
    const outlet = new Outlet();
    rig.consume(outlet);
    for (let turns = 0; turns < 200; turns++) {
      rig.turn();
      rig.queue.resume();
    }
    expect(outlet.lines).toHaveLength(DELIVERIES_AHEAD);
    for (let turns = 0; turns < 10; turns++) rig.settleDown();
    expect(outlet.lines).toHaveLength(DELIVERIES_AHEAD + 2000);
  });

  test("gives back what is not known to be stored when another replica leads", () => {
    const rig = new DurableRig();
    const consumer = rig.consume(new Outlet());
    rig.publish("a");
    rig.settleDown();
    rig.queue.settle(rig.now, consumer, 1, 1);
    rig.publish("b");
    rig.turn();
    rig.publish("c");
    const { batches, settled } = rig.queue.retire();
    expect(batches.map(({ count }) => count)).toEqual([1, 1]);
    expect(settled).toEqual([{ level: 0, ref: FIRST_REF }]);
    rig.group.sync();
    // Whoever gets them tells the publishers.
    expect([rig.stored, rig.refused]).toEqual([[1], []]);
    expect(rig.traffic.pendingBytes).toBe(0);
  });
});

const SPEC = {
  sessionId: 1,
  noAck: false,
  exclusive: false,
  prefetch: 0,
  priority: 0,
  needsCredit: false,
};
