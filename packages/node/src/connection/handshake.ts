import { ConnectionError, type Method, type MethodOf, NO_METHOD } from "@leveret/amqp";
import { PermissionPending } from "../auth/permissions.ts";
import type { Login } from "../broker/login.ts";
import type { VirtualHost } from "../broker/virtual-host.ts";
import { MIN_FRAME_MAX } from "../limits.ts";
import { ClientProperties } from "./client-properties.ts";
import type { Connection } from "./connection.ts";
import { SilentClose } from "./silent-close.ts";

/** Which method the client has to send next. */
export type HandshakeState = "start-ok" | "tune-ok" | "open";

/** What was agreed, for the connection to go on with. */
export interface Negotiated {
  readonly frameMax: number;
  readonly channelMax: number;
  readonly heartbeatSeconds: number;
}

/**
 * The dialogue from connection.start to connection.open-ok (spec 2.2.4; RabbitMQ's limits and texts). Each step
 * checks that the method is the one expected.
 */
export class Handshake {
  readonly #connection: Connection;
  #state: HandshakeState = "start-ok";

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Login succeeded: errors are told from now on. */
  get isAuthenticated(): boolean {
    return this.#state !== "start-ok";
  }

  sendStart(versionMajor: number, versionMinor: number): void {
    const { broker } = this.#connection;
    this.#connection.sendOnZero("connection.start", {
      versionMajor,
      versionMinor,
      serverProperties: broker.serverProperties,
      mechanisms: Buffer.from(this.#mechanisms().join(" ")),
      locales: Buffer.from("en_US"),
    });
  }

  /** @throws SilentClose, ConnectionError */
  onMethod(method: Method): void {
    if (method.name === "connection.close" && this.isAuthenticated) {
      this.#connection.onClientClose();
      return;
    }
    switch (this.#state) {
      case "start-ok":
        if (method.name !== "connection.start-ok") throw unexpected(method);
        this.#onStartOk(method);
        return;
      case "tune-ok":
        if (method.name !== "connection.tune-ok") throw unexpected(method);
        this.#onTuneOk(method);
        return;
      case "open":
        if (method.name !== "connection.open") throw unexpected(method);
        this.#onOpen(method);
        return;
      default:
        this.#state satisfies never;
    }
  }

  #onStartOk(method: MethodOf<"connection.start-ok">): void {
    const { clientProperties, mechanism, response } = method;
    const connection = this.#connection;
    const { broker } = connection;
    connection.client = new ClientProperties(clientProperties);
    if (!this.#mechanisms().includes(mechanism)) {
      throw new SilentClose(`unknown SASL mechanism '${mechanism}'`);
    }
    const login = broker.login(mechanism, response, connection);
    if (login instanceof Promise) {
      connection.waitFor(login, method, (decided) => this.#onLogin(mechanism, decided));
    } else {
      this.#onLogin(mechanism, login);
    }
  }

  /** EXTERNAL needs a certificate: without TLS there can be none. */
  #mechanisms(): readonly string[] {
    const { broker, isTls } = this.#connection;
    return broker.options.mechanisms.filter((mechanism) => mechanism !== "EXTERNAL" || isTls);
  }

  #onLogin(mechanism: string, login: Login): void {
    const connection = this.#connection;
    const { broker } = connection;
    if (!login.ok) {
      if (login.isMalformed) throw new SilentClose(login.why);
      this.#refuseLogin(mechanism, login.user, login.why);
    }
    connection.identity = login.identity;
    connection.authMechanism = mechanism;
    this.#state = "tune-ok";
    const { channelMax, frameMax, heartbeatSeconds } = broker.options;
    connection.sendOnZero("connection.tune", { channelMax, frameMax, heartbeat: heartbeatSeconds });
  }

  #refuseLogin(mechanism: string, user: string, why: string): never {
    const connection = this.#connection;
    connection.log.error({ user, mechanism }, `login refused: ${why}`);
    const text = `Login was refused using authentication mechanism ${mechanism}. For details see the broker logfile.`;
    if (connection.client.authenticationFailureClose) {
      throw new ConnectionError("ACCESS_REFUSED", text, { failed: NO_METHOD });
    }
    throw new SilentClose(why);
  }

  #onTuneOk(method: { channelMax: number; frameMax: number; heartbeat: number }): void {
    const { broker } = this.#connection;
    const offered = broker.options;
    checkNegotiated("frame_max", method.frameMax, MIN_FRAME_MAX, offered.frameMax);
    checkNegotiated("channel_max", method.channelMax, 1, offered.channelMax);
    this.#state = "open";
    this.#connection.onTuned({
      frameMax: method.frameMax === 0 ? offered.frameMax : method.frameMax,
      channelMax: method.channelMax,
      heartbeatSeconds: method.heartbeat,
    });
  }

  #onOpen(method: MethodOf<"connection.open">): void {
    const connection = this.#connection;
    let vhost: VirtualHost;
    try {
      vhost = connection.broker.admit(connection, method.virtualHost);
    } catch (error) {
      if (!(error instanceof PermissionPending)) throw error;
      connection.waitFor(error.ask(), method, () => this.#onOpen(method));
      return;
    }
    connection.sendOnZero("connection.open-ok", {});
    connection.onOpened(vhost);
  }
}

/** RabbitMQ 3.13's answers to tune-ok values out of range; 0 asks for no limit at all. */
function checkNegotiated(name: string, value: number, min: number, max: number): void {
  if (value === 0) {
    if (max === 0) return;
    throw outOfRange(
      `negotiated ${name} = 0 (no limit) is higher than the maximum allowed value (${max})`,
    );
  }
  if (value < min) {
    throw outOfRange(
      `negotiated ${name} = ${value} is lower than the minimum allowed value (${min})`,
    );
  }
  if (max !== 0 && value > max) {
    throw outOfRange(
      `negotiated ${name} = ${value} is higher than the maximum allowed value (${max})`,
    );
  }
}

/** RabbitMQ blames connection.tune. */
function outOfRange(text: string): ConnectionError {
  const failed = { classId: 10, methodId: 30 };
  return new ConnectionError("NOT_ALLOWED", text, { failed });
}

/** RabbitMQ drops a peer that does not keep to the order of the handshake. */
function unexpected(method: Method): SilentClose {
  return new SilentClose(`unexpected ${method.name} during the handshake`);
}
