/** Where an answer differs on purpose from RabbitMQ's. */
export interface KnownDifferences {
  /** Instead of RabbitMQ's. */
  readonly status?: number;
  /** The body as we answer it: error texts that are better. */
  readonly body?: unknown;
  /** As `shapeDifferences` tells them. */
  readonly shape: readonly string[];
}

interface Reason {
  readonly because: string;
  readonly answers: Readonly<Record<string, Partial<KnownDifferences>>>;
}

const STREAM_BINDING = ["level", "src", "x-match"].map(
  (key) => `lacks bindings[].arguments.${key}`,
);
const NO_ERROR = ["lacks error", "lacks reason"];

/** Options of a listener's socket, as Erlang's server has them. */
const SOCKET_OPTIONS = [
  "backlog",
  "cowboy_opts",
  "exit_on_close",
  "ip",
  "linger",
  "nodelay",
  "port",
  "protocol",
].map((key) => `lacks listeners[].socket_opts.${key}`);

const DISK_STATS = ["disk_reads", "disk_writes"].flatMap((key) => [
  `lacks message_stats.${key}`,
  `lacks message_stats.${key}_details`,
]);

/** Counters of Erlang's memory, of Mnesia, of the message store and of seeks. */
const ERLANG_COUNTERS = [
  "gc_bytes_reclaimed",
  "io_reopen_count",
  "io_seek_avg_time",
  "io_seek_count",
  "mnesia_disk_tx_count",
  "mnesia_ram_tx_count",
  "msg_store_read_count",
  "msg_store_write_count",
  "queue_index_read_count",
  "queue_index_write_count",
].flatMap((key) => [key, `${key}_details`]);

const NODE_KEYS = [
  ...ERLANG_COUNTERS,
  "contexts",
  "io_read_avg_time_details",
  "io_sync_avg_time_details",
  "io_write_avg_time_details",
  "metrics_gc_queue_length",
  "ra_open_file_metrics",
];

/** All differences of the answers in recorded/, each with its reason. */
const REASONS: readonly Reason[] = [
  {
    because: "virtual hosts can be protected from deletion, as in RabbitMQ 4",
    answers: {
      vhosts: { shape: ["has [].protected_from_deletion besides"] },
      vhosts_as_management_user: { shape: ["has [].protected_from_deletion besides"] },
      vhost: { shape: ["has protected_from_deletion besides"] },
    },
  },
  {
    because:
      "they are of Erlang's server, or count what there is not (message store, Mnesia, seeks), or the average of a time has no rate; being_drained is of later versions",
    answers: {
      overview: { shape: [...SOCKET_OPTIONS, ...DISK_STATS] },
      overview_as_management_user: { shape: DISK_STATS },
      nodes: {
        shape: ["has [].being_drained besides", ...NODE_KEYS.map((key) => `lacks [].${key}`)],
      },
      node: {
        shape: ["has being_drained besides", ...NODE_KEYS.map((key) => `lacks ${key}`)],
      },
    },
  },
  {
    because:
      "consumers of the user's own virtual hosts count; churn is of nodes, which he does not see",
    answers: {
      overview_as_management_user: {
        shape: ["has object_totals.consumers besides", "lacks churn_rates"],
      },
    },
  },
  {
    because: "there are no streams: they are left out of an import, with their bindings",
    answers: {
      definitions: { shape: ["lacks queues[].arguments.x-max-length-bytes", ...STREAM_BINDING] },
      definitions_vhost: {
        shape: ["lacks queues[].arguments.x-max-length-bytes", ...STREAM_BINDING],
      },
    },
  },
  {
    because: "the key of later releases stands beside that of 3.10",
    answers: { auth: { shape: ["has oauth_enabled besides"] } },
  },
  {
    because: "routes of RabbitMQ 4 that 3.10 does not have",
    answers: {
      hash_password: { status: 200, shape: [...NO_ERROR, "has ok besides"] },
      version: { status: 200, shape: [...NO_ERROR, "the whole is string, not object"] },
    },
  },
  {
    because: "reasons are text as it is, not escaped for HTML and not a term of Erlang as lists",
    answers: {
      w_put_policy_bad: {
        body: {
          error: "bad_request",
          reason: 'Validation failed\n\n[{<<"zzz">>,5}] are not recognised policy settings\n',
        },
      },
      w_put_perm_badregex: {
        shape: ["reason is string, not list"],
        body: {
          error: "bad_request",
          reason: "regular expression '(' is invalid: {\"missing )\",1}",
        },
      },
    },
  },
  {
    because: "what is wrong with a document is said",
    answers: {
      w_definitions_import_bad: {
        body: { error: "bad_request", reason: "definitions: queues[0].name is missing" },
      },
    },
  },
];

/** What is known of the answer of this name. */
export function differencesOf(name: string): KnownDifferences {
  const found = REASONS.flatMap(({ answers }) => answers[name] ?? []);
  return Object.assign({}, ...found, { shape: found.flatMap(({ shape = [] }) => shape) });
}
