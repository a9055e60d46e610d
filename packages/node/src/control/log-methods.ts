import { ControlError } from "@leveret/control";
import * as v from "valibot";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { LogLines } from "../log-lines.ts";
import { LOG_LEVELS } from "../logger.ts";
import { NO_PARAMS, type NodeMethods, rows, whileRunning } from "./control-method.ts";

/** What the node keeps of its log, at most. */
const LINES_ASKED_MAX = 1000;

export const LOG_METHODS: NodeMethods = {
  /** Rows are lines, oldest first. */
  log_tail: whileRunning(
    v.object({
      count: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(LINES_ASKED_MAX)),
    }),
    ({ broker }, { count }) => rows(linesOf(broker).last(count)),
  ),
  /** Rows are lines as they come, until the caller cancels. */
  log_tail_stream: whileRunning(NO_PARAMS, ({ broker }, _params, { signal }) =>
    linesOf(broker).follow(signal),
  ),
  /** Until the process ends. */
  set_log_level: whileRunning(
    v.object({ level: v.picklist(LOG_LEVELS) }),
    async ({ broker }, { level }) => {
      const { logging } = broker;
      if (logging.setLevel === undefined) throw notKept();
      logging.setLevel(level);
      logging.root.info({ logLevel: level }, "the log level was changed");
    },
  ),
};

/** @throws ControlError */
function linesOf({ logging: { lines } }: BrokerNode): LogLines {
  if (lines === undefined) throw notKept();
  return lines;
}

function notKept(): ControlError {
  return new ControlError("not_supported", "the process in which this node runs keeps its log");
}
