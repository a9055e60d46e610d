import type { MethodOf } from "@leveret/amqp";
import type { LoginResult } from "../auth/authenticator.ts";
import { notAllowed } from "../errors.ts";
import type { Connection } from "./connection.ts";

/**
 * connection.update-secret (RabbitMQ's extension): a new token or password for the rest of the connection. Backends with credentials
 * that expire check it; the others take any. @throws ConnectionError 530
 */
export function updateSecret(
  connection: Connection,
  method: MethodOf<"connection.update-secret">,
): void {
  const renewed = connection.identity.renew(method.newSecret.toString("utf8"));
  if (renewed instanceof Promise) {
    connection.waitFor(renewed, method, (result) => finish(connection, result));
  } else {
    finish(connection, renewed);
  }
}

function finish(connection: Connection, result: LoginResult): void {
  const { name, user, log } = connection;
  if (!result.ok) {
    log.error({ connection: name, user }, `secret update was refused: ${result.why}`);
    throw notAllowed("New secret was refused by one of the backends");
  }
  connection.identity = result.identity;
  log.info({ connection: name }, `connection ${name}: user '${user}' updated its secret`);
  connection.sendOnZero("connection.update-secret-ok", {});
}
