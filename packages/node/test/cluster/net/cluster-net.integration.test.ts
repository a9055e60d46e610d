import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClusterPort, type DialError, type PortTls } from "@leveret/control";
import { type RaftGroup, RaftNode, replicaIdOf } from "@leveret/raft";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Certificates } from "../../../../control/test/certificates.ts";
import { describeNet, type NetBench } from "../../../../raft/test/env/net-conformance.ts";
import { ListMachine } from "../../../../raft/test/host/list-machine.ts";
import { ClusterNet } from "../../../src/cluster/net/cluster-net.ts";
import { formatNetAddress } from "../../../src/runtime/net-address.ts";
import { RealDisk } from "../../../src/runtime/real-disk.ts";
import { RealRaftClock } from "../../../src/runtime/real-raft-clock.ts";

/** How long a test waits when it expects that nothing happens. */
const REST_MS = 100;
/** Longer than anything that does happen takes, on a busy machine. */
const PATIENCE_MS = 20_000;
const COOKIE = "CLUSTERNETTEST";

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function wait(isDone: () => boolean, forMs: number): Promise<void> {
  const untilMs = performance.now() + forMs;
  while (!isDone() && performance.now() < untilMs) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function openPort(nodeName: string, host = "127.0.0.1"): Promise<ClusterPort> {
  const port = await ClusterPort.listen({ host, port: 0, nodeName, cookie: COOKIE });
  closers.push(() => port.close());
  return port;
}

async function openBench(host: string, tls?: PortTls): Promise<NetBench> {
  const common = { nodeName: "rabbit@bench", cookie: COOKIE, tls };
  const port = await ClusterPort.listen({ host, port: 0, ...common });
  return {
    net: new ClusterNet({ port, ...common }),
    listenAddress: "a label",
    deadAddress: "127.0.0.1:1",
    run: (isDone) => wait(isDone, PATIENCE_MS),
    rest: (isDone = () => false) => wait(isDone, REST_MS),
    close: () => port.close(),
  };
}

describe("ClusterNet, as any network of raft's", () => {
  describe("IPv4", () => {
    describeNet(() => openBench("127.0.0.1"));
  });

  describe("IPv6", () => {
    describeNet(() => openBench("::1"));
  });

  describe("TLS", () => {
    const certificates = new Certificates();
    let tls: PortTls;

    beforeAll(() => {
      tls = certificates.make("node", "authority");
    });

    afterAll(() => certificates.remove());

    describeNet(() => openBench("127.0.0.1", tls));
  });
});

describe("ClusterNet", () => {
  it("closes a connection with the reason why it was not let in", async () => {
    const port = await openPort("rabbit@a");
    const failures: DialError[] = [];
    const reasons: string[] = [];
    const net = new ClusterNet({
      port,
      nodeName: "rabbit@b",
      cookie: "ANOTHER",
      onDialFailed: (_address, error) => failures.push(error),
    });
    net.listen(
      "",
      () => expect.fail("let in"),
      () => {},
    );
    net.connect(port.address, {
      onOpen: () => expect.fail("open"),
      onData: () => expect.fail("data"),
      onDrain: () => {},
      onClose: (reason) => reasons.push(reason),
    });
    await wait(() => reasons.length > 0, PATIENCE_MS);
    expect(reasons[0]).toContain("rabbit@a refused the cookie of rabbit@b");
    expect(failures[0]?.code).toBe("cookie");
  });

  it.each(["before the handshake", "in an open connection"])(
    "tells at once of a reset %s",
    async (when) => {
      const port = await openPort("rabbit@a");
      const reset = (socket: Socket): void => void socket.resetAndDestroy();
      port.handle("raft", when === "in an open connection" ? reset : () => expect.fail("let in"));
      const server = createServer(reset).listen(0, "127.0.0.1");
      await once(server, "listening");
      closers.push(() => void server.close());
      const calls: string[] = [];
      const target =
        when === "in an open connection" ? port.address : formatNetAddress(server.address());
      new ClusterNet({ port, nodeName: "rabbit@b", cookie: COOKIE }).connect(target, {
        onOpen: () => calls.push("open"),
        onData: () => expect.fail("data"),
        onDrain: () => {},
        onClose: () => calls.push("close"),
      });
      const startMs = performance.now();
      await wait(() => calls.includes("close"), PATIENCE_MS);
      expect(calls).toEqual(when === "in an open connection" ? ["open", "close"] : ["close"]);
      expect(performance.now() - startMs).toBeLessThan(5000);
    },
  );

  it("gives what came behind the handshake before all that follows", async () => {
    const port = await openPort("rabbit@a");
    let text = "";
    port.handle("raft", (socket) => {
      socket.write("first ");
      setImmediate(() => socket.write("second"));
    });
    const connection = new ClusterNet({ port, nodeName: "rabbit@b", cookie: COOKIE }).connect(
      port.address,
      {
        onOpen: () => expect(text).toBe(""),
        onData: (chunk) => {
          text += Buffer.from(chunk).toString();
        },
        onDrain: () => {},
        onClose: () => {},
      },
    );
    closers.push(() => connection.destroy("done"));
    await wait(() => text.length === 12, PATIENCE_MS);
    expect(text).toBe("first second");
  });

  it("lets replicas elect a leader and replicate", async () => {
    const nodes = await Promise.all([1, 2].map((nodeId) => openPort(`rabbit@node${nodeId}`)));
    const addresses = new Map(nodes.map((port, index) => [index + 1, port.address]));
    const machines = new Map<number, ListMachine>();
    const groups = await Promise.all(
      nodes.map((port, index) => startReplica(index + 1, port, addresses, machines)),
    );
    const leader = (): RaftGroup | undefined =>
      groups.find((group) => group.status().role === "leader");
    await wait(() => leader() !== undefined, PATIENCE_MS);
    const results: string[] = [];
    leader()?.propose(Buffer.from("hello"), {}, ({ kind }) => results.push(kind));
    await wait(() => results.length > 0, PATIENCE_MS);
    expect(results).toEqual(["applied"]);
    const lists = (): unknown[] => [...machines.values()].map(({ items }) => [...items]);
    await wait(() => lists().every((list) => String(list) === "hello"), PATIENCE_MS);
    expect(lists()).toEqual([["hello"], ["hello"]]);
  });
});

function startReplica(
  nodeId: number,
  port: ClusterPort,
  addresses: ReadonlyMap<number, string>,
  machines: Map<number, ListMachine>,
): Promise<RaftGroup> {
  const folder = mkdtempSync(join(tmpdir(), "leveret-net-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const clock = new RealRaftClock();
  const net = new ClusterNet({ port, nodeName: `rabbit@node${nodeId}`, cookie: COOKIE });
  const members = [1, 2].map((member) => replicaIdOf(member, 1));
  const conf = {
    voters: members,
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    autoLeave: false,
  };
  return new Promise((resolve, reject) => {
    RaftNode.open(
      { clock, timers: clock, disk: new RealDisk(folder), net },
      {
        nodeId,
        clusterId: "net",
        listenAddress: "the port's",
        peerAddress: (peer) => addresses.get(peer),
        createMachine: () => {
          const machine = new ListMachine();
          machines.set(nodeId, machine);
          return machine;
        },
        seed: nodeId,
        onFatal: reject,
        limits: { hotFileBytes: 256 * 1024, freeSpaceMinBytes: 0 },
      },
      (error, node) => {
        if (node === undefined) {
          reject(error);
          return;
        }
        closers.push(() => new Promise<void>((closed) => node.stop(closed)));
        node.createGroup({ groupId: 1, epoch: 0, replicaId: replicaIdOf(nodeId, 1), conf }, () => {
          const group = node.group(1);
          if (group === undefined) reject(new Error("no group"));
          else resolve(group);
        });
      },
    );
  });
}
