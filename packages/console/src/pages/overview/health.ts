import { href } from "../../app/router.ts";
import { msg, t, tn } from "../../i18n/translate.ts";

/** What is wrong with the broker, or may become so, as the broker itself sums it up over all queues and nodes. */
export interface HealthSummary {
  readonly nodes_down?: readonly string[];
  readonly memory_alarms?: readonly string[];
  readonly disk_alarms?: readonly string[];
  readonly growing?: QueueGroup;
  readonly no_consumers?: QueueGroup;
  readonly stuck_unacked?: QueueGroup;
  readonly dead_letters?: QueueGroup;
  readonly no_leader?: QueueGroup;
  readonly quorum_critical?: QueueGroup;
}

/** How many queues have a condition, and the names of the first. */
export interface QueueGroup {
  readonly count: number;
  readonly first: readonly { readonly vhost: string; readonly name: string }[];
}

/** One sentence of the health report. */
export interface HealthLine {
  readonly tone: "bad" | "warn";
  readonly text: string;
  readonly address: string;
}

/** What to say, the worst first; nothing if all is well. */
export function healthLines(health: HealthSummary): readonly HealthLine[] {
  return [...nodeLines(health), ...queueLines(health)];
}

function nodeLines(health: HealthSummary): readonly HealthLine[] {
  const lines: HealthLine[] = [];
  const add = (nodes: readonly string[] | undefined, one: string, many: string): void => {
    if (nodes !== undefined && nodes.length > 0) {
      lines.push({
        tone: "bad",
        text: tn(nodes.length, one, many, { nodes: nodes.join(", ") }),
        address: href(["cluster"]),
      });
    }
  };
  add(health.nodes_down, msg("The node {nodes} is down."), msg("{n} nodes are down: {nodes}."));
  add(
    health.memory_alarms,
    msg("{nodes} is short of memory: publishers are blocked until it has room again."),
    msg(
      "{n} nodes are short of memory ({nodes}): publishers are blocked until they have room again.",
    ),
  );
  add(
    health.disk_alarms,
    msg("{nodes} is short of disk space: publishers are blocked until it has room again."),
    msg(
      "{n} nodes are short of disk space ({nodes}): publishers are blocked until they have room again.",
    ),
  );
  return lines;
}

function queueLines(health: HealthSummary): readonly HealthLine[] {
  const lines: HealthLine[] = [];
  const add = (
    group: QueueGroup | undefined,
    line: { tone: HealthLine["tone"]; quick: string; one: string; many: string },
  ): void => {
    if (group !== undefined && group.count > 0) {
      const names =
        group.first.map((queue) => queue.name).join(", ") +
        (group.count > group.first.length ? ", …" : "");
      lines.push({
        tone: line.tone,
        text: tn(group.count, line.one, line.many, { names }),
        address: href(["queues"], { quick: line.quick }),
      });
    }
  };
  add(health.no_leader, {
    tone: "bad",
    quick: "no_leader",
    one: msg("1 queue has no leader and cannot be used: {names}."),
    many: msg("{n} queues have no leader and cannot be used: {names}."),
  });
  add(health.growing, {
    tone: "warn",
    quick: "growing",
    one: msg("1 queue grows: {names}."),
    many: msg("{n} queues grow: {names}."),
  });
  add(health.no_consumers, {
    tone: "warn",
    quick: "no_consumers",
    one: msg("1 queue has messages but no consumer: {names}."),
    many: msg("{n} queues have messages but no consumer: {names}."),
  });
  add(health.stuck_unacked, {
    tone: "warn",
    quick: "stuck_unacked",
    one: msg("1 queue has deliveries that nobody acknowledges: {names}."),
    many: msg("{n} queues have deliveries that nobody acknowledges: {names}."),
  });
  add(health.dead_letters, {
    tone: "warn",
    quick: "dead_letters",
    one: msg("1 queue holds dead letters: {names}."),
    many: msg("{n} queues hold dead letters: {names}."),
  });
  return lines;
}

/** What is said if there is nothing to say. */
export function allIsWell(): string {
  return t("All is well: every node runs, no alarm is on, no queue grows or waits for a consumer.");
}
