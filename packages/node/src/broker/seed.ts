import type { DefaultsConfig } from "../config/config.ts";
import { ConfigError } from "../config/config-error.ts";
import type { MetadataResult } from "../metadata/commands.ts";
import type { Administration } from "./administration.ts";

/** The user that comes with the program: no rule for passwords may lock it out. */
const SHIPPED = { user: "guest", password: "guest" };

/**
 * Fills an empty broker: default vhost, with what new vhosts are given, and default user (RabbitMQ: insert_default_data).
 * @throws ConfigError
 */
export function seedDefaults(administration: Administration, defaults: DefaultsConfig): void {
  const { user, password, vhost, userTags: tags, permissions } = defaults;
  demand("default_vhost", administration.apply({ type: "addVhost", name: vhost }));
  const isShipped = user === SHIPPED.user && password === SHIPPED.password;
  const newUser = { name: user, password, tags };
  demand(
    "default_pass",
    isShipped ? administration.putShippedUser(newUser) : administration.putUser(newUser),
  );
  demand(
    "default_permissions",
    administration.apply({ type: "setPermissions", user, vhost, ...permissions }),
  );
}

function demand(key: string, result: MetadataResult): void {
  if (!result.ok) throw new ConfigError([`${key}: ${result.text}`]);
}
