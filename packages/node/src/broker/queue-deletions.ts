import type { Logger } from "../logger.ts";
import type { Actor } from "../metadata/actor.ts";
import type { MetadataResult, Refusal } from "../metadata/commands.ts";
import type { MetadataStore } from "../metadata/metadata-store.ts";
import type { BrokerQueue } from "../queue/broker-queue.ts";
import type { VirtualHost } from "./virtual-host.ts";

/** What the deletion of queues needs of the broker. */
interface DeletionHost {
  readonly metadataStore: MetadataStore;
  readonly vhosts: ReadonlyMap<string, VirtualHost>;
  readonly log: Logger;
}

type Done = (failure: Refusal | undefined) => void;

/**
 * Deletes queues that run, each once: until the metadata has it, an unused queue may also expire, and its owner may go. A queue that
 * was declared anew under the same name is another one.
 */
export class QueueDeletions {
  readonly #host: DeletionHost;
  /** Those that are on their way, with who waits. */
  readonly #pending = new Map<BrokerQueue, Done[]>();

  constructor(host: DeletionHost) {
    this.#host = host;
  }

  /** `actor`: who wants it; undefined: the broker itself. */
  add(queue: BrokerQueue, done: Done | undefined, actor?: Actor): void {
    const waiting = this.#pending.get(queue);
    if (waiting !== undefined) {
      if (done !== undefined) waiting.push(done);
      return;
    }
    const { vhost, name } = queue.record;
    if (this.#host.vhosts.get(vhost)?.queues.get(name) !== queue) {
      done?.(undefined);
      return;
    }
    this.#pending.set(queue, done === undefined ? [] : [done]);
    const onResult = (result: MetadataResult): void => this.#onResult(queue, result);
    const command = { type: "deleteQueue", vhost, name } as const;
    this.#host.metadataStore.submit(command, onResult, "stored", actor);
  }

  #onResult(queue: BrokerQueue, result: MetadataResult): void {
    const waiting = this.#pending.get(queue) ?? [];
    this.#pending.delete(queue);
    // With its vhost, the queue is gone, too.
    const failure = result.ok || result.reason === "no_such_vhost" ? undefined : result;
    if (failure !== undefined) {
      const { vhost, name } = queue.record;
      this.#host.log.error(
        {},
        `queue '${name}' in vhost '${vhost}' was not deleted: ${failure.text}`,
      );
    }
    for (const done of waiting) done(failure);
  }
}
