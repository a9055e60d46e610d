import type { Operation } from "@leveret/raft/history";
import { checkSingleActive } from "../checks/check-single-active.ts";
import { findingsOf, QueueWorkload } from "./queue-workload.ts";
import type { WorkloadVerdict } from "./workload.ts";

/** One of several consumers is served at a time. */
export class SingleActiveWorkload extends QueueWorkload {
  override check(operations: readonly Operation[]): WorkloadVerdict {
    const { findings, counts } = super.check(operations);
    const exclusivity = checkSingleActive(operations, new Set(this.queues));
    return {
      findings: [...findings, ...findingsOf(exclusivity)],
      counts: { ...counts, ...exclusivity.counts },
    };
  }
}
