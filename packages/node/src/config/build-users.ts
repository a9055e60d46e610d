import { buildBackends, buildCertificateLogin } from "./build-auth-backends.ts";
import type {
  AuthConfig,
  DefaultOperatorPolicy,
  DefaultsConfig,
  DefaultUser,
  DefaultVhostLimits,
  PasswordHashing,
} from "./config.ts";
import type { GivenFlags } from "./given-flags.ts";
import { fallbackOf, type Setting, type Settings } from "./settings.ts";

/** As RabbitMQ 3.13 offers them. */
const MECHANISMS = ["AMQPLAIN", "PLAIN"];

/** `auth_*`, `loopback_users`, `password_hashing_module`, `credential_validator`. */
export function buildAuth(settings: Settings): AuthConfig {
  const mechanisms = settings.numbered("auth_mechanisms.$n").map(({ value }) => String(value));
  return {
    mechanisms: mechanisms.length === 0 ? MECHANISMS : mechanisms,
    ...buildBackends(settings),
    certificateLogin: buildCertificateLogin(settings),
    failedLoginsPerMinute: settings.limit("failed_logins_per_minute"),
    tracksAttemptSources: settings.boolean("track_auth_attempt_source"),
    loopbackUsers: loopbackUsers(settings),
    passwordHashing: passwordHashing(settings),
    credentialValidator: credentialValidator(settings),
  };
}

function loopbackUsers(settings: Settings): readonly string[] {
  if (settings.find("loopback_users") !== undefined) return [];
  const named = settings.all("loopback_users.$name");
  if (named.length === 0) return ["guest"];
  return trueNames(named);
}

function passwordHashing(settings: Settings): PasswordHashing {
  const module = settings.text("password_hashing_module") ?? "";
  if (module.endsWith("scrypt")) return "scrypt";
  if (module.endsWith("sha512")) return "sha512";
  return module.endsWith("md5") ? "md5" : "sha256";
}

function credentialValidator(settings: Settings): AuthConfig["credentialValidator"] {
  switch (settings.text("credential_validator.validation_backend") ?? "") {
    case "rabbit_credential_validator_min_password_length":
      return {
        kind: "min_password_length",
        minLength: settings.number("credential_validator.min_length"),
      };
    case "rabbit_credential_validator_password_regexp":
      return {
        kind: "password_regexp",
        regexp: settings.text("credential_validator.regexp") ?? ".*",
      };
    default:
      return { kind: "accept_everything" };
  }
}

/** `default_*`: what an empty broker is filled with. */
export function buildDefaults(settings: Settings, flags: GivenFlags): DefaultsConfig {
  const text = (flag: "default-user" | "default-pass" | "default-vhost", key: string): string =>
    flags.text(flag) ?? settings.text(key) ?? "";
  const tags = settings.all("default_user_tags.$tag");
  return {
    user: text("default-user", "default_user"),
    password: text("default-pass", "default_pass"),
    vhost: text("default-vhost", "default_vhost"),
    userTags: tags.length === 0 ? ["administrator"] : trueNames(tags),
    permissions: {
      configure: settings.text("default_permissions.configure") ?? "",
      write: settings.text("default_permissions.write") ?? "",
      read: settings.text("default_permissions.read") ?? "",
    },
    users: defaultUsers(settings),
    queueType: queueType(settings),
    operatorPolicies: operatorPolicies(settings),
    vhostLimits: vhostLimits(settings),
  };
}

function queueType(settings: Settings): DefaultsConfig["queueType"] {
  const text = settings.text("default_queue_type") ?? "";
  return text.includes("quorum") ? "quorum" : "classic";
}

function trueNames(settings: readonly Setting[]): readonly string[] {
  return settings.filter(({ value }) => value === true).map(({ names }) => names[0] ?? "");
}

/** The settings of a family such as `default_users.$name.*`, together per name. */
class Family {
  readonly #settings: Settings;
  readonly #prefix: string;

  constructor(settings: Settings, prefix: string) {
    this.#settings = settings;
    this.#prefix = prefix;
  }

  names(keys: readonly string[]): readonly string[] {
    const all = keys.flatMap((key) => this.#settings.all(`${this.#prefix}.${key}`));
    return [...new Set(all.map(({ names }) => names[0] ?? ""))];
  }

  find(name: string, key: string): Setting["value"] | undefined {
    const pattern = `${this.#prefix}.${key}`;
    const setting = this.#settings.all(pattern).find(({ names }) => names[0] === name);
    return setting?.value ?? fallbackOf(pattern);
  }

  text(name: string, key: string): string {
    return String(this.find(name, key) ?? "");
  }

  number(name: string, key: string): number | undefined {
    const value = this.find(name, key);
    return typeof value === "number" ? value : undefined;
  }
}

function defaultUsers(settings: Settings): readonly DefaultUser[] {
  const family = new Family(settings, "default_users.$name");
  const keys = ["password", "vhost_pattern", "configure", "read", "write", "tags"];
  return family.names(keys).map((name) => {
    const password = family.find(name, "password");
    const tags = family.find(name, "tags");
    return {
      name,
      password: typeof password === "string" ? password : undefined,
      tags: Array.isArray(tags) ? tags : [],
      vhostPattern: family.text(name, "vhost_pattern"),
      permissions: {
        configure: family.text(name, "configure"),
        write: family.text(name, "write"),
        read: family.text(name, "read"),
      },
    };
  });
}

function vhostLimits(settings: Settings): readonly DefaultVhostLimits[] {
  const family = new Family(settings, "default_limits.vhosts.$id");
  return family.names(["pattern", "max_connections", "max_queues"]).map((name) => ({
    name,
    pattern: family.text(name, "pattern"),
    maxConnections: family.number(name, "max_connections"),
    maxQueues: family.number(name, "max_queues"),
  }));
}

/** Key in the file -> key of the policy. */
const POLICY_KEYS = {
  expires: "expires",
  message_ttl: "message-ttl",
  max_length: "max-length",
  max_length_bytes: "max-length-bytes",
  max_in_memory_length: "max-in-memory-length",
  max_in_memory_bytes: "max-in-memory-bytes",
  delivery_limit: "delivery-limit",
  "classic_queues.ha_mode": "ha-mode",
  "classic_queues.ha_sync_mode": "ha-sync-mode",
  "classic_queues.queue_version": "queue-version",
} as const;

function operatorPolicies(settings: Settings): readonly DefaultOperatorPolicy[] {
  const family = new Family(settings, "default_policies.operator.$id");
  const paramsKey = "classic_queues.ha_params";
  const keys = [
    "vhost_pattern",
    "queue_pattern",
    "apply_to",
    paramsKey,
    ...Object.keys(POLICY_KEYS),
  ];
  return family.names(keys).map((name) => {
    const definition: Record<string, number | string | readonly string[]> = {};
    for (const [key, policyKey] of Object.entries(POLICY_KEYS)) {
      const value = family.find(name, key);
      if (typeof value === "number" || typeof value === "string") definition[policyKey] = value;
    }
    const params = family.find(name, paramsKey);
    if (Array.isArray(params)) definition["ha-params"] = haParams(params);
    return {
      name,
      vhostPattern: family.text(name, "vhost_pattern"),
      queuePattern: family.text(name, "queue_pattern"),
      applyTo: family.text(name, "apply_to"),
      definition,
    };
  });
}

/** A count, or the names of nodes. */
function haParams(words: readonly string[]): number | readonly string[] {
  const [first = ""] = words;
  return words.length === 1 && /^\d{1,9}$/.test(first) ? Number(first) : words;
}
