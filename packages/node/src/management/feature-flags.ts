import type { FeatureFlag } from "@leveret/management";

/** Feature flags of RabbitMQ whose features are here, and always on: tools ask for them before they use a feature. */
export const FEATURE_FLAGS: readonly FeatureFlag[] = [
  flag("classic_mirrored_queue_version", "Support setting version for classic mirrored queues"),
  flag("drop_unroutable_metric", "Count unroutable publishes to be dropped in stats"),
  flag("empty_basic_get_metric", "Count AMQP `basic.get` on empty queues in stats"),
  flag("implicit_default_bindings", "Default bindings are implicit"),
  flag("maintenance_mode_status", "Maintenance mode status"),
  flag("quorum_queue", "Support queues of type `quorum`"),
  flag("user_limits", "Configure connection and channel limits for a user"),
  flag("virtual_host_metadata", "Virtual host metadata (description, tags, etc)"),
];

function flag(name: string, description: string): FeatureFlag {
  return { name, description, isEnabled: true };
}
