import { createHash, randomBytes } from "node:crypto";
import { failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, NOTHING } from "./command.ts";
import { vhostNames } from "./policy-checks.ts";
import { WAIT_COMMAND } from "./wait.ts";

/** RabbitMQ's names of algorithms, and node:crypto's. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ["sha256", "sha256"],
  ["rabbit_password_hashing_sha256", "sha256"],
  ["sha512", "sha512"],
  ["rabbit_password_hashing_sha512", "sha512"],
]);
const SALT_SIZE = 4;

export const ADMINISTRATION_COMMANDS: readonly Command[] = [
  {
    name: "hash_password",
    group: "Users",
    tools: ["rabbitmqctl"],
    usage: "<cleartext_password> [--hashing-algorithm <algorithm>]",
    summary: "Shows a password's hash as definitions and add_user --pre-hashed-password take it",
    details: [
      ["<cleartext_password>", "without it, it is read from stdin"],
      ["<algorithm>", "sha256 (default) or sha512"],
    ],
    count: [0, 1],
    options: ["hashing-algorithm"],
    needs: "none",
    check: (input) => void algorithmOf(input),
    run: async (input) => {
      const password = input.args[0] ?? (await input.readLine("Password: "));
      if (password === undefined || password === "") {
        throw failed(EXIT.data, "Password cannot be an empty string");
      }
      const hash = saltedHash(password, algorithmOf(input));
      return { kind: "text", text: hash, value: { hash } };
    },
  },
  {
    name: "set_permissions_globally",
    group: "Access Control",
    tools: ["rabbitmqctl"],
    usage: "<username> <conf> <write> <read>",
    summary: "Sets a user's permissions in all vhosts that there are now",
    count: [4, 4],
    needs: "running",
    banner: (input) => `Setting permissions for user "${arg(input, 0)}" in all virtual hosts ...`,
    run: async (input, caller) => {
      const [user, configure, write, read] = input.args;
      for (const vhost of await vhostNames(caller)) {
        await caller.call("set_permissions", { user, vhost, configure, write, read });
      }
      return NOTHING;
    },
    explain: (code, _message, input) =>
      code === "no_such_user"
        ? failed(EXIT.noUser, `User ${arg(input, 0)} does not exist`)
        : undefined,
  },
  {
    name: "update_vhost_metadata",
    group: "Virtual hosts",
    tools: ["rabbitmqctl"],
    usage:
      '<vhost> [--description=<description>] [--tags="<tag1>,<tag2>,<...>"] [--default-queue-type=<quorum|classic>]',
    summary: "Changes what is said of a vhost",
    count: [1, 1],
    options: ["description", "tags", "default-queue-type"],
    needs: "running",
    check: ({ options }) => {
      const { description, tags, "default-queue-type": type } = options;
      if ([description, tags, type].some((value) => value !== undefined)) return;
      throw new UsageError(EXIT.usage, "not enough arguments.");
    },
    banner: (input) => `Updating metadata of vhost "${arg(input, 0)}" ...`,
    run: async (input, caller) => {
      const { description, tags, "default-queue-type": defaultQueueType } = input.options;
      await caller.call("update_vhost", {
        name: arg(input, 0),
        description,
        tags: tags?.split(",").filter((tag) => tag !== ""),
        defaultQueueType,
      });
      return NOTHING;
    },
    explain: (code, _message, input) =>
      code === "no_such_vhost"
        ? failed(EXIT.data, `Virtual host '${arg(input, 0)}' does not exist`)
        : undefined,
  },
  {
    name: "reconcile_vhosts",
    group: "Virtual hosts",
    tools: ["rabbitmqctl"],
    usage: "",
    summary: "Does nothing: every node has all vhosts",
    count: [0, 0],
    needs: "running",
    banner: () => "Will initiate vhost reconciliation...",
    run: async () => NOTHING,
  },
  diskMonitoring("activate_free_disk_space_monitoring", true),
  diskMonitoring("deactivate_free_disk_space_monitoring", false),
  WAIT_COMMAND,
];

function diskMonitoring(name: string, isOn: boolean): Command {
  return {
    name,
    group: "Monitoring, observability and health checks",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "",
    summary: `${isOn ? "Goes on watching" : "Stops watching"} how much of the disk is free`,
    count: [0, 0],
    needs: "running",
    banner: ({ node }) =>
      `${isOn ? "Activating" : "Deactivating"} free disk space monitoring on node ${node} ...`,
    run: async (_input, caller) => {
      await caller.call("set_disk_monitoring", { isOn });
      return NOTHING;
    },
  };
}

/** @throws UsageError */
function algorithmOf({ options }: Input): string {
  const name = options["hashing-algorithm"] ?? "sha256";
  const algorithm = ALGORITHMS.get(name.toLowerCase());
  if (algorithm !== undefined) return algorithm;
  throw new UsageError(EXIT.usage, `unsupported hashing algorithm '${name}'`);
}

/** base64 of four bytes of salt and the digest of salt and password (RabbitMQ: passwords guide). */
function saltedHash(password: string, algorithm: string): string {
  const salt = randomBytes(SALT_SIZE);
  const digest = createHash(algorithm).update(salt).update(password, "utf8").digest();
  return Buffer.concat([salt, digest]).toString("base64");
}
