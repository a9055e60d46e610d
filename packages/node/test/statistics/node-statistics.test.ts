import { expect, test } from "vitest";
import { NodeStatistics } from "../../src/statistics/node-statistics.ts";
import { BrokerRig } from "../broker/broker-rig.ts";

const RATES = { msg_rates: { endMs: 20_000, ageMs: 15_000, stepMs: 5000 } } as const;

function statisticsOf({ broker }: BrokerRig): NodeStatistics {
  return new NodeStatistics(broker, { width: 1, read: (into) => into.fill(7) });
}

function declare(rig: BrokerRig, name: string): void {
  rig.apply({
    type: "declareQueue",
    queue: {
      vhost: "/",
      name,
      type: "classic",
      durable: false,
      autoDelete: false,
      exclusiveOwner: undefined,
      arguments: new Map(),
    },
  });
}

test("what was there before somebody looked is no growth", async () => {
  const rig = new BrokerRig();
  const statistics = statisticsOf(rig);
  await statistics.sample(5000);
  await statistics.sample(10_000);
  expect(statistics.gauges(RATES)).toMatchObject({ values: [7], rates: [0] });
});

test("queues that do nothing have no past, and are seen all the same", async () => {
  const rig = new BrokerRig();
  const statistics = statisticsOf(rig);
  for (let count = 0; count < 2000; count++) declare(rig, `q${count}`);
  for (let time = 5000; time <= 20_000; time += 5000) await statistics.sample(time);
  // A round tells of the one before it.
  expect(statistics.historyBytes).toBe(0);
  const queue = rig.broker.vhosts.get("/")?.queues.get("q1");
  if (queue === undefined) throw new Error("the queue is there");
  const { values, samples } = statistics.queue(queue, RATES);
  expect(values.every((value) => value === 0)).toBe(true);
  expect(samples.msg_rates).toHaveLength(4);
});

test("a round of samples lets other work in between", async () => {
  const rig = new BrokerRig();
  const statistics = statisticsOf(rig);
  for (let count = 0; count < 20_000; count++) declare(rig, `q${count}`);
  // Each look takes long, so that the round has to pause whatever the machine.
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const queues = rig.broker.vhosts.get("/")?.queues;
  for (const queue of queues?.values() ?? []) {
    Object.defineProperty(queue, "readyCount", {
      get: () => {
        const end = performance.now() + 0.005;
        while (performance.now() < end);
        return 1;
      },
    });
  }
  await statistics.sample(5000);
  isDone = true;
  expect(turns).toBeGreaterThan(5);
});

test("counts go on when the past is forgotten", async () => {
  const rig = new BrokerRig();
  const statistics = statisticsOf(rig);
  rig.broker.traffic.churn.queuesDeclared = 5;
  await statistics.sample(5000);
  rig.broker.traffic.churn.queuesDeclared = 10;
  await statistics.sample(10_000);
  const before = statistics.node();
  expect(before.rates.some((rate) => rate > 0)).toBe(true);
  statistics.reset();
  const after = statistics.node();
  expect(after.values).toEqual(before.values);
  expect(after.rates.every((rate) => rate === 0)).toBe(true);
});
