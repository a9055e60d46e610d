import type { KnownDifferences } from "../known-differences.ts";

interface Reason {
  readonly because: string;
  /** By the name of the answer. */
  readonly answers: Readonly<Record<string, Partial<KnownDifferences>>>;
}

const CONNECTIONS = ["connections", "vhost_connections"] as const;
const CHANNELS = ["channels", "vhost_channels"] as const;
const QUEUES = ["queues", "queues_vhost"] as const;

/** With `_details` of each. */
const PUBLISHER_STATISTICS = ["confirm", "drop_unroutable", "publish", "return_unroutable"].flatMap(
  (figure) => [figure, `${figure}_details`],
);

/** The same keys in the elements of several lists, and in single objects. */
function lacks(
  keys: readonly string[],
  places: Readonly<Record<string, string>>,
): Reason["answers"] {
  return inPlaces(places, (place) => keys.map((key) => `lacks ${place}${key}`));
}

function has(keys: readonly string[], places: Readonly<Record<string, string>>): Reason["answers"] {
  return inPlaces(places, (place) => keys.map((key) => `has ${place}${key} besides`));
}

function inPlaces(
  places: Readonly<Record<string, string>>,
  shapeAt: (place: string) => readonly string[],
): Reason["answers"] {
  const entries = Object.entries(places).map(([name, place]) => [name, { shape: shapeAt(place) }]);
  return Object.fromEntries(entries);
}

function listed(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, "[]."]));
}

/** All differences of the answers about what runs, each with its reason. */
const REASONS: readonly Reason[] = [
  {
    because: "one channel of the test publishes and consumes, the recorded ones did one of both",
    answers: has(PUBLISHER_STATISTICS, {
      channel: "message_stats.",
      connection_channels: "[].message_stats.",
    }),
  },
  {
    because: "it tells of processes of Erlang",
    answers: lacks(["garbage_collection", "reductions", "reductions_details"], {
      ...listed([...CONNECTIONS, ...CHANNELS, ...QUEUES, "connection_channels"]),
      connections_paged: "items[].",
      queues_paged: "items[].",
      connection: "",
      connection_publisher: "",
      channel: "",
      queue_classic: "",
      queue_classic_busy: "",
      queue_quorum: "",
    }),
  },
  {
    because: "it tells of the parts of RabbitMQ's classic queue",
    answers: lacks(["backing_queue_status"], {
      ...listed(QUEUES),
      queues_paged: "items[].",
      queue_classic: "",
      queue_classic_busy: "",
    }),
  },
  {
    because: "there is no dead-lettering that holds messages, and files belong to no queue",
    answers: lacks(["message_bytes_dlx", "messages_dlx", "open_files"], {
      ...listed(QUEUES),
      queue_quorum: "",
    }),
  },
  {
    because: "commands to queues with a log are not counted by channel",
    answers: lacks(["pending_raft_commands"], {
      ...listed([...CHANNELS, "connection_channels"]),
      channel: "",
    }),
  },
  {
    because: "who declared something is told by the audit log",
    answers: lacks(["user_who_performed_action"], {
      ...listed(["exchanges", "exchanges_vhost"]),
      exchanges_paged: "items[].",
      exchange: "",
      default_exchange: "",
    }),
  },
  {
    because: "it is the time since which an Erlang process sleeps",
    answers: lacks(["idle_since"], listed([...CHANNELS, ...QUEUES])),
  },
  {
    because: "the client of the test says so, that of the recording did not",
    answers: has(["client_properties.capabilities.exchange_exchange_bindings"], {
      ...listed(CONNECTIONS),
      connections_paged: "items[].",
      connection: "",
      connection_publisher: "",
    }),
  },
  {
    because: "there is one queue less",
    answers: {
      bad_page: {
        body: {
          error: "page_out_of_range",
          reason: "Page out of range, page: 99 page size: 2, len: 12",
        },
      },
    },
  },
  {
    because: "long terms are not broken into lines",
    answers: {
      w_publish_bad: {
        body: {
          error: "bad_request",
          reason:
            "[{key_missing,routing_key},{key_missing,properties},{key_missing,payload_encoding}]",
        },
      },
    },
  },
];

/** What is known of the answer of this name. */
export function differencesOf(name: string): KnownDifferences {
  const found = REASONS.flatMap(({ answers }) => answers[name] ?? []);
  return Object.assign({}, ...found, { shape: found.flatMap(({ shape = [] }) => shape) });
}
