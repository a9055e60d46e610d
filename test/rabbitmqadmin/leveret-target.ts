import { freePort } from "../../bench/free-port.ts";
import { startLeveret } from "../clients/processes/leveret-process.ts";
import type { Target } from "./target.ts";

const NODE_NAME = "rabbit@leveret-test";

/** Starts our broker with its management API, on a free port. */
export async function startLeveretTarget(): Promise<Target> {
  const port = await freePort();
  const flags = ["--management-port", String(port), "--node-name", NODE_NAME];
  const broker = await startLeveret({ flags });
  return {
    port,
    amqpPort: broker.amqpPort,
    nodeName: NODE_NAME,
    settleMs: 0,
    stop: () => broker.stop(),
  };
}
