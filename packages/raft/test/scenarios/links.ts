import { deepStrictEqual, equal } from "node:assert/strict";
import { Lane } from "../../src/codec/frame.ts";
import { DEFAULT_LIMITS } from "../../src/limits.ts";
import type { Scenario } from "../../src/sim/scenario/scenario.ts";
import { LaneLink } from "../../src/transport/lane-link.ts";
import { LaneOutput } from "../../src/transport/lane-output.ts";
import type { LinkContext } from "../../src/transport/link-context.ts";
import { newLinkStatistics } from "../../src/transport/link-statistics.ts";
import { Liveness } from "../../src/transport/liveness.ts";
import type { PeerConnection } from "../../src/transport/peer-connection.ts";

const { suspectMs, downMs } = DEFAULT_LIMITS;

/** A lane with room for 1000 bytes. */
function lane(): LaneOutput {
  const options = { incarnation: 1, maxBytes: 1000, partMaxBytes: 800, frameMaxBytes: 800 };
  return new LaneOutput({ lane: Lane.Control, ...options }, newLinkStatistics(2).control);
}

/** What one node concludes of another, and what it keeps for it. */
export const LINKS: readonly Scenario[] = [
  {
    name: "a silent node is suspect, then gone (checklist 14)",
    run() {
      const liveness = new Liveness(DEFAULT_LIMITS);
      equal(liveness.connected(0, true), "up");
      equal(liveness.check(suspectMs), "none");
      equal(liveness.check(suspectMs + 1), "suspect");
      equal(liveness.check(downMs + 1), "down");
      equal(liveness.isCounted, false);
    },
  },
  {
    name: "a node that restarts unnoticed is announced once more (checklist 20)",
    run() {
      const liveness = new Liveness(DEFAULT_LIMITS);
      deepStrictEqual(
        [liveness.connected(0, true), liveness.connected(10, false), liveness.connected(20, true)],
        ["up", "none", "up"],
      );
      liveness.check(20 + suspectMs + 1);
      equal(liveness.connected(20 + suspectMs + 2, true), "up");
    },
  },
  {
    name: "a lane to a node that does not read takes no more than it may keep (checklist 100)",
    run() {
      const output = lane();
      equal(output.take(600) >= 0, true);
      equal(output.take(600), -1);
      equal(output.queuedBytes <= 1000, true);
    },
  },
  {
    name: "what waited for a connection that is lost does not wait for the next one (checklist 102)",
    run() {
      const output = lane();
      output.start(7);
      output.take(100);
      output.flush();
      output.take(100);
      output.detach();
      equal(output.queuedBytes, 0);
      const written: Uint8Array[] = [];
      const write = (bytes: Uint8Array): boolean => written.push(bytes) > 0;
      output.attach({ write, bufferedBytes: 0 }, false);
      output.flush();
      equal(written.length, 0);
    },
  },
  {
    name: "an append lane that stopped reading while the disk was behind goes on afterwards",
    run() {
      const calls: string[] = [];
      const context = {
        limits: DEFAULT_LIMITS,
        identity: { incarnation: 1 },
        isAppendPaused: false,
      };
      const connection = { pause: () => calls.push("pause"), resume: () => calls.push("resume") };
      const options = { lane: Lane.Append, statistics: newLinkStatistics(2).append };
      // Neither is asked for anything else here.
      const append = new LaneLink(context as unknown as LinkContext, options, () => {});
      append.open = connection as unknown as PeerConnection;
      context.isAppendPaused = true;
      append.applyPause();
      context.isAppendPaused = false;
      append.applyPause();
      deepStrictEqual(calls, ["pause", "resume"]);
    },
  },
];
