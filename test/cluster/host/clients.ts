import { type Channel, type ChannelModel, type ConfirmChannel, connect } from "amqplib";
import { until } from "./until.ts";

/** Runs `work` on a channel of its own connection with confirms. Errors of both come out as rejections. */
export async function withChannel<T>(
  url: string,
  work: (channel: ConfirmChannel) => Promise<T>,
): Promise<T> {
  const connection = await connect(url);
  // What ends the connection or the channel fails the call at hand, too.
  connection.on("error", () => undefined);
  try {
    const channel = await connection.createConfirmChannel();
    channel.on("error", () => undefined);
    const result = await work(channel);
    // connection.close of amqplib overtakes what its channels have sent last.
    await channel.close();
    return result;
  } finally {
    await closeQuietly(connection);
  }
}

/** Publishes persistent messages, and waits for their confirms. */
export async function publish(
  url: string,
  queue: string,
  bodies: readonly string[],
): Promise<void> {
  await withChannel(url, async (channel) => {
    for (const body of bodies) {
      channel.publish("", queue, Buffer.from(body), { persistent: true, mandatory: true });
    }
    await channel.waitForConfirms();
  });
}

/** Takes `count` messages. */
export async function take(url: string, queue: string, count: number): Promise<readonly string[]> {
  return withChannel(url, async (channel) => {
    const bodies: string[] = [];
    for (let taken = 0; taken < count; taken++) {
      const body = await getOne(channel, queue);
      if (body === undefined) break;
      bodies.push(body);
    }
    return bodies;
  });
}

const DRAIN_MAX_MS = 60_000;

/** Takes all that there is. */
export async function drain(url: string, queue: string): Promise<readonly string[]> {
  return withChannel(url, async (channel) => {
    const { messageCount } = await channel.checkQueue(queue);
    const bodies: string[] = [];
    if (messageCount === 0) return bodies;
    await channel.prefetch(messageCount);
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message !== null) bodies.push(message.content.toString());
    });
    const what = `the ${messageCount} messages of ${queue}`;
    await until(what, () => bodies.length >= messageCount, DRAIN_MAX_MS);
    channel.ackAll();
    await channel.cancel(consumerTag);
    return bodies;
  });
}

async function getOne(channel: Channel, queue: string): Promise<string | undefined> {
  const message = await channel.get(queue, { noAck: false });
  if (message === false) return undefined;
  channel.ack(message);
  return message.content.toString();
}

export async function closeQuietly(connection: ChannelModel): Promise<void> {
  try {
    await connection.close();
  } catch {
    // It is closed already.
  }
}
