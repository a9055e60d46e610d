/** One load of the table in bench/README.md: what amqpload is told besides host, time and broker. */
export interface Load {
  readonly name: string;
  readonly title: string;
  readonly arguments: readonly string[];
  /** Latency loads run at a fixed rate: messages/s say nothing there. */
  readonly isLatency?: true;
  /** Persistent messages in durable queues: the brokers store on the same disk. */
  readonly isDurable?: true;
  /** In a cluster, the nodes to which connections go in turn: the one that declares, consumers, publishers. Default: the first node. */
  readonly places?: readonly number[];
  /** What each of the two is told besides. */
  readonly own?: Readonly<Record<"leveret" | "rabbitmq", readonly string[]>>;
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

const QUORUM = ["--queue-args", "x-queue-type=quorum"] as const;
const SPREAD_QUORUM = [
  "--queue-args",
  "x-queue-type=quorum,x-queue-leader-locator=balanced",
] as const;
/** Queues with this prefix have the policy ha-mode all, see leveret-cluster.ts. */
export const MIRRORED_PREFIX = "mirrored";
const MIRRORED = ["--prefix", MIRRORED_PREFIX] as const;
const SPREAD_MIRRORED = [...MIRRORED, "--queue-args", "x-queue-leader-locator=balanced"] as const;

const ONE_QUEUE = [...STORED, "--size", "1024", "--confirms", "1000", "--ack-every", "100"];
const SIX_QUEUES = [
  ...[...STORED, "--queues", "6", "--publishers", "6", "--consumers", "6"],
  ...["--size", "100", "--confirms", "100", "--ack-every", "100"],
];
const AT_LEADER = [0];
/** The queue is declared, so led, at the first node. */
const AWAY_FROM_LEADER = [0, 0, 1];
const EVERYWHERE = [0, 1, 2];

/** Loads of a cluster of three nodes. */
export const CLUSTER_LOADS: readonly Load[] = [
  {
    name: "quorum",
    title: "quorum queue, 1 KiB, confirms 1000",
    arguments: ONE_QUEUE,
    places: AT_LEADER,
    own: { leveret: QUORUM, rabbitmq: QUORUM },
  },
  {
    name: "quorum-away",
    title: "the same, publisher at another node",
    arguments: ONE_QUEUE,
    places: AWAY_FROM_LEADER,
    own: { leveret: QUORUM, rabbitmq: QUORUM },
  },
  {
    name: "quorum-queues",
    title: "6 quorum queues, 100 B, confirms 100",
    arguments: SIX_QUEUES,
    places: EVERYWHERE,
    own: { leveret: SPREAD_QUORUM, rabbitmq: SPREAD_QUORUM },
  },
  {
    name: "mirrored",
    title: "ha-mode all, 1 KiB, confirms 1000",
    arguments: ONE_QUEUE,
    places: AT_LEADER,
    own: { leveret: MIRRORED, rabbitmq: QUORUM },
  },
  {
    name: "mirrored-queues",
    title: "6 queues with ha-mode all, 100 B, confirms 100",
    arguments: SIX_QUEUES,
    places: EVERYWHERE,
    own: { leveret: SPREAD_MIRRORED, rabbitmq: SPREAD_QUORUM },
  },
];
