import { describe } from "vitest";
import { Random } from "../../src/sim/random.ts";
import { CALM_NET, SimNet } from "../../src/sim/sim-net.ts";
import { SimProcess } from "../../src/sim/sim-process.ts";
import { SimScheduler } from "../../src/sim/sim-scheduler.ts";
import { describeNet, type NetBench } from "./net-conformance.ts";

function open(): Promise<NetBench> {
  const random = new Random(5);
  const scheduler = new SimScheduler(random.fork());
  const fail = (error: unknown): void => {
    throw error;
  };
  const process = new SimProcess(scheduler, random.fork(), { wallSkewMs: 0, driftPpm: 0 }, fail);
  const watcher = { onNetEvent: (): void => {} };
  const net = new SimNet(scheduler, random.fork(), { faults: { ...CALM_NET }, watcher });
  const run = (isDone: () => boolean): Promise<void> => {
    const untilMs = scheduler.nowMs + 60_000;
    while (!isDone() && scheduler.runNext(untilMs));
    return Promise.resolve();
  };
  return Promise.resolve({
    net: net.attach(process, 1),
    listenAddress: "node-1:7000",
    deadAddress: "node-1:7001",
    run,
    rest: (isDone = (): boolean => false) => run(isDone),
    close: (): Promise<void> => Promise.resolve(),
  });
}

describe("SimNet", () => {
  describeNet(open);
});
