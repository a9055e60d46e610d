import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/limits.ts";
import { BeatBook } from "../../src/transport/beat-book.ts";
import { Liveness } from "../../src/transport/liveness.ts";
import { StallWatch } from "../../src/transport/stall-watch.ts";

describe("Liveness", () => {
  it("rises by a connection, and falls in two steps by silence", () => {
    const liveness = new Liveness(DEFAULT_LIMITS);
    expect(liveness.check(0)).toBe("none");
    expect(liveness.connected(1000, true)).toBe("up");
    expect(liveness.check(2500)).toBe("none");
    expect(liveness.check(2501)).toBe("suspect");
    expect(liveness.isCounted).toBe(true);
    expect(liveness.check(2600)).toBe("none");
    expect(liveness.check(4001)).toBe("down");
    expect(liveness.isCounted).toBe(false);
    expect(liveness.check(9000)).toBe("none");
  });

  it("counts a round trip from when its request was sent, not from when the answer came", () => {
    const liveness = new Liveness(DEFAULT_LIMITS);
    liveness.connected(1000, true);
    expect(liveness.check(2501)).toBe("suspect");
    expect(liveness.roundTrip(1100, 3000)).toBe("none");
    expect(liveness.state).toBe("suspect");
    expect(liveness.roundTrip(2600, 3000)).toBe("up");
    expect(liveness.roundTrip(2500, 3000)).toBe("none");
    expect(liveness.lastRoundTripMs).toBe(2600);
  });

  it("tells a new life of a peer that never was away", () => {
    const liveness = new Liveness(DEFAULT_LIMITS);
    liveness.connected(1000, true);
    expect(liveness.connected(1100, false)).toBe("none");
    expect(liveness.connected(1200, true)).toBe("up");
  });

  it("holds a peer down for a second more each time it went down within a minute, up to a limit", () => {
    const liveness = new Liveness(DEFAULT_LIMITS);
    const heldMs: number[] = [];
    let now = 0;
    liveness.connected(now, true);
    for (let round = 0; round < 8; round++) {
      expect(liveness.fail(now)).toBe("down");
      const risenMs = now;
      if (liveness.connected(now, false) === "none") {
        expect(liveness.state).toBe("held");
        do {
          now += 100;
          liveness.roundTrip(now, now);
        } while (liveness.check(now) !== "up");
      }
      heldMs.push(now - risenMs);
    }
    expect(heldMs).toEqual([0, 1000, 2000, 3000, 4000, 5000, 5000, 5000]);
    now += 61_000;
    liveness.fail(now);
    expect(liveness.connected(now, false)).toBe("up");
  });

  it("does not announce the fall of a peer that was held down", () => {
    const liveness = new Liveness(DEFAULT_LIMITS);
    liveness.connected(0, true);
    liveness.fail(1);
    liveness.connected(2, false);
    liveness.fail(3);
    expect(liveness.connected(4, false)).toBe("none");
    expect(liveness.check(4000)).toBe("none");
    expect(liveness.state).toBe("down");
  });

  it("lets a held peer up only while it answers", () => {
    const liveness = new Liveness({ ...DEFAULT_LIMITS, flapHoldMs: 2000 });
    liveness.connected(0, true);
    liveness.fail(1);
    liveness.connected(2, false);
    liveness.fail(3);
    liveness.connected(10, false);
    expect(liveness.check(2020)).toBe("none");
    liveness.roundTrip(2000, 2030);
    expect(liveness.check(2040)).toBe("up");
  });

  it("does not hold a peer that restarts again and again", () => {
    const liveness = new Liveness(DEFAULT_LIMITS);
    for (let life = 0; life < 5; life++) {
      expect(liveness.connected(1000 * life, true)).toBe("up");
      expect(liveness.fail(1000 * life + 500)).toBe("down");
    }
  });
});

describe("BeatBook", () => {
  const beat = { echoDelayMs: 0, appendBytes: 0, bulkBytes: 0, isAppendPaused: false };

  it("finds out when the answered beat was sent, once for each", () => {
    const book = new BeatBook();
    expect(book.next(100)).toEqual({ counter: 1, echo: 0, echoDelayMs: 0 });
    expect(book.next(300).counter).toBe(2);
    expect(book.received({ ...beat, counter: 7, echo: 0 }, 310)).toBeUndefined();
    expect(book.received({ ...beat, counter: 8, echo: 1 }, 320)).toBe(100);
    expect(book.received({ ...beat, counter: 9, echo: 1 }, 330)).toBeUndefined();
    expect(book.received({ ...beat, counter: 10, echo: 2 }, 340)).toBe(300);
    expect(book.next(390)).toEqual({ counter: 3, echo: 10, echoDelayMs: 50 });
  });

  it("does not believe an echo of what was never sent, nor one too old to know", () => {
    const book = new BeatBook();
    book.next(1);
    expect(book.received({ ...beat, counter: 1, echo: 2 }, 5)).toBeUndefined();
    for (let count = 0; count < 70; count++) book.next(10 + count);
    expect(book.received({ ...beat, counter: 2, echo: 1 }, 99)).toBeUndefined();
    expect(book.received({ ...beat, counter: 3, echo: 71 }, 99)).toBe(79);
  });

  it("forgets the former life of the peer", () => {
    const book = new BeatBook();
    book.next(1);
    book.received({ ...beat, counter: 50, echo: 0 }, 2);
    book.restart();
    expect(book.next(3).echo).toBe(0);
    expect(book.received({ ...beat, counter: 1, echo: 1 }, 4)).toBeUndefined();
    expect(book.next(5).echo).toBe(1);
    expect(book.received({ ...beat, counter: 2, echo: 2 }, 6)).toBe(3);
  });
});

describe("StallWatch", () => {
  it("notices bytes that do not arrive while they should", () => {
    const watch = new StallWatch(3000);
    watch.restart(0);
    expect(watch.check({ sent: 0, received: 0 }, 50_000)).toBe(false);
    expect(watch.check({ sent: 10, received: 0 }, 52_000)).toBe(false);
    expect(watch.check({ sent: 10, received: 4 }, 52_900)).toBe(false);
    expect(watch.check({ sent: 10, received: 4 }, 55_900)).toBe(false);
    expect(watch.check({ sent: 10, received: 4 }, 55_901)).toBe(true);
  });

  it("takes it for progress when the peer does not read on purpose", () => {
    const watch = new StallWatch(3000);
    watch.restart(0);
    for (let now = 0; now < 20_000; now += 1000) {
      expect(watch.check({ sent: 10, received: Number.POSITIVE_INFINITY }, now)).toBe(false);
    }
    expect(watch.check({ sent: 10, received: 0 }, 20_000)).toBe(false);
    expect(watch.check({ sent: 10, received: 0 }, 23_001)).toBe(true);
  });
});
