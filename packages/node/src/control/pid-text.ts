import type { Channel } from "../connection/channel.ts";
import type { QueueRecord } from "../metadata/records.ts";

/**
 * What stands where RabbitMQ shows the pid of an Erlang process: `<rabbit@host.1.ID.CHANNEL>` for a connection (channel 0) and its
 * channels, `<rabbit@host.2.GROUP.0>` for a replica of a queue.
 */
const CONNECTION = 1;
const QUEUE = 2;

export function connectionPid(nodeName: string, id: number): string {
  return `<${nodeName}.${CONNECTION}.${id}.0>`;
}

export function channelPid(nodeName: string, { connection, number }: Channel): string {
  return `<${nodeName}.${CONNECTION}.${connection.id}.${number}>`;
}

/** Of the replica on that node. A queue in memory has no number: 0. */
export function queuePid(nodeName: string, { groupId = 0 }: QueueRecord): string {
  return `<${nodeName}.${QUEUE}.${groupId}.0>`;
}

/** The id of the connection; undefined: it is no such text. */
export function connectionIdOf(pid: string): number | undefined {
  const match = /^<\S+\.1\.(\d+)\.\d+>$/.exec(pid);
  return match === null ? undefined : Number(match[1]);
}

/** The node that the text names. */
export function nodeOfPid(pid: string): string | undefined {
  return /^<(\S+)\.\d+\.\d+\.\d+>$/.exec(pid)?.[1];
}

/** Whether it looks like the pid of anything. */
export function isPid(text: string): boolean {
  return /^<\S+\.\d+\.\d+\.\d+>$/.test(text);
}
