import { apiPath, post, remove } from "../../api/client.ts";
import type { NamedIn, QueueInfo } from "../../api/types.ts";
import { count } from "../../format/quantities.ts";
import { t, tn } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { perform } from "../../ui/toasts.tsx";

/** From how many queues, or messages, a name or number has to be typed before they are destroyed. */
const TYPED_FROM = 5;

/** Throws away what is ready in the queues, after asking. */
export async function purgeQueues(queues: readonly QueueInfo[]): Promise<boolean> {
  const ready = queues.reduce((sum, queue) => sum + (queue.messages_ready ?? 0), 0);
  const isSure = await confirmAction({
    title:
      queues.length === 1
        ? t("Purge {name}?", { name: queues[0]?.name ?? "" })
        : t("Purge {n} queues?", { n: queues.length }),
    text: (
      <>
        <p>
          {t(
            "All messages that are ready are thrown away: {n} now. They do not go to a dead-letter exchange. Deliveries that wait for their acknowledgement stay.",
            { n: count(ready) },
          )}
        </p>
        <NameList queues={queues} />
      </>
    ),
    verb: t("Purge"),
    typed: queues.length >= TYPED_FROM ? String(queues.length) : undefined,
  });
  return (
    isSure &&
    perform(tn(queues.length, "1 queue purged.", "{n} queues purged."), () => each(queues, purge))
  );
}

/** Deletes the queues with their messages, after asking. */
export async function deleteQueues(queues: readonly QueueInfo[]): Promise<boolean> {
  const messages = queues.reduce((sum, queue) => sum + (queue.messages ?? 0), 0);
  const consumers = queues.reduce((sum, queue) => sum + (queue.consumers ?? 0), 0);
  const isSure = await confirmAction({
    title:
      queues.length === 1
        ? t("Delete {name}?", { name: queues[0]?.name ?? "" })
        : t("Delete {n} queues?", { n: queues.length }),
    text: (
      <>
        <p>
          {t(
            "Their bindings and {n} messages are lost, and {consumers} consumers are cancelled. This cannot be taken back.",
            { n: count(messages), consumers: count(consumers) },
          )}
        </p>
        <NameList queues={queues} />
      </>
    ),
    verb: t("Delete"),
    typed: queues.length >= TYPED_FROM ? String(queues.length) : undefined,
  });
  return (
    isSure &&
    perform(tn(queues.length, "1 queue deleted.", "{n} queues deleted."), () => each(queues, drop))
  );
}

/** What is asked of the replicas of mirrored queues. */
export function queueAction(queue: NamedIn, action: "sync" | "cancel_sync"): Promise<unknown> {
  return post(`${apiPath("queues", queue.vhost, queue.name)}/actions`, { action });
}

function purge(queue: NamedIn): Promise<unknown> {
  return remove(`${apiPath("queues", queue.vhost, queue.name)}/contents`);
}

function drop(queue: NamedIn): Promise<unknown> {
  return remove(apiPath("queues", queue.vhost, queue.name));
}

/** One after the other, so that the first failure stops the rest. */
async function each(
  queues: readonly NamedIn[],
  act: (queue: NamedIn) => Promise<unknown>,
): Promise<void> {
  for (const queue of queues) {
    await act(queue);
  }
}

function NameList(props: { readonly queues: readonly QueueInfo[] }) {
  return (
    <ul>
      {props.queues.map((queue) => (
        <li key={`${queue.vhost}/${queue.name}`}>
          {queue.name} <span class="muted">{queue.vhost}</span>
        </li>
      ))}
    </ul>
  );
}
