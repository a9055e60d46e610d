import { describe, expect, it } from "vitest";
import { RealRaftClock } from "../../src/runtime/real-raft-clock.ts";

describe("RealRaftClock", () => {
  it("knows the time, and never goes backwards", () => {
    const clock = new RealRaftClock();
    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1000);
    let last = clock.monotonicMs();
    for (let count = 0; count < 1000; count++) {
      const now = clock.monotonicMs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it("calls later, in order of time, unless cancelled", async () => {
    const clock = new RealRaftClock();
    const calls: string[] = [];
    const startMs = clock.monotonicMs();
    await new Promise<void>((resolve) => {
      clock.setTimer(30, () => {
        calls.push("last");
        resolve();
      });
      clock.setTimer(10, () => calls.push("first"));
      clock.setTimer(5, () => calls.push("never")).cancel();
      clock.setTimer(-1, () => calls.push("at once"));
      clock.defer(() => calls.push("end of turn"));
      expect(calls).toEqual([]);
    });
    // A timer of the platform may be a millisecond early by the monotonic clock.
    expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(28);
    expect(new Set(calls.slice(0, 2))).toEqual(new Set(["end of turn", "at once"]));
    expect(calls.slice(2)).toEqual(["first", "last"]);
  });
});
