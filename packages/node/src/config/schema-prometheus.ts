import { BOOLEAN, type ConfigSection, integer, loud, quiet, STRING } from "./schema-key.ts";
import { timesOf, tlsOf } from "./schema-management.ts";

const UINT16_MAX = 0xffff;

/** The metrics. */
export const PROMETHEUS: ConfigSection = {
  title: "Metrics",
  keys: [
    {
      pattern: "prometheus.tcp.port",
      type: integer(0, UINT16_MAX),
      fallback: "15692",
      text: "Port of the metrics; not opened by default if there is one with TLS.",
    },
    { pattern: "prometheus.tcp.ip", type: STRING, text: "Address to listen on; unset: all." },
    ...timesOf("prometheus.tcp"),
    {
      pattern: "prometheus.ssl.port",
      type: integer(0, UINT16_MAX),
      text: "Port of the metrics with TLS; usually 15691. Needs certificate and key.",
    },
    { pattern: "prometheus.ssl.ip", type: STRING, text: "Address to listen on; unset: all." },
    ...timesOf("prometheus.ssl"),
    ...tlsOf("prometheus.ssl"),
    {
      pattern: "prometheus.path",
      type: STRING,
      fallback: "/metrics",
      text: "Where they are; per-object, detailed and memory-breakdown are below it.",
    },
    {
      pattern: "prometheus.return_per_object_metrics",
      type: BOOLEAN,
      fallback: "false",
      text: "`/metrics` has each object by itself instead of sums.",
    },
    {
      pattern: "prometheus.authentication.enabled",
      type: BOOLEAN,
      fallback: "false",
      text: "Only users with the tag `monitoring` or `administrator` may read them.",
    },
    quiet("prometheus.tcp.listener", "Use `prometheus.tcp.port`."),
    loud("prometheus.filter_aggregated_queue_metrics_pattern", "Sums are over all queues."),
    quiet("prometheus.*", "Other settings of metrics."),
  ],
};
