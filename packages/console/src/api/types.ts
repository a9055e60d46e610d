/**
 * What the broker's HTTP API answers, in RabbitMQ's shapes, as far as the console shows it. Every field may be missing: an older node of
 * the cluster, a right that the user lacks, or a figure that is not there yet leaves a gap on the page, not an error.
 */

/** `{rate}` beside a counter; `samples` are newest first and only there if asked for. */
export interface Details {
  readonly rate?: number;
  readonly samples?: readonly Sample[];
}

export interface Sample {
  readonly sample: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** Counters of messages, each with its details. */
export interface MessageStats {
  readonly publish?: number;
  readonly publish_details?: Details;
  readonly publish_in_details?: Details;
  readonly publish_out_details?: Details;
  readonly confirm_details?: Details;
  readonly deliver_details?: Details;
  readonly deliver_no_ack_details?: Details;
  readonly deliver_get_details?: Details;
  readonly get_details?: Details;
  readonly get_no_ack_details?: Details;
  readonly get_empty_details?: Details;
  readonly ack_details?: Details;
  readonly redeliver_details?: Details;
  readonly return_unroutable_details?: Details;
  readonly drop_unroutable_details?: Details;
  readonly disk_reads_details?: Details;
  readonly disk_writes_details?: Details;
}

export interface QueueTotals {
  readonly messages?: number;
  readonly messages_details?: Details;
  readonly messages_ready?: number;
  readonly messages_ready_details?: Details;
  readonly messages_unacknowledged?: number;
  readonly messages_unacknowledged_details?: Details;
}

interface ListenerInfo {
  readonly node?: string;
  readonly protocol?: string;
  readonly ip_address?: string;
  readonly port?: number;
}

export interface Overview {
  readonly cluster_name?: string;
  readonly node?: string;
  readonly product_name?: string;
  readonly product_version?: string;
  readonly rabbitmq_version?: string;
  readonly exchange_types?: readonly { readonly name: string; readonly description?: string }[];
  readonly message_stats?: MessageStats;
  readonly queue_totals?: QueueTotals;
  readonly object_totals?: Readonly<Record<string, number>>;
  readonly churn_rates?: Readonly<Record<string, number | Details>>;
  readonly listeners?: readonly ListenerInfo[];
}

export interface NodeInfo {
  readonly name: string;
  readonly type?: string;
  readonly running?: boolean;
  readonly uptime?: number;
  readonly os_pid?: string;
  readonly mem_used?: number;
  readonly mem_limit?: number;
  readonly mem_alarm?: boolean;
  readonly mem_used_details?: Details;
  readonly disk_free?: number;
  readonly disk_free_limit?: number;
  readonly disk_free_alarm?: boolean;
  readonly fd_used?: number;
  readonly fd_total?: number;
  readonly sockets_used?: number;
  readonly sockets_total?: number;
  readonly processors?: number;
  readonly partitions?: readonly string[];
  readonly being_drained?: boolean;
  readonly maintenance?: boolean;
  readonly enabled_plugins?: readonly string[];
  readonly log_files?: readonly string[];
  readonly config_files?: readonly string[];
  readonly db_dir?: string;
  readonly cluster_links?: readonly ClusterLink[];
  readonly applications?: readonly { readonly name?: string; readonly version?: string }[];
}

interface ClusterLink {
  readonly name?: string;
  readonly peer_addr?: string;
  readonly peer_port?: number;
  readonly recv_bytes?: number;
  readonly send_bytes?: number;
  readonly stats?: { readonly send_bytes_details?: Details; readonly recv_bytes_details?: Details };
}

export type Arguments = Readonly<Record<string, unknown>>;

export interface QueueInfo extends QueueTotals {
  readonly name: string;
  readonly vhost: string;
  readonly type?: string;
  readonly node?: string;
  readonly state?: string;
  readonly durable?: boolean;
  readonly auto_delete?: boolean;
  readonly exclusive?: boolean;
  readonly arguments?: Arguments;
  readonly policy?: string | null;
  readonly operator_policy?: string | null;
  readonly effective_policy_definition?: Arguments | readonly [];
  readonly consumers?: number;
  readonly consumer_capacity?: number;
  readonly consumer_utilisation?: number;
  readonly exclusive_consumer_tag?: string | null;
  readonly single_active_consumer_tag?: string | null;
  readonly owner_pid_details?: { readonly name?: string };
  readonly memory?: number;
  readonly message_bytes?: number;
  readonly message_bytes_ready?: number;
  readonly message_bytes_unacknowledged?: number;
  readonly message_bytes_persistent?: number;
  readonly messages_persistent?: number;
  readonly head_message_timestamp?: number | null;
  readonly idle_since?: string;
  readonly leader?: string;
  readonly members?: readonly string[];
  readonly online?: readonly string[];
  readonly slave_nodes?: readonly string[];
  readonly synchronised_slave_nodes?: readonly string[];
  readonly message_stats?: MessageStats;
  readonly consumer_details?: readonly ConsumerInfo[];
  readonly incoming?: readonly { readonly exchange?: NamedIn; readonly stats?: MessageStats }[];
  readonly deliveries?: readonly {
    readonly channel_details?: ChannelDetails;
    readonly stats?: MessageStats;
  }[];
}

export interface NamedIn {
  readonly name: string;
  readonly vhost: string;
}

interface ChannelDetails {
  readonly name?: string;
  readonly connection_name?: string;
  readonly number?: number;
  readonly node?: string;
  readonly user?: string;
  readonly peer_host?: string;
  readonly peer_port?: number;
}

export interface ConsumerInfo {
  readonly consumer_tag: string;
  readonly queue?: NamedIn;
  readonly channel_details?: ChannelDetails;
  readonly ack_required?: boolean;
  readonly exclusive?: boolean;
  readonly prefetch_count?: number;
  readonly active?: boolean;
  readonly activity_status?: string;
  readonly arguments?: Arguments;
}

export interface ConnectionInfo {
  readonly name: string;
  readonly user_provided_name?: string;
  readonly node?: string;
  readonly vhost?: string;
  readonly user?: string;
  readonly protocol?: string;
  readonly type?: string;
  readonly state?: string;
  readonly ssl?: boolean;
  readonly ssl_protocol?: string | null;
  readonly ssl_cipher?: string | null;
  readonly peer_cert_subject?: string | null;
  readonly peer_cert_issuer?: string | null;
  readonly peer_cert_validity?: string | null;
  readonly host?: string;
  readonly port?: number;
  readonly peer_host?: string;
  readonly peer_port?: number;
  readonly auth_mechanism?: string;
  readonly channel_max?: number;
  readonly frame_max?: number;
  readonly timeout?: number;
  readonly connected_at?: number;
  readonly channels?: number;
  readonly client_properties?: Arguments;
  readonly recv_oct?: number;
  readonly send_oct?: number;
  readonly recv_oct_details?: Details;
  readonly send_oct_details?: Details;
}

export interface ChannelInfo {
  readonly name: string;
  readonly number?: number;
  readonly node?: string;
  readonly vhost?: string;
  readonly user?: string;
  readonly state?: string;
  readonly idle_since?: string;
  readonly connection_details?: {
    readonly name?: string;
    readonly peer_host?: string;
    readonly peer_port?: number;
  };
  readonly consumer_count?: number;
  readonly prefetch_count?: number;
  readonly global_prefetch_count?: number;
  readonly confirm?: boolean;
  readonly transactional?: boolean;
  readonly messages_unacknowledged?: number;
  readonly messages_unconfirmed?: number;
  readonly messages_uncommitted?: number;
  readonly acks_uncommitted?: number;
  readonly message_stats?: MessageStats;
  readonly consumer_details?: readonly ConsumerInfo[];
  readonly publishes?: readonly { readonly exchange?: NamedIn; readonly stats?: MessageStats }[];
  readonly deliveries?: readonly { readonly queue?: NamedIn; readonly stats?: MessageStats }[];
}

export interface ExchangeInfo {
  readonly name: string;
  readonly vhost: string;
  readonly type?: string;
  readonly durable?: boolean;
  readonly auto_delete?: boolean;
  readonly internal?: boolean;
  readonly arguments?: Arguments;
  readonly policy?: string | null;
  readonly message_stats?: MessageStats;
}

export interface BindingInfo {
  readonly source: string;
  readonly vhost: string;
  readonly destination: string;
  readonly destination_type: "queue" | "exchange";
  readonly routing_key: string;
  readonly arguments?: Arguments;
  readonly properties_key: string;
}

export interface VhostInfo extends QueueTotals {
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly default_queue_type?: string;
  readonly tracing?: boolean;
  readonly cluster_state?: Readonly<Record<string, string>>;
  readonly message_stats?: MessageStats;
  readonly recv_oct_details?: Details;
  readonly send_oct_details?: Details;
}

export interface UserInfo {
  readonly name: string;
  readonly tags?: readonly string[] | string;
  readonly password_hash?: string;
  readonly hashing_algorithm?: string;
  readonly limits?: Readonly<Record<string, number>>;
}

export interface PermissionInfo {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface TopicPermissionInfo {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

export interface PolicyInfo {
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly "apply-to"?: string;
  readonly priority?: number;
  readonly definition?: Arguments;
}

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly page: number;
  readonly page_count: number;
  readonly page_size: number;
  /** How many match the filter. */
  readonly filtered_count: number;
  readonly total_count: number;
}

/** A message as `POST .../get` and the peek answer it. */
export interface MessageInfo {
  readonly payload: string;
  readonly payload_encoding?: string;
  readonly payload_bytes?: number;
  readonly redelivered?: boolean;
  readonly exchange?: string;
  readonly routing_key?: string;
  readonly message_count?: number;
  readonly properties?: Arguments | readonly [];
}

/** Tags of a user, whichever way they came. */
export function tagsOf(tags: readonly string[] | string | undefined): readonly string[] {
  return typeof tags === "string" ? tags.split(",").filter((tag) => tag !== "") : (tags ?? []);
}
