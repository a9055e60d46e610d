import type { JSX } from "preact";
import type { Arguments, QueueInfo } from "../../api/types.ts";
import { t } from "../../i18n/translate.ts";
import { PolicyLink } from "../../ui/object-links.tsx";
import { Badge } from "../../ui/parts.tsx";

/** Codes that RabbitMQ's console has made familiar, with what they mean. */
function argumentCodes(): Readonly<Record<string, readonly [string, string]>> {
  return {
    "x-message-ttl": ["TTL", t("Messages expire after a time")],
    "x-expires": ["Exp", t("The queue is deleted when it is not used")],
    "x-max-length": ["Lim", t("Number of messages is limited")],
    "x-max-length-bytes": ["Lim B", t("Size of messages is limited")],
    "x-overflow": ["Ovfl", t("What happens when it is full")],
    "x-dead-letter-exchange": ["DLX", t("Dead letters go to an exchange")],
    "x-dead-letter-routing-key": ["DLK", t("Dead letters get another routing key")],
    "x-max-priority": ["Pri", t("Messages have priorities")],
    "x-single-active-consumer": ["SAC", t("One consumer at a time is served")],
    "x-delivery-limit": ["DlL", t("Number of deliveries is limited")],
    "x-queue-mode": ["Mode", t("Mode of the queue")],
  };
}

/** What is special about a queue, in few letters. */
export function QueueFeatures(props: { readonly queue: QueueInfo }): JSX.Element {
  const { queue } = props;
  const codes = argumentCodes();
  const rest = Object.entries(queue.arguments ?? {}).filter(
    ([key]) => key !== "x-queue-type" && codes[key] === undefined,
  );
  return (
    <>
      {queue.durable === true && (
        <Code code="D" meaning={t("Durable: survives a restart of the broker")} />
      )}
      {queue.auto_delete === true && (
        <Code code="AD" meaning={t("Deleted when its last consumer leaves")} />
      )}
      {queue.exclusive === true && (
        <Code code="Excl" meaning={t("Belongs to one connection and is deleted with it")} />
      )}
      {Object.entries(queue.arguments ?? {}).map(([key, value]) => {
        const code = codes[key];
        return (
          code && <Code key={key} code={code[0]} meaning={`${code[1]}: ${key} = ${text(value)}`} />
        );
      })}
      {rest.length > 0 && (
        <Code
          code="Args"
          meaning={rest.map(([key, value]) => `${key} = ${text(value)}`).join(", ")}
        />
      )}
      {queue.policy && <PolicyLink vhost={queue.vhost} name={queue.policy} />}
    </>
  );
}

function Code(props: { readonly code: string; readonly meaning: string }): JSX.Element {
  return <Badge text={props.code} title={props.meaning} />;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Names with values, one a line. */
export function ArgumentList(props: {
  readonly of: Arguments | readonly unknown[] | undefined;
}): JSX.Element | null {
  const entries = Object.entries(props.of ?? {});
  if (entries.length === 0) {
    return null;
  }
  return (
    <ul class="plain-list">
      {entries.map(([key, value]) => (
        <li key={key}>
          <code>
            {key}: {text(value)}
          </code>
        </li>
      ))}
    </ul>
  );
}

/** As a fact: left out if there are none. */
export function argumentFact(
  of: Arguments | readonly unknown[] | undefined,
): JSX.Element | undefined {
  return Object.keys(of ?? {}).length === 0 ? undefined : <ArgumentList of={of} />;
}
