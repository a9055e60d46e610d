/**
 * Every maximum of the broker, with its reason. Sizes are in bytes unless the name says otherwise.
 * Values that a client can see are RabbitMQ 3.13's defaults and can be changed by configuration.
 */

/** Offered in connection.tune (RabbitMQ: frame_max). */
export const DEFAULT_FRAME_MAX = 131_072;
/** Smallest frame_max a client may ask for (spec 4.2.3: frame-min-size). */
export const MIN_FRAME_MAX = 4096;
/** Largest frame before tuning: enough for a start-ok with many client properties (RabbitMQ: initial_frame_max). */
export const INITIAL_FRAME_MAX = 4096;
/** Channels of one connection (RabbitMQ: channel_max). */
export const DEFAULT_CHANNEL_MAX = 2047;
/** Seconds, offered in connection.tune (RabbitMQ: heartbeat). */
export const DEFAULT_HEARTBEAT_SECONDS = 60;
/** From accept to connection.open-ok (RabbitMQ: handshake_timeout). */
export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;
/** TLS handshake (RabbitMQ: ssl_handshake_timeout). */
export const DEFAULT_TLS_HANDSHAKE_TIMEOUT_MS = 5000;
/** Body of one message (RabbitMQ: max_message_size). */
export const DEFAULT_MAX_MESSAGE_SIZE = 134_217_728;
/** Longest body any configuration may allow; what a content header may announce at all (RabbitMQ: 512 MiB). */
export const MESSAGE_SIZE_CEILING = 536_870_912;

/** Bytes free in the data directory below which publishers are blocked (RabbitMQ: disk_free_limit.absolute = 50MB). */
export const DEFAULT_DISK_FREE_LIMIT = 50_000_000;

/** A peer that failed before it was trusted is left waiting this long, against guessing (RabbitMQ: 3 s). */
export const SILENT_CLOSE_DELAY_MS = 3000;
/** How long connection.close waits for its close-ok before TCP is dropped (RabbitMQ: min(heartbeat, 30 s)). */
export const CLOSE_TIMEOUT_MS = 30_000;
/** After connection.close-ok the client ends TCP; one that does not is dropped after this time. */
export const CLOSED_LINGER_MS = 5000;
/** After a framing error nothing more can be understood; the peer gets this long to read the reason. */
export const FRAMING_ERROR_LINGER_MS = 3000;
/** How long the management API waits for what it has asked of the broker as a client; a declaration may wait for a new leader. */
export const DIRECT_CALL_TIMEOUT_MS = 30_000;
/** How long a stopping node waits for its clients to answer connection.close. */
export const SHUTDOWN_TIMEOUT_MS = 3000;

/** One pooled output buffer: holds a whole turn of small deliveries, yet 1,000 busy connections stay below 64 MiB. */
export const OUTPUT_ARENA_SIZE = 65_536;
/** Idle output buffers kept for reuse. */
export const OUTPUT_ARENA_POOL_COUNT = 64;
/** Bodies from this size on are given to the socket as they are instead of being copied once more. */
export const OUTPUT_ZERO_COPY_SIZE = 65_536;
/** Unwritten output at which a connection's consumers are paused: about what a fast loopback socket drains in 1 ms. */
export const OUTPUT_HIGH_WATER = 1_048_576;
/** Unwritten output at which its consumers go on. */
export const OUTPUT_LOW_WATER = 262_144;
/** Unwritten output at which nothing more is read from the connection: it asks, but does not read the answers. */
export const OUTPUT_STOP_READING = 16_777_216;
/** Output that is written out before the turn's end, so that consumers work while a large input is processed. */
export const OUTPUT_EAGER_FLUSH = 131_072;

/** Queued messages are copied into slabs of this size: one allocation for thousands of small messages. */
export const SLAB_SIZE = 1_048_576;
/** Messages from this size on get a buffer of their own: a slab would be mostly waste. Also never in a slab: zero-copy bodies. */
export const SLAB_MESSAGE_MAX = 131_072;
/** Empty slabs kept for reuse. */
export const SLAB_POOL_COUNT = 16;
/**
 * Slabs whose live messages take less than 1/this are emptied by copying them, once all slabs together are more than
 * this many times the live bytes: few old messages must not pin much memory.
 */
export const SLAB_SPARSE_DIVISOR = 4;
/** Memory that sparse slabs may waste in any case. */
export const SLAB_WASTE_MAX = 16_777_216;

/**
 * What one command to a queue hands out at most before the queue has to be resumed, so that a long queue with a new
 * consumer neither blocks the event loop nor fills an output arena: 256 messages are about 0.1 ms of work.
 */
