import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../../api/client.ts";
import { t, tn } from "../../i18n/translate.ts";
import { type ArgumentRow, argumentsOf, emptyRow } from "../../ui/argument-rows.ts";
import { ArgumentsField } from "../../ui/arguments-field.tsx";
import { formValues, TextField } from "../../ui/fields.tsx";
import { ExchangeLink, QueueLink } from "../../ui/object-links.tsx";
import { Badge } from "../../ui/parts.tsx";
import { errorText } from "../../ui/toasts.tsx";
import { useNames } from "../exchanges/bindings.tsx";
import {
  type ExplainedExchange,
  type ExplainedQueue,
  type Explanation,
  explainPath,
} from "./explanation.ts";

/** Asks the broker's own routers; nothing is published. */
export function RoutingTester(props: { readonly vhost: string }): JSX.Element {
  const [rows, setRows] = useState<readonly ArgumentRow[]>([emptyRow()]);
  const [answer, setAnswer] = useState<Explanation | string>();
  const exchanges = useNames("exchanges", props.vhost);
  const ask = async (form: HTMLFormElement): Promise<void> => {
    const { exchange = "", routing_key = "", user = "" } = formValues(form);
    try {
      const headers = argumentsOf(rows);
      setAnswer(
        await post<Explanation>(explainPath(props.vhost), {
          exchange,
          routing_key,
          headers,
          ...(user !== "" && { user }),
        }),
      );
    } catch (error) {
      setAnswer(errorText(error));
    }
  };
  return (
    <>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void ask(event.currentTarget);
        }}
      >
        <TextField
          label={t("Exchange")}
          name="exchange"
          choices={exchanges}
          placeholder={t("(default exchange)")}
        />
        <TextField label={t("Routing key")} name="routing_key" />
        <TextField
          label={t("Published by the user")}
          name="user"
          help={t("Optional: then permissions are looked at, too.")}
        />
        <ArgumentsField label={t("Headers")} rows={rows} onRows={setRows} />
        <div class="buttons">
          <button type="submit" class="primary">
            {t("Where would it go?")}
          </button>
        </div>
      </form>
      {typeof answer === "string" && (
        <p class="notice notice-bad" role="alert">
          {answer}
        </p>
      )}
      {typeof answer === "object" && <Answer answer={answer} vhost={props.vhost} />}
    </>
  );
}

function Answer(props: { readonly answer: Explanation; readonly vhost: string }): JSX.Element {
  const { answer, vhost } = props;
  const tone = answer.outcome === "routed" ? "notice-good" : "notice-bad";
  return (
    <div role="status">
      <p class={`notice ${tone}`}>{answer.reason}</p>
      <ol class="route">
        {(answer.exchanges ?? []).map((exchange) => (
          <li key={exchange.name}>
            <Way exchange={exchange} vhost={vhost} />
          </li>
        ))}
      </ol>
      {(answer.queues ?? []).map((queue) => (
        <Arrival key={queue.name} queue={queue} vhost={vhost} />
      ))}
      {(answer.more_queues ?? 0) > 0 && <p>{t("and {n} more", { n: answer.more_queues ?? 0 })}</p>}
    </div>
  );
}

function Way(props: { readonly exchange: ExplainedExchange; readonly vhost: string }): JSX.Element {
  const { exchange, vhost } = props;
  const { bindings = [], unmatched = 0, unmatched_examples: others = [] } = exchange;
  return (
    <>
      {t("Exchange")} <ExchangeLink vhost={vhost} name={exchange.name} />{" "}
      <Badge text={exchange.type ?? ""} />
      {exchange.reached_by === "alternate" && (
        <Badge text={t("as the alternate exchange")} tone="warn" />
      )}
      <ul>
        {bindings.map((binding) => (
          <li key={`${binding.destination_type}/${binding.destination}/${binding.routing_key}`}>
            ✓ <code>{binding.routing_key === "" ? '""' : binding.routing_key}</code> →{" "}
            {binding.destination} <span class="muted">{binding.reason}</span>
          </li>
        ))}
        {others.map((binding) => (
          <li
            key={`${binding.destination_type}/${binding.destination}/${binding.routing_key}`}
            class="muted"
          >
            ✗ <code>{binding.routing_key === "" ? '""' : binding.routing_key}</code> →{" "}
            {binding.destination} {binding.reason}
          </li>
        ))}
        {unmatched > others.length && (
          <li class="muted">
            {tn(unmatched - others.length, "1 more does not fit", "{n} more do not fit")}
          </li>
        )}
      </ul>
      {(exchange.notes ?? []).map((note) => (
        <p key={note} class="muted small-text">
          {note}
        </p>
      ))}
    </>
  );
}

function Arrival(props: { readonly queue: ExplainedQueue; readonly vhost: string }): JSX.Element {
  const { queue } = props;
  return (
    <div class="card arrival">
      <h3>
        <span>
          {t("Queue")} <QueueLink vhost={props.vhost} name={queue.name} />
        </span>
        <span class="muted small-text">
          {t("{ready} ready, {consumers} consumers", {
            ready: queue.messages_ready ?? 0,
            consumers: queue.consumers ?? 0,
          })}
        </span>
      </h3>
      <ul>
        {(queue.effects ?? []).map((effect) => (
          <li key={effect.key}>
            {effect.text}{" "}
            {effect.source !== null && effect.source !== undefined && (
              <span class="muted">({effect.source})</span>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
