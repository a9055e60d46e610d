import { describe, expect, test } from "vitest";
import { HttpError } from "../../src/http-error.ts";
import { sampleWindows } from "../../src/routes/sample-windows.ts";

function windows(query: string): ReturnType<typeof sampleWindows> {
  return sampleWindows(new URLSearchParams(query), 1_795_393_257_123);
}

describe("sampleWindows", () => {
  test("reads age and step of each kind, and ends at a multiple of the step", () => {
    expect(windows("lengths_age=60&lengths_incr=5&msg_rates_age=3600&msg_rates_incr=60")).toEqual({
      lengths: { endMs: 1_795_393_255_000, ageMs: 60_000, stepMs: 5000 },
      msg_rates: { endMs: 1_795_393_200_000, ageMs: 3_600_000, stepMs: 60_000 },
    });
  });

  test.each(["", "lengths_age=60", "lengths_incr=5", "lengths_age=&lengths_incr=", "columns=name"])(
    "wants none for %o",
    (query) => {
      expect(windows(query)).toEqual({});
    },
  );

  test.each([
    "lengths_age=x&lengths_incr=5",
    "lengths_age=60&lengths_incr=0",
    "lengths_age=-60&lengths_incr=5",
    "lengths_age=100000&lengths_incr=1",
    "lengths_age=1e9&lengths_incr=5",
  ])("refuses %o", (query) => {
    expect(() => windows(query)).toThrow(HttpError);
  });
});
