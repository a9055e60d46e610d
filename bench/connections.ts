import { type BrokerProcess, startLeveret } from "../test/clients/processes/leveret-process.ts";
import { runAmqpload } from "./amqpload.ts";
import { median } from "./median.ts";
import { startRabbitmq } from "./rabbitmq-process.ts";

const CONNECTIONS = 2000;
const HOLD_S = 5;
const RUN_MAX_MS = 120_000;

/** Memory of idle connections with one channel each. */
export interface ConnectionsReport {
  readonly broker: string;
  readonly connections: number;
  /** Growth of the broker's resident memory divided by the connections, each round on a fresh broker. */
  readonly rssKbPerConnection: readonly number[];
  readonly medianKb: number;
}

/** Opens 2,000 connections with a channel each and divides by them what the broker's memory grew. */
export async function measureConnections(options: {
  readonly rounds: number;
  readonly rabbitmq: string | undefined;
  readonly isOursMeasured: boolean;
}): Promise<ConnectionsReport[]> {
  const reports: ConnectionsReport[] = [];
  if (options.isOursMeasured) {
    reports.push(await measure("leveret", startLeveret, options.rounds));
  }
  const { rabbitmq } = options;
  if (rabbitmq !== undefined) {
    reports.push(await measure("rabbitmq", () => startRabbitmq(rabbitmq), options.rounds));
  }
  return reports;
}

async function measure(
  name: string,
  start: () => Promise<BrokerProcess>,
  rounds: number,
): Promise<ConnectionsReport> {
  const rssKbPerConnection: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const broker = await start();
    try {
      rssKbPerConnection.push(await growthPerConnection(broker));
    } finally {
      await broker.stop();
    }
  }
  const medianKb = median(rssKbPerConnection);
  return { broker: name, connections: CONNECTIONS, rssKbPerConnection, medianKb };
}

async function growthPerConnection(broker: BrokerProcess): Promise<number> {
  const mode = ["--mode", "connections", "--connections", String(CONNECTIONS)];
  const args = [...mode, "--channels", "1", "--duration", String(HOLD_S)];
  const measurement = await runAmqpload(broker, args, RUN_MAX_MS);
  if (measurement.openConnections !== CONNECTIONS) {
    throw new Error(
      `only ${measurement.openConnections} of ${CONNECTIONS} connections stayed open`,
    );
  }
  return (measurement.rssAfterKb - measurement.rssBeforeKb) / CONNECTIONS;
}
