/** `amqp091` and `http`, as RabbitMQ names them in its metrics. */
export type LoginProtocol = "amqp091" | "http";

interface AttemptCount {
  readonly succeeded: number;
  readonly failed: number;
}

/** Attempts to log in by one protocol since the start or the last reset. */
export interface ProtocolAttempts extends AttemptCount {
  readonly protocol: LoginProtocol;
}

/** The same by who tried from where. */
export interface SourceAttempts extends ProtocolAttempts {
  /** Empty, like the name: all those for which there was no room any more. */
  readonly remoteAddress: string;
  readonly username: string;
}

/** Sources that are counted one by one; names are the choice of strangers, so there may be any number of them. */
const SOURCES_MAX = 10_000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Counts who tried to log in (RabbitMQ: auth_attempts metrics, `/api/auth/attempts`). */
export class AuthAttempts {
  /** Whether sources are counted (`track_auth_attempt_source`). */
  isTrackingSources: boolean;
  #protocols = new Map<LoginProtocol, Writable<ProtocolAttempts>>();
  #sources = new Map<string, Writable<SourceAttempts>>();

  constructor(isTrackingSources = false) {
    this.isTrackingSources = isTrackingSources;
  }

  /** One attempt that has been decided. */
  note(protocol: LoginProtocol, remoteAddress: string, username: string, isOk: boolean): void {
    count(this.#ofProtocol(protocol), isOk);
    if (this.isTrackingSources) count(this.#ofSource(protocol, remoteAddress, username), isOk);
  }

  byProtocol(): readonly ProtocolAttempts[] {
    return [...this.#protocols.values()];
  }

  bySource(): readonly SourceAttempts[] {
    return [...this.#sources.values()];
  }

  reset(): void {
    this.#protocols = new Map();
    this.#sources = new Map();
  }

  #ofProtocol(protocol: LoginProtocol): Writable<ProtocolAttempts> {
    let counted = this.#protocols.get(protocol);
    if (counted === undefined) {
      counted = { protocol, succeeded: 0, failed: 0 };
      this.#protocols.set(protocol, counted);
    }
    return counted;
  }

  #ofSource(
    protocol: LoginProtocol,
    remoteAddress: string,
    username: string,
  ): Writable<SourceAttempts> {
    const key = `${protocol} ${remoteAddress} ${username}`;
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    // One place stays free for the rest of each protocol.
    const isFull = this.#sources.size >= SOURCES_MAX - 2;
    if (isFull && remoteAddress !== "") return this.#ofSource(protocol, "", "");
    const made = { protocol, remoteAddress, username, succeeded: 0, failed: 0 };
    this.#sources.set(key, made);
    return made;
  }
}

function count(counted: Writable<AttemptCount>, isOk: boolean): void {
  if (isOk) counted.succeeded++;
  else counted.failed++;
}
