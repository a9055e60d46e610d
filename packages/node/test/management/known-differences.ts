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

/** All differences of the answers in recorded/, each with its reason. */
const REASONS: readonly Reason[] = [
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
