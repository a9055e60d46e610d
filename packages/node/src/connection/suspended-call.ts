import { PermissionPending } from "../auth/permissions.ts";
import type { Channel } from "./channel.ts";

/**
 * For a handler whose answer waits for something, such as a change of metadata: calls `start`, and when that calls its `done`, `then`
 * with the outcome. In between nothing more of the connection's input is handled, as RabbitMQ's channels do one thing after another;
 * what is sent to the client goes on.
 *
 * If `done` is called within `start`, all this is one call. If not, `then` runs in that later turn, only if the channel is still open, and
 * what it throws closes channel or connection as if the handler had thrown it.
 */
export function suspendFor<T>(
  channel: Channel,
  start: (done: (outcome: T) => void) => void,
  then: (outcome: T) => void,
): void {
  let first: { readonly outcome: T } | undefined;
  let later: ((outcome: T) => void) | undefined;
  start((outcome) => {
    if (later === undefined) first ??= { outcome };
    else later(outcome);
  });
  if (first !== undefined) {
    then(first.outcome);
    return;
  }
  const { connection } = channel;
  const resume = connection.suspend();
  later = (outcome) => {
    later = () => undefined;
    connection.finishLate(channel, () => then(outcome));
    resume();
  };
}

/**
 * Calls `action`; as long as it lacks a permission that another service has to be asked for, asks, and calls it again: it must not have
 * done anything before. What it has done at random has to be outside of it.
 */
export function oncePermitted(channel: Channel, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof PermissionPending)) throw error;
    askFirst(channel, error, () => oncePermitted(channel, action));
  }
}

/** Calls `then` when the permission has been asked for. */
export function askFirst(channel: Channel, pending: PermissionPending, then: () => void): void {
  suspendFor<void>(channel, (done) => void pending.ask().then(done), then);
}
