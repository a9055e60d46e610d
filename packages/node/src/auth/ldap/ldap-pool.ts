import type { ConnectionOptions } from "node:tls";
import { Client, ResultCodeError } from "ldapts";
import { keyedDigest } from "../keyed-digest.ts";

/** Whoever waits longer in line than this many others is refused: the directory does not keep up. */
const WAITING_MAX = 1000;

/** As whom a connection asks; undefined: anonymously. */
export type LdapBind = { readonly dn: string; readonly password: string } | undefined;

export interface LdapPoolOptions {
  /** Tried in this order. */
  readonly urls: readonly string[];
  readonly size: number;
  readonly timeoutMs: number;
  /** Connections that nobody has used for so long are closed. */
  readonly idleTimeoutMs: number;
  readonly tls: ConnectionOptions;
  readonly usesStartTls: boolean;
}

interface Pooled {
  readonly client: Client;
  /** As whom it is bound, by a digest. */
  boundAs: string;
  idleTimer: ReturnType<typeof setTimeout> | undefined;
}

/** Connections to a directory, at most so many, which are used one question after the other. */
export class LdapPool {
  readonly #options: LdapPoolOptions;
  #idle: Pooled[] = [];
  #openCount = 0;
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(options: LdapPoolOptions) {
    this.#options = options;
  }

  /**
   * Calls `use` with a connection that is bound, and gives it back afterwards. `always`: binds also if it is bound so already, as the
   * password is what is to be found out. Rejects with what the directory or `use` said.
   */
  async with<T>(
    bind: LdapBind,
    use: (client: Client) => Promise<T>,
    always: boolean = false,
  ): Promise<T> {
    const pooled = await this.#take(bind, always);
    try {
      const result = await use(pooled.client);
      this.#giveBack(pooled);
      return result;
    } catch (error) {
      // Its state is not known: the next one gets a new connection.
      this.#drop(pooled);
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    const idle = this.#idle;
    this.#idle = [];
    for (const pooled of idle) this.#drop(pooled);
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** A connection that is bound. */
  async #take(bind: LdapBind, always: boolean): Promise<Pooled> {
    const idle = this.#takeIdle();
    if (idle !== undefined) return this.#rebound(idle, bind, always);
    if (this.#isClosed) throw new Error("the broker stops");
    if (this.#openCount < this.#options.size) return this.#open(bind);
    if (this.#waiting.length >= WAITING_MAX) throw new Error("too many questions wait");
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#take(bind, always);
  }

  async #rebound(idle: Pooled, bind: LdapBind, always: boolean): Promise<Pooled> {
    const as = nameOf(bind);
    if (idle.boundAs === as && !always) return idle;
    try {
      await idle.client.bind(bind?.dn ?? "", bind?.password ?? "");
    } catch (error) {
      this.#drop(idle);
      throw error;
    }
    idle.boundAs = as;
    return idle;
  }

  /** undefined: there is none that still lives. */
  #takeIdle(): Pooled | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.idleTimer);
      if (idle.client.isConnected) return idle;
      this.#drop(idle);
    }
    return undefined;
  }

  /** The next server is tried unless one has answered, be it with a refusal. */
  async #open(bind: LdapBind): Promise<Pooled> {
    this.#openCount++;
    let failure: unknown = new Error("no servers are configured");
    for (const url of this.#options.urls) {
      const client = this.#clientOf(url);
      try {
        if (this.#options.usesStartTls) await client.startTLS(this.#options.tls);
        await client.bind(bind?.dn ?? "", bind?.password ?? "");
        return { client, boundAs: nameOf(bind), idleTimer: undefined };
      } catch (error) {
        failure = error;
        endClient(client);
        if (error instanceof ResultCodeError) break;
      }
    }
    this.#openCount--;
    this.#wakeNext();
    throw failure;
  }

  #clientOf(url: string): Client {
    const { timeoutMs, tls } = this.#options;
    return new Client({
      url,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      ...(url.startsWith("ldaps:") ? { tlsOptions: tls } : {}),
    });
  }

  #giveBack(pooled: Pooled): void {
    if (this.#isClosed) {
      this.#drop(pooled);
      return;
    }
    pooled.idleTimer = setTimeout(() => {
      this.#idle = this.#idle.filter((other) => other !== pooled);
      this.#drop(pooled);
    }, this.#options.idleTimeoutMs);
    pooled.idleTimer.unref();
    this.#idle.push(pooled);
    this.#wakeNext();
  }

  #drop(pooled: Pooled): void {
    clearTimeout(pooled.idleTimer);
    endClient(pooled.client);
    this.#openCount--;
    this.#wakeNext();
  }

  #wakeNext(): void {
    this.#waiting.shift()?.();
  }
}

function nameOf(bind: LdapBind): string {
  return bind === undefined ? "anonymous" : keyedDigest(bind.dn, bind.password);
}

/** Nobody waits for the goodbye. */
function endClient(client: Client): void {
  client.unbind().catch(() => undefined);
}
