import { LOG_CATEGORIES, LOG_LEVELS } from "../logger.ts";
import {
  BOOLEAN,
  type ConfigKey,
  type ConfigSection,
  integer,
  loudUnlessOff,
  MEMORY,
  quiet,
  STRING,
  words,
} from "./schema-key.ts";
import type { ValueType } from "./value-type.ts";

const INT32_MAX = 0x7fffffff;
const LEVEL: ValueType = words(...LOG_LEVELS);

/** Memory and disk alarms. */
export const RESOURCES: ConfigSection = {
  title: "Memory and disk alarms",
  keys: [
    {
      pattern: "vm_memory_high_watermark.relative",
      type: { kind: "float", min: 0, max: 1 },
      fallback: "0.4",
      text: "Publishers are blocked while the process uses more than this part of the memory.",
    },
    {
      pattern: "vm_memory_high_watermark.absolute",
      type: MEMORY,
      text: "The same in bytes; takes precedence.",
    },
    {
      pattern: "total_memory_available_override_value",
      type: MEMORY,
      text: "Total memory; unset: that of the machine, or of its control group (container) if less.",
    },
    {
      pattern: "memory_monitor_interval",
      type: integer(100, INT32_MAX),
      fallback: "2500",
      text: "Milliseconds between two looks at the memory.",
    },
    {
      pattern: "vm_memory_calculation_strategy",
      type: words("rss", "allocated", "erlang", "legacy"),
      fallback: "rss",
      text: "The resident set counts, whichever is given: Node.js has no other figure that a container is judged by.",
    },
    {
      pattern: "disk_free_limit.absolute",
      type: MEMORY,
      text: "Publishers are blocked while less is free in the data directory. Unset: 50MB, and with `--in-memory` not watched.",
    },
    {
      pattern: "disk_free_limit.relative",
      type: { kind: "float", min: 0, max: 100 },
      text: "The same as a multiple of the total memory; `absolute` takes precedence.",
    },
    quiet("vm_memory_high_watermark_paging_ratio", "Bodies are not paged by a ratio."),
    quiet("disk_monitor.*", "The interval follows the free space, from 100 ms to 10 s."),
  ],
};

/** What is logged where. */
export const LOG: ConfigSection = {
  title: "Log",
  keys: [
    { pattern: "log.console", type: BOOLEAN, fallback: "true", text: "Log to the console." },
    {
      pattern: "log.console.level",
      type: LEVEL,
      fallback: "info",
      text: "What reaches the console.",
    },
    {
      pattern: "log.console.formatter",
      type: words("plaintext", "json"),
      text: "Unset: readable lines on a terminal, JSON lines elsewhere.",
    },
    {
      pattern: "log.console.stdio",
      type: words("stdout", "stderr"),
      fallback: "stdout",
      text: "Where the console is.",
    },
    {
      pattern: "log.file",
      type: STRING,
      fallback: "false",
      text: "A log file, appended to; `false`: none. RabbitMQ has one by default.",
    },
    { pattern: "log.file.level", type: LEVEL, fallback: "info", text: "What reaches the file." },
    {
      pattern: "log.file.formatter",
      type: words("plaintext", "json"),
      fallback: "plaintext",
      text: "How.",
    },
    { pattern: "log.dir", type: STRING, text: "Folder of the log file, if its name is relative." },
    {
      pattern: "log.audit.file",
      type: STRING,
      text: "A file for who changed what, and failed logins, as JSON lines; unset: none of its own.",
    },
    ...LOG_CATEGORIES.map(
      (category): ConfigKey => ({
        pattern: `log.${category}.level`,
        type: LEVEL,
        text: category === "default" ? "Of all else." : `Of lines about: ${category}.`,
      }),
    ),
    quiet("log.file.rotation.*", "Use logrotate, with `copytruncate`."),
    loudUnlessOff("log.syslog", "There is no output to syslog."),
    loudUnlessOff("log.journald", "The console does for journald."),
    loudUnlessOff("log.exchange", "There is no log exchange yet."),
    quiet("log.*", "Other log settings."),
  ],
};

/** What happens, as messages. */
export const EVENT_EXCHANGE: ConfigSection = {
  title: "Event exchange",
  keys: [
    {
      pattern: "event_exchange.enabled",
      type: BOOLEAN,
      fallback: "false",
      text: "Publish what happens to the exchange `amq.rabbitmq.event`; RabbitMQ enables the plugin `rabbitmq_event_exchange` instead.",
    },
    {
      pattern: "event_exchange.vhost",
      type: STRING,
      text: "The virtual host of that exchange; unset: `default_vhost`.",
    },
  ],
};

/** The node and what it says of itself. */
export const NODE: ConfigSection = {
  title: "Node and product",
  keys: [
    { pattern: "cluster_name", type: STRING, text: "Shown to clients; unset: the node's name." },
    { pattern: "product.name", type: STRING, text: "Reported as `product` instead of Leveret." },
    {
      pattern: "product.version",
      type: STRING,
      text: "Reported as `version` instead of 3.13.7, for clients that want another.",
    },
    {
      pattern: "config.strict",
      type: BOOLEAN,
      fallback: "false",
      text: "Unknown keys are errors (`--strict-config`), as in RabbitMQ.",
    },
  ],
};
