import type { DefaultsConfig } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import { isNotStored, type MetadataResult } from "../metadata/commands.ts";
import type { MetadataView } from "../metadata/metadata-machine.ts";
import { StorageError } from "../storage/storage-error.ts";
import type { Administration } from "./administration.ts";

/** The user that comes with the program: no rule for passwords may lock it out. */
const SHIPPED = { user: "guest", password: "guest" };

/**
 * Whether the default data is to be made: the metadata is new, or its first start did not get that far; or nobody can use it, as
 * RabbitMQ judges (no vhost, no user).
 */
export function needsDefaults(metadata: MetadataView): boolean {
  if (!metadata.isSetUp) return true;
  return metadata.vhosts().length === 0 && metadata.users().length === 0;
}

/**
 * Fills an empty broker: default vhost, with what new vhosts are given, and default user (RabbitMQ: insert_default_data).
 * Rejects with a ConfigError, or with a StorageError if it cannot be stored.
 */
export async function seedDefaults(
  administration: Administration,
  defaults: DefaultsConfig,
): Promise<void> {
  const { user, password, vhost, userTags: tags, permissions } = defaults;
  await demand("default_vhost", (done) =>
    administration.apply({ type: "addVhost", name: vhost }, done),
  );
  const isShipped = user === SHIPPED.user && password === SHIPPED.password;
  const newUser = { name: user, password, tags };
  await demand("default_pass", (done) =>
    isShipped
      ? administration.putShippedUser(newUser, done)
      : administration.putUser(newUser, done),
  );
  await demand("default_permissions", (done) =>
    administration.apply({ type: "setPermissions", user, vhost, ...permissions }, done),
  );
}

/** Notes that the default data, or definitions in its place, are there: later starts do not make them again. */
export async function completeSetup(administration: Administration): Promise<void> {
  if (administration.metadata.isSetUp) return;
  await demand("first start", (done) => administration.apply({ type: "completeSetup" }, done));
}

async function demand(
  key: string,
  start: (done: (result: MetadataResult) => void) => void,
): Promise<void> {
  const result = await new Promise<MetadataResult>((resolve) => start(resolve));
  if (result.ok) return;
  const problem = `${key}: ${result.text}`;
  throw isNotStored(result) ? new StorageError(problem) : new ConfigError([problem]);
}
