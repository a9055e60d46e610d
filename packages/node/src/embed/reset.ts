import { makeSalt } from "../broker/administration.ts";
import type { Broker } from "../broker/broker.ts";
import type { MetadataCommand } from "../metadata/commands.ts";
import { loadDefinitions } from "../metadata/definitions.ts";
import { predeclaredExchanges } from "../metadata/predeclared-exchanges.ts";

type Submit = (command: MetadataCommand) => void;

/**
 * Deletes every queue, exchange and binding of every vhost, then declares again what the `definitions` documents
 * hold. Vhosts, users, permissions, policies and connections stay. All changes go to `submit`, in order.
 */
export function resetTopology(
  { metadata }: Pick<Broker, "metadata">,
  definitions: readonly string[],
  submit: Submit,
): void {
  for (const { record } of metadata.vhosts()) clearVhost(metadata, record.name, submit);
  for (const document of definitions) {
    const { commands } = loadDefinitions(document, { makeSalt, unsupportedQueues: "skip" });
    for (const command of commands) {
      const vhost = declaredVhost(command);
      // The vhost may have been deleted meanwhile; then so is what belongs there.
      if (vhost !== undefined && metadata.vhost(vhost) !== undefined) submit(command);
    }
  }
}

function clearVhost(metadata: Broker["metadata"], vhost: string, submit: Submit): void {
  const state = metadata.vhost(vhost);
  if (state === undefined) return;
  for (const name of [...state.queues.keys()]) submit({ type: "deleteQueue", vhost, name });
  const predeclared = new Set(predeclaredExchanges(vhost).map(({ name }) => name));
  for (const name of [...state.exchanges.keys()]) {
    // An auto-delete exchange may have gone with the one before.
    if (predeclared.has(name) || !state.exchanges.has(name)) continue;
    submit({ type: "deleteExchange", vhost, name });
  }
  for (const binding of [...state.bindings.all()]) submit({ type: "unbind", binding });
}

/** Of what a definitions document says about exchanges, queues and bindings. */
function declaredVhost(command: MetadataCommand): string | undefined {
  if (command.type === "declareExchange") return command.exchange.vhost;
  if (command.type === "declareQueue") return command.queue.vhost;
  return command.type === "bind" ? command.binding.vhost : undefined;
}
