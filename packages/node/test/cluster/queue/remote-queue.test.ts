import { afterEach, describe, expect, test, vi } from "vitest";
import type { QueueConfig } from "../../../src/queue/queue-config.ts";
import { HOME, LinkedQueues } from "./linked-queues.ts";

describe("a queue that is led on another node", () => {
  let queues: LinkedQueues | undefined;
  afterEach(() => queues?.close());

  async function linked(config: Partial<QueueConfig> = {}): Promise<LinkedQueues> {
    queues = new LinkedQueues(config);
    await queues.connect();
    return queues;
  }

  describe("order", () => {
    test("what was published comes before what is asked for after it", async () => {
      const at = await linked();
      at.publish(1, "a");
      at.publish(1, "b");
      expect((await at.get(1, true))?.message.copyBody().toString()).toBe("a");
      expect(await at.counted(1)).toBe("1 ready, 0 unacked, 0 consumers");
    });
  });

  describe("cancel", () => {
    test("is answered when all that was sent to the consumer has come", async () => {
      const at = await linked();
      const { outlet, handle } = await at.consume(1, { noAck: true });
      for (const body of ["a", "b", "c"]) at.publish(HOME, body);
      await at.detach(1, handle);
      at.publish(HOME, "d");
      expect(outlet.lines).toEqual(["0 a", "0 b", "0 c"]);
      expect(await at.counted(1)).toBe("1 ready, 0 unacked, 0 consumers");
    });

    test("leaves what the consumer holds with it", async () => {
      const at = await linked();
      const { outlet, handle } = await at.consume(1);
      at.publish(HOME, "a");
      await vi.waitFor(() => expect(outlet.lines).toEqual(["1 a"]));
      await at.detach(1, handle);
      expect(await at.counted(1)).toBe("0 ready, 1 unacked, 0 consumers");
      at.at(1).settle(0, handle, 1, 1);
      expect(await at.counted(1)).toBe("0 ready, 0 unacked, 0 consumers");
    });

    test("does not wait for a leader that cannot be reached", async () => {
      const at = await linked();
      const { handle } = await at.consume(1);
      await at.cut(1);
      await at.detach(1, handle);
      at.publish(HOME, "a");
      at.nodes.mend(1, HOME);
      await vi.waitFor(async () => {
        expect(await at.counted(1)).toBe("1 ready, 0 unacked, 0 consumers");
      });
    });
  });

  describe("recover", () => {
    test("returns what the session has got, in its order, and no more", async () => {
      const at = await linked();
      const { outlet, handle } = await at.consume(1, { prefetch: 2 });
      for (const body of ["a", "b", "c"]) at.publish(HOME, body);
      await vi.waitFor(() => expect(outlet.lines).toEqual(["1 a", "2 b"]));
      at.at(1).recoverSession(0, 1);
      await vi.waitFor(() => expect(outlet.lines.slice(2)).toEqual(["3 a again", "4 b again"]));
      at.at(1).settle(0, handle, 3, 4);
      await vi.waitFor(() => expect(outlet.lines.slice(4)).toEqual(["5 c"]));
      expect(await at.counted(1)).toBe("0 ready, 1 unacked, 1 consumers");
    });

    test("reaches a leader that was out of reach", async () => {
      const at = await linked();
      const { outlet } = await at.consume(1, { prefetch: 1 });
      at.publish(HOME, "a");
      await vi.waitFor(() => expect(outlet.lines).toEqual(["1 a"]));
      await at.cut(1);
      at.at(1).recoverSession(0, 1);
      at.nodes.mend(1, HOME);
      await vi.waitFor(() => expect(outlet.lines).toEqual(["1 a", "2 a again"]));
    });
  });

  describe("credits", () => {
    test("are asked for and used over the link", async () => {
      const at = await linked();
      const { outlet, handle } = await at.consume(1, { needsCredit: true });
      at.publish(HOME, "a");
      await vi.waitFor(() => expect(outlet.lines).toEqual(["credit wanted"]));
      at.at(1).grantCredit(0, handle);
      await vi.waitFor(() => expect(outlet.lines).toEqual(["credit wanted", "1 a"]));
      at.at(1).grantCredit(0, handle);
      await vi.waitFor(() => expect(outlet.lines.at(-1)).toBe("credit unused"));
    });

    test("that a leader may not have got come back, and it asks again", async () => {
      const at = await linked();
      const { outlet, handle } = await at.consume(1, { needsCredit: true });
      at.publish(HOME, "a");
      await vi.waitFor(() => expect(outlet.lines).toEqual(["credit wanted"]));
      at.at(1).grantCredit(0, handle);
      at.nodes.cut(1, HOME);
      at.nodes.mend(1, HOME);
      await vi.waitFor(() => {
        expect(outlet.lines).toEqual(["credit wanted", "credit unused", "credit wanted"]);
      });
      at.at(1).grantCredit(0, handle);
      await vi.waitFor(() => expect(outlet.lines.at(-1)).toBe("1 a"));
    });

    test("are no use while nobody can be reached", async () => {
      const at = await linked();
      const { outlet, handle } = await at.consume(1, { needsCredit: true });
      await at.cut(1);
      at.at(1).grantCredit(0, handle);
      expect(outlet.lines).toEqual(["credit unused"]);
    });
  });

  describe("a single active consumer", () => {
    test("is the first, on whatever node, and the next one when it is cancelled", async () => {
      const at = await linked({ singleActiveConsumer: true });
      const first = await at.consume(3);
      const second = await at.consume(1);
      at.publish(HOME, "a");
      await vi.waitFor(() => expect(first.outlet.lines).toEqual(["1 a"]));
      expect([first.handle.isActive, second.handle.isActive]).toEqual([true, false]);
      await at.detach(3, first.handle);
      at.publish(HOME, "b");
      await vi.waitFor(() => expect(second.outlet.lines).toEqual(["1 b"]));
      expect(second.handle.isActive).toBe(true);
    });

    test("is the same after its link was lost", async () => {
      const at = await linked({ singleActiveConsumer: true });
      const first = await at.consume(1);
      const second = await at.consume(3);
      await at.cut(1);
      at.nodes.mend(1, HOME);
      at.publish(HOME, "a");
      await vi.waitFor(() => expect(first.outlet.lines).toEqual(["1 a"]));
      expect(second.outlet.lines).toEqual([]);
    });
  });

  describe("exclusive consumers", () => {
    test("keep out those of all nodes", async () => {
      const at = await linked();
      const { handle } = await at.consume(1, { exclusive: true });
      await expect(at.consume(3)).rejects.toThrow("exclusive-use");
      await expect(at.consume(HOME)).rejects.toThrow("exclusive-use");
      await at.detach(1, handle);
      await at.consume(3);
      await expect(at.consume(1, { exclusive: true })).rejects.toThrow("exclusive-use");
    });
  });

  describe("priorities", () => {
    test("of consumers hold over nodes", async () => {
      const at = await linked();
      const low = await at.consume(HOME);
      const high = await at.consume(1, { priority: 5, prefetch: 2 });
      await at.counted(1);
      for (const body of ["a", "b", "c"]) at.publish(3, body);
      await vi.waitFor(() => expect(high.outlet.lines).toEqual(["1 a", "2 b"]));
      await vi.waitFor(() => expect(low.outlet.lines).toEqual(["1 c"]));
    });
  });

  describe("sessions", () => {
    test("that end give back what they hold, and what was taken with basic.get", async () => {
      const at = await linked();
      const { outlet } = await at.consume(1, { prefetch: 1 });
      for (const body of ["a", "b", "c"]) at.publish(HOME, body);
      await vi.waitFor(() => expect(outlet.lines).toEqual(["1 a"]));
      expect((await at.get(1, false))?.message.copyBody().toString()).toBe("b");
      expect(await at.counted(1)).toBe("1 ready, 2 unacked, 1 consumers");
      at.at(1).closeSession(0, 1);
      expect(await at.counted(1)).toBe("3 ready, 0 unacked, 0 consumers");
      const again = await at.get(3, true);
      expect([again?.message.copyBody().toString(), again?.redelivered]).toEqual(["a", true]);
    });
  });

  describe("overflow", () => {
    test("refuses what there is no room for, and takes what follows", async () => {
      const at = await linked({ maxLength: 2, overflow: "reject-publish" });
      for (const [nth, body] of ["a", "b", "c", "d"].entries()) at.publish(1, body, nth + 1);
      await vi.waitFor(() => {
        expect(at.told.toSorted()).toEqual(["1 ok", "2 ok", "3 refused", "4 refused"]);
      });
      expect((await at.get(1, true))?.message.copyBody().toString()).toBe("a");
      at.publish(1, "e", 5);
      await vi.waitFor(() => expect(at.told.at(-1)).toBe("5 ok"));
      expect(await at.counted(3)).toBe("2 ready, 0 unacked, 0 consumers");
    });
  });
});
