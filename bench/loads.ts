/** One load of the table in bench/README.md: what amqpload is told besides host, time and broker. */
export interface Load {
  readonly name: string;
  readonly title: string;
  readonly arguments: readonly string[];
  /** Latency loads run at a fixed rate: messages/s say nothing there. */
  readonly isLatency?: true;
  /** Persistent messages in durable queues: the brokers store on the same disk. */
  readonly isDurable?: true;
}

const TOPIC_QUEUES = 10;
/** Each publisher goes through the keys of all queues in turn, so that no two publishes in a row are alike. */
const TOPIC_KEYS: string = Array.from(
  { length: TOPIC_QUEUES },
  (_, index) => `q${index}.0.x`,
).join();

const STORED = ["--durable", "--persistent"] as const;

/** The loads; where nothing else is said, with transient messages in transient queues. */
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
  {
    name: "persistent-confirms",
    title: "persistent 1 KiB, confirms 1000",
    arguments: [...STORED, "--size", "1024", "--confirms", "1000", "--ack-every", "100"],
    isDurable: true,
  },
  {
    name: "persistent-queues",
    title: "persistent, 4 queues, 100 B, confirms 100",
    arguments: [
      ...[...STORED, "--queues", "4", "--publishers", "4", "--consumers", "4"],
      ...["--size", "100", "--confirms", "100", "--ack-every", "100"],
    ],
    isDurable: true,
  },
];