export const DELIVERY_QUANTUM_MESSAGES = 256;
/** The same in bytes: a quarter of a slab. */
export const DELIVERY_QUANTUM_BYTES = 262_144;
/** Expired messages that one command removes at most, a millisecond of work; the timer is armed for the rest. */
export const EXPIRY_QUANTUM = 4096;

/**
 * Messages of one turn for one durable queue become one entry of its log up to this size; a larger one stands alone. Larger
 * entries cost less each, but one live message keeps its whole entry on the disk.
 */
export const ENQUEUE_BATCH_BYTES = 65_536;
/** Bytes on their way to the log of this node at which connections that publish to it are held, and at which they go on. */
export const LOG_PENDING_HIGH = 8_388_608;
export const LOG_PENDING_LOW = 2_097_152;
/** How long it may take until the log is told what left a queue: RabbitMQ's queue index waits 25 ms. */
export const PROGRESS_DELAY_MS = 10;
/** ... and how many ranges of messages may gather meanwhile: a few KiB. */
export const PROGRESS_RANGES_MAX = 1024;
/**
 * Ranges, and returns, in one command, about 20 octets each: one ack may settle a million messages, and no entry of the log may be
 * larger than what the node takes for a message.
 */
export const PROGRESS_COMMAND_MAX = 16_384;
/** Pause before a log that was busy or full is tried again. */
export const LOG_RETRY_MS = 5;
/** Memory for recent batches of queues whose consumers are close behind, so that they need no reading. */
export const HOT_BATCHES_BYTES = 67_108_864;
/** A queue with more ready octets than this is read from the disk anyway: its new batches are not kept. */
export const HOT_QUEUE_BYTES = 4_194_304;
/** What a batch takes in memory besides its bytes, measured with one message: many small ones take more so than their bytes do. */
export const HOT_BATCH_OVERHEAD = 1536;
/**
 * What is read from a log at once for a queue that is behind: a piece that is still in the processor's cache when it is checked,
 * copied and sent. Draining 1 KiB messages: 600,000/s, with pieces of 1 MiB 500,000/s.
 */
export const READ_AHEAD_BYTES = 131_072;

/** Objects of messages that durable queues keep for their next ones: as many as a few consumers with a usual prefetch hold. */
export const UNUSED_MESSAGES_MAX = 4096;
/** Expired messages of one queue that wait to be read for the dead-letter exchange, a few hundred bytes each; then expiry pauses. */
export const DEAD_LETTERS_LOADING_MAX = 10_000;
/** For so long. */
export const DEAD_LETTER_PAUSE_MS = 10;

/** Different publish targets a channel remembers; a publisher with more distinct keys starts afresh. */
export const PUBLISH_TARGET_CACHE_COUNT = 2048;
/** A route to more queues than this is not remembered: handing over costs far more than finding them again. */
export const REMEMBERED_ROUTE_MAX = 256;
/** Publishes of one open transaction on a channel, with what empty ones cost; beyond it the transaction cannot be kept in memory. */
export const TX_BYTES_MAX = 1_073_741_824;
/** How long a publisher may be held back by a congested consumer: it only smooths bursts, it never blocks. */
export const PUBLISHER_YIELD_MS = 1;
/** What it may send between two such pauses: more in a second than RabbitMQ takes at its best. */
export const PUBLISHER_YIELD_BYTES = 131_072;
/** The same in messages that had to be queued. */
export const PUBLISHER_YIELD_COUNT = 512;
/** Ready bytes of a queue with consumers from which on publishers are held back so, and at which no longer. */
export const BACKLOG_HIGH = 1_048_576;
export const BACKLOG_LOW = 262_144;
/** The same in messages: small ones cost by their number. */
export const BACKLOG_HIGH_COUNT = 4096;
export const BACKLOG_LOW_COUNT = 1024;
/** Messages that one turn of a delayed exchange sends on before other work gets its share. */
export const DELAYED_BATCH_COUNT = 1000;
/** Work that commands left behind (dead letters, deletions) and one turn does before sockets get their share. */
export const DEFERRED_BATCH_COUNT = 10_000;
/** Consumers on one channel; 0: no limit (RabbitMQ: consumer_max_per_channel = infinity). */
export const DEFAULT_CONSUMER_MAX_PER_CHANNEL = 0;

