import { failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING } from "./command.ts";

export const QUEUE_COMMANDS: readonly Command[] = [
  {
    name: "delete_queue",
    group: "Queues",
    tools: ["rabbitmqctl"],
    usage: "<queue_name> [--if-empty|-e] [--if-unused|-u]",
    hasTimeout: true,
    summary: "Deletes a queue with its messages",
    details: [
      ["--if-empty", "only if it has no messages"],
      ["--if-unused", "only if it has no consumers"],
    ],
    count: [1, 1],
    options: ["if-empty", "if-unused", "force"],
    needs: "running",
    banner: (input) => {
      const { "if-empty": ifEmpty, "if-unused": ifUnused } = input.options;
      const conditions = [
        ...(ifEmpty === true ? ["if queue is empty"] : []),
        ...(ifUnused === true ? ["if queue is unused"] : []),
      ];
      const when = conditions.length === 0 ? "" : ` ${conditions.join(" and ")}`;
      return `Deleting queue '${arg(input, 0)}' on vhost '${input.vhost}'${when} ...`;
    },
    run: async (input, caller) => {
      const count = await caller.call("delete_queue", {
        ...queueOf(input),
        ifEmpty: input.options["if-empty"] ?? false,
        ifUnused: input.options["if-unused"] ?? false,
      });
      const text = `Queue was successfully deleted with ${String(count)} ready messages`;
      return { kind: "text", text };
    },
    explain: (code) => {
      const text = DELETE_REFUSALS.get(code);
      return text === undefined ? undefined : failed(EXIT.usage, text);
    },
  },
  {
    name: "purge_queue",
    group: "Queues",
    tools: ["rabbitmqctl"],
    usage: "<queue>",
    hasTimeout: true,
    summary: "Removes all ready messages of a queue",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Purging queue '${arg(input, 0)}' in vhost '${input.vhost}' ...`,
    run: async (input, caller) => {
      await caller.call("purge_queue", queueOf(input));
      return NOTHING;
    },
  },
  {
    name: "sync_queue",
    group: "Replication",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <queue>",
    summary: "Brings replicas of a mirrored queue up to date that wait for it",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Synchronising queue '${arg(input, 0)}' in vhost '${input.vhost}' ...`,
    run: async (input, caller) => {
      await caller.call("sync_queue", queueOf(input));
      return NOTHING;
    },
  },
  {
    name: "cancel_sync_queue",
    group: "Replication",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <queue>",
    summary: "Ends what sync_queue began",
    count: [1, 1],
    needs: "running",
    banner: (input) =>
      `Stopping synchronising queue '${arg(input, 0)}' in vhost '${input.vhost}' ...`,
    run: async (input, caller) => {
      const result = await caller.call("cancel_sync_queue", queueOf(input));
      return result === "not_syncing" ? { kind: "text", text: "not_syncing" } : NOTHING;
    },
  },
];

const DELETE_REFUSALS: ReadonlyMap<string, string> = new Map([
  ["no_such_queue", "Queue not found"],
  ["not_empty", "Queue is not empty"],
  ["in_use", "Queue is in use"],
]);

function queueOf(input: Input): { readonly vhost: string; readonly name: string } {
  return { vhost: input.vhost, name: arg(input, 0) };
}
