import type { MetricTable } from "@leveret/management";
import { gauge, singleValues } from "./metric-spec.ts";
import type { MetricsContext } from "./metrics-context.ts";

/** RabbitMQ 4: node_memory. Parts that this broker does not have are left out. They add up to the resident memory. */
export function memoryTable(prefix: string, { node }: MetricsContext): MetricTable {
  const { parts } = node.figures.memoryBreakdown();
  return singleValues(prefix, [
    [gauge("memory_binary_heap_bytes", "Messages in memory"), parts.binary],
    [
      gauge("memory_quorum_queue_ets_table_bytes", "Batches of the log that are kept in memory"),
      parts.quorum_ets,
    ],
    [gauge("memory_message_index_bytes", "Indexes of the log"), parts.msg_index],
    [gauge("memory_management_stats_db_bytes", "Samples of statistics"), parts.mgmt_db],
    [gauge("memory_code_module_bytes", "Compiled code"), parts.code],
    [gauge("memory_other_erlang_process_bytes", "Other objects on V8's heap"), parts.other_proc],
    [gauge("memory_other_ets_table_bytes", "Other buffers"), parts.other_ets],
    [
      gauge("memory_runtime_allocated_unused_bytes", "Free parts of V8's heap"),
      parts.allocated_unused,
    ],
    [
      gauge("memory_other_system_bytes", "The program, stacks, and what else is not V8's"),
      parts.other_system,
    ],
  ]);
}
