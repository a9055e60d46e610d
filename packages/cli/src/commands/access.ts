import { type CliError, failed } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING } from "./command.ts";
import { listing } from "./listing.ts";
import { noSuchUserTerm } from "./users.ts";

/** The commands about permissions have their own words. */
function missing(code: string, _message: string, input: Input): CliError | undefined {
  if (code === "no_such_user") return failed(EXIT.noUser, `User ${arg(input, 0)} does not exist`);
  if (code !== "no_such_vhost") return undefined;
  return failed(EXIT.unavailable, `Virtual host ${input.vhost} does not exist`);
}

export const ACCESS_COMMANDS: readonly Command[] = [
  {
    name: "set_permissions",
    group: "Access Control",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <username> <conf> <write> <read>",
    summary: "Says what a user may configure, write and read in a vhost",
    details: [["<conf>, <write>, <read>", "regular expressions on names of queues and exchanges"]],
    count: [4, 4],
    needs: "running",
    banner: (input) =>
      `Setting permissions for user "${arg(input, 0)}" in vhost "${input.vhost}" ...`,
    run: async (input, caller) => {
      const [user, configure, write, read] = input.args;
      await caller.call("set_permissions", { user, vhost: input.vhost, configure, write, read });
      return NOTHING;
    },
    explain: missing,
  },
  {
    name: "clear_permissions",
    group: "Access Control",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <username>",
    summary: "Takes a user's access to a vhost away",
    count: [1, 1],
    needs: "running",
    banner: (input) =>
      `Clearing permissions for user "${arg(input, 0)}" in vhost "${input.vhost}" ...`,
    run: async (input, caller) => {
      await caller.call("clear_permissions", { user: arg(input, 0), vhost: input.vhost });
      return NOTHING;
    },
    explain: missing,
  },
  {
    name: "list_permissions",
    group: "Access Control",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--vhost <vhost>] [--no-table-headers]",
    hasTimeout: true,
    summary: "Lists who may do what in a vhost",
    count: [0, 0],
    needs: "running",
    banner: ({ vhost }) => `Listing permissions for vhost "${vhost}" ...`,
    run: async ({ vhost }, caller) =>
      listing(caller, "list_permissions", ["user", "configure", "write", "read"], { vhost }),
  },
  {
    name: "list_user_permissions",
    group: "Access Control",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--no-table-headers] <username>",
    hasTimeout: true,
    summary: "Lists what a user may do in all vhosts",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Listing permissions for user "${arg(input, 0)}" ...`,
    run: async (input, caller) =>
      listing(caller, "list_user_permissions", ["vhost", "configure", "write", "read"], {
        user: arg(input, 0),
      }),
    explain: noSuchUserTerm,
  },
  {
    name: "set_topic_permissions",
    group: "Access Control",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <username> <exchange> <write> <read>",
    summary: "Says which routing keys a user may use on a topic exchange",
    count: [4, 4],
    needs: "running",
    banner: (input) => topicBanner("Setting topic permissions", input),
    run: async (input, caller) => {
      const [user, exchange, write, read] = input.args;
      const { vhost } = input;
      await caller.call("set_topic_permissions", { user, vhost, exchange, write, read });
      return NOTHING;
    },
    explain: missing,
  },
  {
    name: "clear_topic_permissions",
    group: "Access Control",
    tools: ["rabbitmqctl"],
    usage: "[--vhost <vhost>] <username> [<exchange>]",
    summary: "Takes limits on routing keys away, for one exchange or all",
    count: [1, 2],
    needs: "running",
    banner: (input) => topicBanner("Clearing topic permissions", input),
    run: async (input, caller) => {
      const [user, exchange] = input.args;
      await caller.call("clear_topic_permissions", { user, vhost: input.vhost, exchange });
      return NOTHING;
    },
    explain: missing,
  },
  {
    name: "list_topic_permissions",
    group: "Access Control",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--vhost <vhost>] [--no-table-headers]",
    hasTimeout: true,
    summary: "Lists who may use which routing keys in a vhost",
    count: [0, 0],
    needs: "running",
    banner: ({ vhost }) => `Listing topic permissions for vhost "${vhost}" ...`,
    run: async ({ vhost }, caller) =>
      listing(caller, "list_topic_permissions", ["user", "exchange", "write", "read"], { vhost }),
  },
  {
    name: "list_user_topic_permissions",
    group: "Access Control",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--no-table-headers] <username>",
    hasTimeout: true,
    summary: "Lists which routing keys a user may use in all vhosts",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Listing topic permissions for user "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      const columns = ["vhost", "exchange", "write", "read"];
      const params = { user: arg(input, 0) };
      const output = listing(caller, "list_user_topic_permissions", columns, params);
      return { ...output, isBare: true };
    },
    explain: noSuchUserTerm,
  },
];

function topicBanner(what: string, { args, vhost }: Input): string {
  const [user = "", exchange] = args;
  const where = exchange === undefined ? "" : ` on "${exchange}"`;

  return `${what}${where} for user "${user}" in vhost "${vhost}" ...`;
}
