import { createHash } from "node:crypto";

/** RabbitMQ's salted SHA-256, with a fixed salt so that a recording is the same each time. */
function passwordHash(password: string): string {
  const salt = Buffer.from([0x4c, 0x65, 0x76, 0x21]);
  const digest = createHash("sha256").update(salt).update(password).digest();
  return Buffer.concat([salt, digest]).toString("base64");
}

function user(name: string, extra: object = {}): object {
  return {
    name,
    password_hash: passwordHash(name),
    hashing_algorithm: "rabbit_password_hashing_sha256",
    tags: "",
    limits: {},
    ...extra,
  };
}

function permission(name: string, rights: readonly [string, string, string], vhost = "/"): object {
  const [configure, write, read] = rights;
  return { user: name, vhost, configure, write, read };
}

function policy(pattern: string, applyTo: string, definition: object, priority = 0): object {
  const name = `${pattern}-${priority}`.replace(/[^a-z0-9-]/g, "");
  return { vhost: "/", name, pattern, "apply-to": applyTo, definition, priority };
}

/**
 * Users, virtual hosts, permissions and policies of all cases, in RabbitMQ's definitions format. Every
 * password is the user's name. Policies and permissions match name endings: a case asks for
 * `name("x-pol-ttl")` to get a queue under the policy.
 */
export const DEFINITIONS: object = {
  rabbit_version: "3.10.8",
  users: [
    user("guest", { tags: "administrator" }),
    user("nobody"),
    user("denied"),
    user("limited"),
    user("topical"),
    user("impersonator", { tags: "impersonator" }),
    user("manager", { tags: "management" }),
    user("single", { limits: { "max-connections": 0 } }),
    user("twochannels", { limits: { "max-channels": 2 } }),
  ],
  vhosts: [{ name: "/" }, { name: "other" }, { name: "capped" }, { name: "full" }],
  permissions: [
    permission("guest", [".*", ".*", ".*"]),
    permission("guest", [".*", ".*", ".*"], "other"),
    permission("guest", [".*", ".*", ".*"], "capped"),
    permission("guest", [".*", ".*", ".*"], "full"),
    permission("denied", ["", "", ""]),
    // Names of cases begin with k: one that the broker made up may end in anything.
    permission("limited", [
      "^k.*-(c|cw|cr|cwr)$",
      "^k.*-(w|cw|wr|cwr)$|^amq\\.default$",
      "^k.*-(r|cr|wr|cwr)$",
    ]),
    permission("topical", [".*", ".*", ".*"]),
    permission("impersonator", [".*", ".*", ".*"]),
    permission("manager", [".*", ".*", ".*"]),
    permission("single", [".*", ".*", ".*"]),
    permission("twochannels", [".*", ".*", ".*"]),
  ],
  topic_permissions: [
    { user: "topical", vhost: "/", exchange: "amq.topic", write: "^a\\.", read: "^b\\." },
  ],
  parameters: [
    { vhost: "capped", component: "vhost-limits", name: "limits", value: { "max-queues": 1 } },
    {
      vhost: "/",
      component: "operator_policy",
      name: "operator-max1",
      value: {
        pattern: "-oppol-max1$",
        "apply-to": "queues",
        definition: { "max-length": 1 },
        priority: 0,
      },
    },
    { vhost: "full", component: "vhost-limits", name: "limits", value: { "max-connections": 0 } },
  ],
  global_parameters: [],
  policies: [
    policy("-pol-ttl$", "queues", { "message-ttl": 0 }),
    policy("-pol-ttl-long$", "queues", { "message-ttl": 3600000 }),
    policy("-pol-max2$", "queues", { "max-length": 2 }),
    policy("-pol-max2-reject$", "queues", { "max-length": 2, overflow: "reject-publish" }),
    policy("-pol-dlx$", "queues", {
      "dead-letter-exchange": "",
      "dead-letter-routing-key": "policy-target",
    }),
    policy("-pol-ae$", "exchanges", { "alternate-exchange": "policy-alternate" }),
    policy("-pol-prio-.*$", "queues", { "max-length": 1 }, 1),
    policy("-pol-prio-high$", "queues", { "max-length": 3 }, 5),
    policy("-pol-expires$", "queues", { expires: 50 }),
    policy("-pol-bytes5$", "queues", { "max-length-bytes": 5 }),
    policy("-pol-exchanges-only$", "exchanges", { "max-length": 0 }),
    policy("-pol-q-limit$", "queues", { "delivery-limit": 1 }),
  ],
  queues: [],
  exchanges: [],
  bindings: [],
};
