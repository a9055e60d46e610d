/** One load of the table in bench/README.md: what amqpload is told besides host, time and broker. */
export interface Load {
  readonly name: string;
  readonly title: string;
  readonly arguments: readonly string[];
  /** Latency loads run at a fixed rate: messages/s say nothing there. */
  readonly isLatency?: true;
}

const TOPIC_QUEUES = 10;
/** Each publisher goes through the keys of all queues in turn, so that no two publishes in a row are alike. */
const TOPIC_KEYS: string = Array.from(
  { length: TOPIC_QUEUES },
  (_, index) => `q${index}.0.x`,
).join();

/** The loads, all with transient messages in transient queues: this version stores nothing. */
export const LOADS: readonly Load[] = [
  {
    name: "auto-ack",
    title: "transient 16 B, auto-ack",
    arguments: ["--size", "16", "--auto-ack"],
  },
  {
    name: "acks",
    title: "transient 1 KiB, ack every 100",
    arguments: ["--size", "1024", "--ack-every", "100"],
  },
  {
    name: "confirms",
    title: "confirms 1000, 1 KiB",
    arguments: ["--size", "1024", "--confirms", "1000", "--ack-every", "100"],
  },
  {
    name: "queues",
    title: "4 queues, 100 B, confirms 100",
    arguments: [
      ...["--queues", "4", "--publishers", "4", "--consumers", "4"],
      ...["--size", "100", "--confirms", "100", "--ack-every", "100"],
    ],
  },
  {
    name: "topic",
    title: "topic exchange, 10 queues, 2 publishers",
    arguments: [
      ...["--exchange", "bench-topic", "--exchange-type", "topic", "--routing-keys", TOPIC_KEYS],
      ...["--queues", String(TOPIC_QUEUES), "--consumers", String(TOPIC_QUEUES)],
      ...["--publishers", "2", "--size", "100", "--auto-ack"],
    ],
  },
  {
    name: "latency",
    title: "latency at 1000 msg/s, 100 B",
    arguments: ["--mode", "latency", "--rate", "1000", "--size", "100", "--auto-ack"],
    isLatency: true,
  },
];
