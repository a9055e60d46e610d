import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readClusterFile } from "../../src/cluster/members/cluster-file.ts";
import { defaultConfig } from "../../src/config/load-config.ts";
import { OperationError, type OperationProblem } from "../../src/control/operation-error.ts";
import { SILENT_LOGGING } from "../../src/logger.ts";
import { findIdentity, type IdentityOptions } from "../../src/shell/find-identity.ts";
import type { Admission, PeerGreeting } from "../../src/shell/peer-protocol.ts";

const MEMBERS = ["a@test", "b@test"];

describe("a new node that joins a cluster", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "leveret-identity-"));
  });

  afterEach(() => rm(directory, { recursive: true }));

  test.each<OperationProblem>(["unreachable", "app_not_running", "no_quorum", "timeout"])(
    "joins by another member when the first one fails it (%s)",
    async (problem) => {
      const asked: string[] = [];
      const record = await findIdentity(
        options(directory, (member, up) => {
          asked.push(member);
          if (asked.length > 1) return;
          up.delete(member);
          throw new OperationError(problem, "the connection was closed");
        }),
      );
      expect(asked).toEqual(MEMBERS);
      expect(record).toMatchObject({ clusterId: "there", nodeId: 5, nodeName: "c@test" });
      expect(readClusterFile(directory)).toEqual(record);
    },
  );

  test("founds no cluster of its own when all members go while it joins", async () => {
    const identity = findIdentity(
      options(directory, (_, up) => {
        up.clear();
        throw new OperationError("unreachable", "the connection was closed");
      }),
    );
    await expect(identity).rejects.toMatchObject({ name: "ClusterError", code: "timeout" });
    expect(readClusterFile(directory)).toBeUndefined();
  });

  test("gives up at once when it is refused for good", async () => {
    let asked = 0;
    const identity = findIdentity(
      options(directory, () => {
        asked++;
        throw new OperationError("inconsistent_cluster", "node 'c@test' is already a member");
      }),
    );
    await expect(identity).rejects.toMatchObject({
      code: "refused",
      message: "the cluster of a@test cannot be joined: node 'c@test' is already a member",
    });
    expect(asked).toBe(1);
  });

  test("gives up after as many attempts as it may look for a cluster", async () => {
    let asked = 0;
    const identity = findIdentity(
      options(directory, () => {
        asked++;
        throw new OperationError("no_quorum", "no majority of the members can be reached");
      }),
    );
    await expect(identity).rejects.toMatchObject({ code: "refused" });
    expect(asked).toBe(3);
  });
});

/** `ask`: is called with the member that is asked, and with those that answer. */
function options(
  directory: string,
  ask: (member: string, up: Set<string>) => void,
): IdentityOptions {
  const config = defaultConfig();
  const up = new Set(MEMBERS);
  const peers = MEMBERS.map((name) => ({ name, host: "localhost", port: 1 }));
  return {
    directory,
    config: {
      ...config,
      cluster: {
        ...config.cluster,
        peers,
        formation: { ...config.cluster.formation, retryLimit: 3, retryIntervalMs: 1 },
      },
    },
    side: {
      self: { name: "c@test", address: "localhost:3" },
      port: { port: 3 },
      calls: {
        join: async ({ name = "" }) => {
          ask(name, up);
          return ADMISSION;
        },
      },
    },
    log: SILENT_LOGGING.root,
    signal: new AbortController().signal,
    localAddress: () => undefined,
    greet: async ({ name = "" }) => (up.has(name) ? greetingOf(name) : undefined),
    setFounding: () => undefined,
  };
}

const ADMISSION: Admission = {
  clusterId: "there",
  nodeId: 5,
  generation: 1,
  epoch: 1,
  members: MEMBERS.map((name, at) => ({ nodeId: at + 1, name, address: `${name}:1` })),
};

function greetingOf(name: string): PeerGreeting {
  return {
    name,
    address: `${name}:1`,
    clusterId: "there",
    nodeId: 1,
    version: "0",
    state: "running",
    isFounding: false,
    members: [],
    running: [],
    asker: "unknown",
  };
}