/** Changes of metadata that wait for a group that takes none just now: far more than connections that can wait for one each. */
export const METADATA_WAITING_MAX = 100_000;
/** Between two tries of a change of metadata, while the log has more than enough to do. */
export const METADATA_RETRY_MS = 20;
/** Such tries, some ten seconds: a disk that takes longer is broken. */
export const METADATA_RETRY_COUNT_MAX = 500;
/** While the node starts: between two looks whether the metadata has been read. */
export const METADATA_READY_POLL_MS = 2;

/** Kept in the data directory to be given up where the disk is full: enough for lock, identity and an index of the log. */
export const STORAGE_RESERVE_BYTES = 4_194_304;
/** Given up at a time: a start mostly needs some kilobytes. */
export const STORAGE_RESERVE_STEP_BYTES = 524_288;
/** A data directory that is not open after this time is worth a line in the log, and another one each time it passes again. */
export const STORAGE_OPENING_PATIENCE_MS = 5000;

/** Members of a quorum queue that does not say how many (RabbitMQ: quorum_queue.initial_cluster_size). */
export const DEFAULT_QUORUM_GROUP_SIZE = 3;
/** A node that has been away for so long is replaced as a place of replicas where another one has room. */
export const REPLICA_REPLACE_AFTER_MS = 600_000;
/** Work on the placement of queues that one turn does before other work gets its share, milliseconds. */
export const PLACEMENT_SLICE_MS = 3;
/** Work on an import of definitions before other work gets its share, milliseconds. */
export const IMPORT_SLICE_MS = 4;
/** The same in queues, each a few microseconds, in case that the clock stands still. */
export const PLACEMENT_SLICE_COUNT = 500;
/** Changes of placement under way at once: each is a command of the metadata. */
export const PLACEMENTS_AT_ONCE = 64;
/** Before a placement that was refused is looked at again, and between two passes over all queues. */
export const PLACEMENT_RETRY_MS = 1000;
export const PLACEMENT_PASS_MS = 30_000;
/** Members that vote on changes of the metadata: more make each change slower, and bear no failure that seven do not. */
export const METADATA_VOTERS_MAX = 7;
/** Groups of this node whose members change at once: each waits for five or so fsyncs, which they share; few enough to leave the disk to clients. */
export const CONF_CHANGES_AT_ONCE = 48;
/** Entries that a learner may lack of what is committed when it becomes a voter: a moment's work. */
export const CATCH_UP_ENTRIES = 256;
/** Between two looks at a group whose members are changing, while something is to happen soon. */
export const CONF_POLL_MS = 10;
/** Groups that one turn looks at: about a millisecond where most have nothing to do. */
export const CONF_LOOKS_PER_TURN = 256;
/** Between two questions to new members where they are; doubles up to the second, as a long log takes its time. */
export const CONF_POKE_MIN_MS = 20;
export const CONF_POKE_MAX_MS = 1000;
/** Who has not answered after so long does not count when votes are moved; a disk that is busy takes less. */
export const CONF_ANSWER_MS = 500;
/** Before a leadership that was to be handed over, and was not, is handed over again: the core gives up after its election timeout. */
export const CONF_TRANSFER_MS = 2500;
/** Without news for so long, a group gives its place among those that change to another. */
export const CONF_PATIENCE_MS = 5000;
/** Before a change of members that failed or could not be made is tried again; doubles up to the second. */
export const CONF_RETRY_MIN_MS = 100;
export const CONF_RETRY_MAX_MS = 10_000;
/** Between two looks at all groups led here, for news that were missed. */
export const CONF_PASS_MS = 30_000;
/** Questions whether a replica may be deleted that are under way at once, and before one that was not answered is put again. */
export const CLEANING_QUESTIONS_AT_ONCE = 64;
export const CLEANING_RETRY_MS = 1000;

/** A change of metadata that no leader has taken, or answered, for so long is refused (as long as RabbitMQ waits for its tables). */
export const METADATA_UNAVAILABLE_MS = 30_000;
/**
 * A node that can be reached and has not applied a change for so long is not waited for. With an election before it, that stays below the
 * 5 s in which the majority serves again.
 */
export const METADATA_SPREAD_MS = 2000;
/** Between two looks whether changes of metadata are overdue. */
export const METADATA_TICK_MS = 1000;
/** A leader that has applied nothing of this node for so long is sent everything again: it may have dropped it. */
export const METADATA_RESEND_MS = 3000;
/** Changes of metadata that a node has sent to the leader and does not know applied: far more than a round trip needs. */
export const METADATA_FORWARDED_MAX = 1024;
/**
 * Messages of a replicated queue that its leader hands out before the log has heard of it. If the leader is lost, so many at the head show as
 * redelivered: a hundred milliseconds of a fast consumer.
 */
export const DELIVERIES_AHEAD = 16_384;
