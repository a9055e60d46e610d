import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RealClock } from "../../src/runtime/real-clock.ts";

const DAY_MS = 86_400_000;

describe("RealClock", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test("shows the system's time", () => {
    vi.setSystemTime(123_456_789);
    expect(new RealClock().now()).toBe(123_456_789);
  });

  test("fires once, after the delay", () => {
    const callback = vi.fn();
    new RealClock().setTimer(100, callback);
    vi.advanceTimersByTime(99);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test.each([25, 50, 365])("fires after %i days, though setTimeout ends at 24.8", (days) => {
    const callback = vi.fn();
    new RealClock().setTimer(days * DAY_MS, callback);
    vi.advanceTimersByTime(days * DAY_MS - 1);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test.each([
    ["at once", 0],
    ["after its first step", 30],
    ["after two steps", 55],
  ])("is cancelled %s, and holds nothing then", (_when, days) => {
    const callback = vi.fn();
    const timer = new RealClock().setTimer(100 * DAY_MS, callback);
    vi.advanceTimersByTime(days * DAY_MS);
    timer.cancel();
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(100 * DAY_MS);
    expect(callback).not.toHaveBeenCalled();
  });

  test("fires a timer of zero or less in the next turn", () => {
    const callback = vi.fn();
    new RealClock().setTimer(-1, callback);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
  });
});
