import { performance } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import { describeNet, type NetBench } from "../../../raft/test/env/net-conformance.ts";
import { formatNetAddress, parseNetAddress } from "../../src/runtime/net-address.ts";
import { RealNet } from "../../src/runtime/real-net.ts";

/** How long a test waits when it expects that nothing happens. */
const REST_MS = 100;
/** Longer than anything that does happen takes, on a busy machine. */
const PATIENCE_MS = 10_000;

async function wait(isDone: () => boolean, forMs: number): Promise<void> {
  const untilMs = performance.now() + forMs;
  while (!isDone() && performance.now() < untilMs) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function open(listenAddress: string): Promise<NetBench> {
  return Promise.resolve({
    net: new RealNet(),
    listenAddress,
    deadAddress: "127.0.0.1:1",
    run: (isDone) => wait(isDone, PATIENCE_MS),
    rest: (isDone = () => false) => wait(isDone, REST_MS),
    close: () => Promise.resolve(),
  });
}

describe("RealNet", () => {
  describe("IPv4", () => {
    describeNet(() => open("127.0.0.1:0"));
  });

  describe("IPv6", () => {
    describeNet(() => open("[::1]:0"));
  });
});

describe("addresses of peers", () => {
  it("are host and port, with brackets around IPv6", () => {
    expect(parseNetAddress("node-1.example:25672")).toEqual({
      host: "node-1.example",
      port: 25672,
    });
    expect(parseNetAddress("[::1]:5")).toEqual({ host: "::1", port: 5 });
    expect(parseNetAddress(":25672")).toEqual({ host: "", port: 25672 });
    for (const wrong of ["", "host", "host:", "::1:5", "host:65536", "host:1x", "[::1]", "a:b:1"]) {
      expect(parseNetAddress(wrong), wrong).toBeUndefined();
    }
    const ipv6 = { family: "IPv6", address: "::", port: 7 };
    expect(parseNetAddress(formatNetAddress(ipv6))).toEqual({ host: "::", port: 7 });
    expect(formatNetAddress({ family: "IPv4", address: "10.0.0.1", port: 7 })).toBe("10.0.0.1:7");
  });
});
