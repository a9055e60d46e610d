/** How late, ms, and how many bytes a second; 0 bytes: no bound. */
export interface LinkSpeed {
  readonly delayMs: number;
  /** By chance, up to so much more. */
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** From one node to another: the first is led to `listen` instead of `to`. */
export interface RelayedLink {
  readonly listen: Endpoint;
  readonly to: Endpoint;
}

export function isSpeed(value: unknown): value is LinkSpeed {
  return typeof value === "object" && value !== null && "delayMs" in value;
}
