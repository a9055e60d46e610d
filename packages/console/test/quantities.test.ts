import { describe, expect, it } from "vitest";
import {
  byteRate,
  bytes,
  count,
  duration,
  percent,
  rate,
  shortNumber,
} from "../src/format/quantities.ts";

describe("figures as people read them", () => {
  it("shows a figure that is missing as a dash, and zero as zero", () => {
    expect([
      count(undefined),
      rate(null),
      bytes(undefined),
      percent(undefined),
      duration(undefined),
      byteRate(Number.NaN),
    ]).toEqual(Array(6).fill("–"));
    expect([count(0), rate(0), bytes(0)]).toEqual(["0", "0/s", "0 B"]);
  });

  it("separates thousands, and shortens what is longer than four digits on axes", () => {
    expect(count(1_234_567)).toBe("1,234,567");
    expect([
      shortNumber(9999),
      shortNumber(10_000),
      shortNumber(1_530_000),
      shortNumber(-20_000),
    ]).toEqual(["9999", "10k", "1.53M", "-20k"]);
  });

  it("gives bytes in binary units", () => {
    expect([bytes(1023), bytes(1024), bytes(1536), bytes(48 * 1024 * 1024)]).toEqual([
      "1023 B",
      "1 KiB",
      "1.5 KiB",
      "48 MiB",
    ]);
  });

  it("gives a duration in its two largest units, without one that is zero", () => {
    expect([
      duration(40),
      duration(61_000),
      duration(3_600_000),
      duration(90_061_000),
      duration(86_405_000),
    ]).toEqual(["40 ms", "1 min 1 s", "1 h", "1 d 1 h", "1 d"]);
  });
});
