/** A feature of RabbitMQ that it switches on with a flag. */
interface FeatureFlag {
  readonly name: string;
  readonly desc: string;
}

/** Those of RabbitMQ whose feature is here, and always on. */
export const FEATURE_FLAGS: readonly FeatureFlag[] = [
  flag("classic_mirrored_queue_version", "Support setting version for classic mirrored queues"),
  flag("implicit_default_bindings", "Default bindings are implicit"),
  flag("maintenance_mode_status", "Maintenance mode status"),
  flag("quorum_queue", "Support queues of type `quorum`"),
  flag("user_limits", "Configure connection and channel limits for a user"),
  flag("virtual_host_metadata", "Virtual host metadata (description, tags, etc)"),
];

function flag(name: string, desc: string): FeatureFlag {
  return { name, desc };
}
