import { failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, NOTHING } from "./command.ts";
import { FEATURE_FLAGS } from "./feature-flags.ts";
import { checkColumns, columnsOf, each } from "./listing.ts";

const BOTH = ["rabbitmqctl", "rabbitmq-diagnostics"] as const;
const FLAG_COLUMNS = ["name", "state", "stability", "provided_by", "desc", "doc_url"];
const DEPRECATED_COLUMNS = ["name", "deprecation_phase", "provided_by", "desc", "doc_url"];

export const FEATURE_COMMANDS: readonly Command[] = [
  {
    name: "list_feature_flags",
    group: "Feature flags",
    tools: BOTH,
    usage: "[<column> ...]",
    hasTimeout: true,
    summary: "Lists features of RabbitMQ that it switches on by flags; here they are always on",
    details: [["<column>", `must be one of ${FLAG_COLUMNS.join(", ")}`]],
    count: [0, Number.POSITIVE_INFINITY],
    needs: "running",
    check: (input) => checkColumns(input, FLAG_COLUMNS),
    banner: () => "Listing feature flags ...",
    run: async (input) => {
      const columns = columnsOf(input, ["name", "state"]);
      const rows = FEATURE_FLAGS.map(({ name, desc }) => {
        const cells: Readonly<Record<string, string>> = { ...ALWAYS_ON, name, desc };
        return columns.map((column) => cells[column] ?? null);
      });
      return { kind: "rows", columns, rows: each(rows) };
    },
  },
  {
    name: "enable_feature_flag",
    group: "Feature flags",
    tools: ["rabbitmqctl"],
    usage: "[--opt-in] <all | feature_flag>",
    summary: "Does nothing: the features that there are, are on",
    count: [1, 1],
    options: ["opt-in"],
    needs: "running",
    check: (input) => {
      if (arg(input, 0) !== "") return;
      throw new UsageError(EXIT.data, "Bad argument: feature_flag cannot be an empty string.");
    },
    banner: (input) =>
      arg(input, 0) === "all"
        ? "Enabling all feature flags ..."
        : `Enabling feature flag "${arg(input, 0)}" ...`,
    run: async (input) => {
      const name = arg(input, 0);
      if (name === "all" || FEATURE_FLAGS.some((flag) => flag.name === name)) return NOTHING;
      throw failed(EXIT.usage, `This feature flag is not supported by node ${input.node}`);
    },
  },
  {
    name: "list_deprecated_features",
    group: "Feature flags",
    tools: BOTH,
    usage: "[--used] [<column> ...]",
    summary: "Lists features that will go: there is none",
    details: [["<column>", `must be one of ${DEPRECATED_COLUMNS.join(", ")}`]],
    count: [0, Number.POSITIVE_INFINITY],
    options: ["used"],
    needs: "running",
    check: (input) => checkColumns(input, DEPRECATED_COLUMNS),
    banner: ({ options: { used } }) =>
      used === true ? "Listing deprecated features in use ..." : "Listing deprecated features ...",
    run: async (input) => ({
      kind: "rows",
      columns: columnsOf(input, ["name", "deprecation_phase"]),
      rows: each([]),
    }),
  },
  {
    name: "check_if_any_deprecated_features_are_used",
    group: "Monitoring, observability and health checks",
    tools: BOTH,
    usage: "",
    summary: "Fails if a feature is used that will go: there is none",
    count: [0, 0],
    needs: "running",
    banner: () => "Checking if any deprecated features are used ...",
    run: async ({ node }) => ({
      kind: "text",
      text: `Cluster reported no deprecated features in use, as seen from node ${node}`,
    }),
  },
];

const ALWAYS_ON = { state: "enabled", stability: "stable", provided_by: "rabbit", doc_url: "" };
