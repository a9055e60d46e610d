import { describe, expect, test } from "vitest";
import { nearestName } from "../../src/config/nearest-name.ts";

const NAMES = ["heartbeat", "handshake_timeout", "frame_max", "channel_max"];

describe("nearestName", () => {
  test.each([
    ["hearbeat", "heartbeat"],
    ["frame-max", "frame_max"],
    ["framemax", "frame_max"],
    ["chanel_mx", "channel_max"],
    ["handshaketimeout", "handshake_timeout"],
  ])("knows what %s was meant to be", (name, nearest) => {
    expect(nearestName(name, NAMES)).toBe(nearest);
  });

  test.each(["", "x", "completely_different_name"])("offers nothing for `%s`", (name) => {
    expect(nearestName(name, NAMES)).toBeUndefined();
  });
});
