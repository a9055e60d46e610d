/** A broker that the tool talks to. guest may do everything there; nothing has been declared. */
export interface Target {
  /** Of the HTTP API, on 127.0.0.1. */
  readonly port: number;
  readonly amqpPort: number;
  readonly nodeName: string;
  /** How long what clients do takes to be shown, ms. */
  readonly settleMs: number;
  stop(): Promise<void>;
}
