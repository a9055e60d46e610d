import { makeSalt } from "../broker/administration.ts";
import type { Broker } from "../broker/broker.ts";
import type { MetadataCommand } from "../metadata/commands.ts";
import { loadDefinitions } from "../metadata/definitions.ts";
import { predeclaredExchanges } from "../metadata/predeclared-exchanges.ts";

/** What a definitions document says about exchanges, queues and bindings. */
const TOPOLOGY: ReadonlySet<MetadataCommand["type"]> = new Set([
  "declareExchange",
  "declareQueue",
  "bind",
]);

/**
 * Deletes every queue, exchange and binding of every vhost, then declares again what the `definitions` documents
 * hold. Vhosts, users, permissions, policies and connections stay.
 */
export function resetTopology(broker: Broker, definitions: readonly string[]): void {
  for (const vhost of [...broker.vhosts.keys()]) clearVhost(broker, vhost);
  for (const document of definitions) {
    const { commands } = loadDefinitions(document, { makeSalt, unsupportedQueues: "skip" });
    for (const command of commands) {
      if (TOPOLOGY.has(command.type)) declareAgain(broker, command);
    }
  }
}

function clearVhost(broker: Broker, vhost: string): void {
  const state = broker.metadata.vhost(vhost);
  if (state === undefined) return;
  for (const name of [...state.queues.keys()]) {
    broker.applyMetadata({ type: "deleteQueue", vhost, name });
  }
  const predeclared = new Set(predeclaredExchanges(vhost).map(({ name }) => name));
  for (const name of [...state.exchanges.keys()]) {
    // An auto-delete exchange may have gone with the one before.
    if (predeclared.has(name) || !state.exchanges.has(name)) continue;
    broker.applyMetadata({ type: "deleteExchange", vhost, name });
  }
  for (const binding of [...state.bindings.all()]) {
    broker.applyMetadata({ type: "unbind", binding });
  }
}

/** Its vhost may have been deleted meanwhile; then so is what belongs there. */
function declareAgain(broker: Broker, command: MetadataCommand): void {
  const result = broker.metadata.apply(command);
  if (!result.ok && result.reason !== "no_such_vhost") throw new Error(result.text);
}
