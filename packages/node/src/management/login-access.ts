import type { Access, Credentials, Identity } from "@leveret/management";
import { login } from "../broker/login.ts";
import type { ControlledNode } from "../control/controlled-node.ts";
import { runningBroker } from "./running-broker.ts";

/** Logins of the HTTP API: the same users, passwords and rules as those of AMQP. */
export class LoginAccess implements Access {
  readonly #node: ControlledNode;

  constructor(node: ControlledNode) {
    this.#node = node;
  }

  async authenticate(credentials: Credentials): Promise<Identity | undefined> {
    const { broker, administration } = runningBroker(this.#node);
    const { username, password, remoteAddress } = credentials;
    const result = login(broker.access, {
      mechanism: "PLAIN",
      response: Buffer.from(`\0${username}\0${password}`, "utf8"),
      remoteAddress,
      loopbackUsers: broker.options.loopbackUsers,
    });
    if (result.ok) return administration.metadata.user(result.user);
    broker.log.warn(`HTTP access denied: ${result.why}`);
    return undefined;
  }

  canEnterVhost({ name }: Identity, vhost: string): boolean {
    const { broker, administration } = runningBroker(this.#node);
    if (administration.metadata.vhost(vhost) === undefined) return true;
    return broker.access.checkVhostAccess(name, vhost);
  }
}
