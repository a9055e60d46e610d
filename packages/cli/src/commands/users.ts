import { failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING } from "./command.ts";
import { limitsOutput, readLimits } from "./limits.ts";
import { listing } from "./listing.ts";

const GRANT_REMINDER =
  "Done. Don't forget to grant the user permissions to some virtual hosts! " +
  "See 'rabbitmqctl help set_permissions' to learn more.";

function checkName(input: Input): void {
  if (arg(input, 0) !== "") return;
  throw new UsageError(EXIT.data, "Bad argument: user cannot be an empty string");
}

/** From the command line, or from stdin: there it is in no list of processes. */
async function passwordOf(input: Input): Promise<string> {
  const password = input.args[1] ?? (await input.readLine("Password: "));
  if (password !== undefined) return password;
  throw failed(EXIT.data, "Password is not provided via argument or stdin");
}

export const USER_COMMANDS: readonly Command[] = [
  {
    name: "add_user",
    group: "Users",
    tools: ["rabbitmqctl"],
    usage: "<username> <password>",
    summary: "Makes a user, who may use no vhost yet",
    details: [
      ["<password>", "without it, it is read from stdin"],
      ["--pre-hashed-password", "the second argument is a hash as definitions have it"],
    ],
    count: [1, 2],
    options: ["pre-hashed-password"],
    needs: "running",
    check: checkName,
    banner: (input) => `Adding user "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      const secret = await passwordOf(input);
      const isHashed = input.options["pre-hashed-password"] === true;
      const name = arg(input, 0);
      await caller.call(
        "add_user",
        isHashed ? { name, passwordHash: secret } : { name, password: secret },
      );
      return { kind: "text", text: GRANT_REMINDER };
    },
  },
  {
    name: "delete_user",
    group: "Users",
    tools: ["rabbitmqctl"],
    usage: "<username>",
    summary: "Deletes a user",
    count: [1, 1],
    needs: "running",
    check: checkName,
    banner: (input) => `Deleting user "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      await caller.call("delete_user", { name: arg(input, 0) });
      return NOTHING;
    },
  },
  {
    name: "change_password",
    group: "Users",
    tools: ["rabbitmqctl"],
    usage: "<username> <password>",
    summary: "Gives a user another password",
    count: [1, 2],
    needs: "running",
    check: checkName,
    banner: (input) => `Changing password for user "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      const password = await passwordOf(input);
      await caller.call("change_password", { name: arg(input, 0), password });
      return NOTHING;
    },
  },
  {
    name: "clear_password",
    group: "Users",
    tools: ["rabbitmqctl"],
    usage: "<username>",
    summary: "Takes a user's password away: nobody can log in with one",
    count: [1, 1],
    needs: "running",
    banner: (input) => `Clearing password for user "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      await caller.call("clear_password", { name: arg(input, 0) });
      return NOTHING;
    },
    explain: noSuchUserTerm,
  },
  {
    name: "authenticate_user",
    group: "Users",
    tools: ["rabbitmqctl"],
    usage: "<username> <password>",
    summary: "Tries to log in as a user; fails with an exit code",
    count: [1, 2],
    needs: "running",
    check: checkName,
    banner: (input) => `Authenticating user "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      const password = await passwordOf(input);
      await caller.call("authenticate_user", { name: arg(input, 0), password });
      return { kind: "text", text: "Success" };
    },
    explain: (code, _message, input) => {
      if (code !== "authentication_failed") return undefined;
      const name = arg(input, 0);
      const reason = `user '${name}' - invalid credentials`;
      return failed(EXIT.data, `Error: failed to authenticate user "${name}"\n${reason}`);
    },
  },
  {
    name: "set_user_tags",
    group: "Users",
    tools: ["rabbitmqctl"],
    usage: "<username> <tag> [...]",
    summary: "Replaces a user's tags; none clears them",
    count: [1, Number.POSITIVE_INFINITY],
    needs: "running",
    banner: (input) => {
      return `Setting tags for user "${arg(input, 0)}" to [${tagsOf(input).join(", ")}] ...`;
    },
    run: async (input, caller) => {
      await caller.call("set_user_tags", { name: arg(input, 0), tags: tagsOf(input) });
      return NOTHING;
    },
  },
  {
    name: "list_users",
    group: "Users",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--no-table-headers]",
    hasTimeout: true,
    summary: "Lists users and their tags",
    count: [0, 0],
    needs: "running",
    banner: () => "Listing users ...",
    run: async (_input, caller) => listing(caller, "list_users", ["user", "tags"]),
  },
  {
    name: "set_user_limits",
    group: "Users",
    tools: ["rabbitmqctl"],
    usage: "<username> <definition>",
    summary: "Limits connections and channels of a user",
    count: [2, 2],
    needs: "running",
    banner: (input) => `Setting user limits to "${arg(input, 1)}" for user "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      const limits = readLimits(arg(input, 1));
      await caller.call("set_user_limits", { name: arg(input, 0), limits });
      return NOTHING;
    },
    explain: noSuchUserTerm,
  },
  {
    name: "clear_user_limits",
    group: "Users",
    tools: ["rabbitmqctl"],
    usage: "<username> <limit_type> | all",
    summary: "Takes one limit of a user away, or all",
    count: [2, 2],
    needs: "running",
    banner: (input) => {
      const what = arg(input, 1) === "all" ? "all limits" : `"${arg(input, 1)}" limit`;
      return `Clearing ${what} for user "${arg(input, 0)}" ...`;
    },
    run: async (input, caller) => {
      const limit = arg(input, 1) === "all" ? undefined : arg(input, 1);
      await caller.call("clear_user_limits", { name: arg(input, 0), limit });
      return NOTHING;
    },
    explain: noSuchUserTerm,
  },
  {
    name: "list_user_limits",
    group: "Users",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "[--user <username>] [--global]",
    summary: "Shows the limits of a user (guest), or with --global of all",
    count: [0, 0],
    options: ["user", "global"],
    needs: "running",
    banner: ({ options }) => {
      const whose = options.global === true ? "all users" : `user "${options.user ?? "guest"}"`;
      return `Listing limits for ${whose} ...`;
    },
    run: async ({ options }, caller) => {
      const isGlobal = options.global === true;
      const name = isGlobal ? undefined : (options.user ?? "guest");
      return limitsOutput(await caller.call("list_user_limits", { name }), "user", isGlobal);
    },
    explain: (code, message, input) =>
      noSuchUserTerm(code, message, { ...input, args: [input.options.user ?? "guest"] }),
  },
];

function tagsOf({ args }: Input): string[] {
  return args
    .slice(1)
    .flatMap((tag) => tag.split(","))
    .filter((tag) => tag !== "");
}

/** Some commands of RabbitMQ print this refusal as the Erlang term that it is. */
export function noSuchUserTerm(
  code: string,
  _message: string,
  input: Input,
): ReturnType<typeof failed> | undefined {
  if (code !== "no_such_user") return undefined;
  return failed(EXIT.unavailable, `{:no_such_user, ${JSON.stringify(arg(input, 0))}}`);
}
