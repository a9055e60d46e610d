import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, post } from "../../api/client.ts";
import { refreshAll } from "../../api/resource.ts";
import { clock } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { type ArgumentRow, argumentsOf, emptyRow, rowsOf } from "../../ui/argument-rows.ts";
import { type ArgumentHint, ArgumentsField } from "../../ui/arguments-field.tsx";
import { SelectField, TextArea, TextField } from "../../ui/fields.tsx";
import { tellDone, tellFailed } from "../../ui/toasts.tsx";
import { keepPublished, type PublishedBefore, publishHistory } from "./publish-history.ts";

interface PublishFormProps {
  readonly vhost: string;
  /** Empty for the default exchange. */
  readonly exchange: string;
  readonly routingKey: string;
  /** The routing key cannot be changed, because the page is that of the queue. */
  readonly isFixed?: boolean;
}

interface Draft {
  readonly routingKey: string;
  readonly payload: string;
  readonly encoding: string;
  readonly headers: readonly ArgumentRow[];
  readonly properties: readonly ArgumentRow[];
}

/** A message to publish; what was sent before can be sent again. */
export function PublishForm(props: PublishFormProps): JSX.Element {
  const [draft, setDraft] = useState<Draft>(emptyDraft(props.routingKey));
  const change = (to: Partial<Draft>): void => setDraft({ ...draft, ...to });
  return (
    <>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void publish(props, draft);
        }}
      >
        {props.isFixed !== true && (
          <TextField
            label={t("Routing key")}
            value={draft.routingKey}
            onInput={(routingKey) => change({ routingKey })}
          />
        )}
        <SelectField
          label={t("Body is given as")}
          value={draft.encoding}
          options={[
            ["string", t("Text")],
            ["base64", "Base64"],
          ]}
          onInput={(encoding) => change({ encoding })}
        />
        <div class="full">
          <TextArea
            label={t("Body")}
            value={draft.payload}
            onInput={(payload) => change({ payload })}
          />
        </div>
        <ArgumentsField
          label={t("Headers")}
          rows={draft.headers}
          onRows={(headers) => change({ headers })}
        />
        <ArgumentsField
          label={t("Properties")}
          rows={draft.properties}
          onRows={(properties) => change({ properties })}
          hints={propertyHints()}
        />
        <div class="buttons">
          <button type="submit" class="primary">
            {t("Publish")}
          </button>
        </div>
      </form>
      <History onChoose={(message) => setDraft(draftOf(message, props))} />
    </>
  );
}

function emptyDraft(routingKey: string): Draft {
  return {
    routingKey,
    payload: "",
    encoding: "string",
    headers: [emptyRow()],
    properties: [{ key: "delivery_mode", value: "2", type: "number" }],
  };
}

function draftOf(message: PublishedBefore, props: PublishFormProps): Draft {
  const { headers, ...properties } = message.properties;
  return {
    routingKey: props.isFixed === true ? props.routingKey : message.routingKey,
    payload: message.payload,
    encoding: message.encoding,
    headers: rowsOf((headers ?? {}) as Record<string, unknown>),
    properties: rowsOf(properties),
  };
}

async function publish(props: PublishFormProps, draft: Draft): Promise<void> {
  const exchange = props.exchange === "" ? "amq.default" : props.exchange;
  try {
    const headers = argumentsOf(draft.headers);
    const properties = {
      ...argumentsOf(draft.properties),
      ...(Object.keys(headers).length > 0 && { headers }),
    };
    const { routed } = await post<{ routed?: boolean }>(
      `${apiPath("exchanges", props.vhost, exchange)}/publish`,
      {
        routing_key: draft.routingKey,
        payload: draft.payload,
        payload_encoding: draft.encoding,
        properties,
      },
    );
    keepPublished({
      at: Date.now(),
      vhost: props.vhost,
      exchange: props.exchange,
      routingKey: draft.routingKey,
      payload: draft.payload,
      encoding: draft.encoding,
      properties,
    });
    if (routed === false) {
      tellFailed(new Error(t("Published, but no queue got it: nothing is bound that fits.")));
    } else {
      tellDone(t("Published."));
    }
    refreshAll();
  } catch (error) {
    tellFailed(error);
  }
}

function History(props: {
  readonly onChoose: (message: PublishedBefore) => void;
}): JSX.Element | null {
  const kept = publishHistory.value;
  if (kept.length === 0) {
    return null;
  }
  return (
    <details class="history">
      <summary>{t("Published before from this browser")}</summary>
      <ul class="plain-list">
        {kept.map((message) => (
          <li key={message.at}>
            <button type="button" class="plain small" onClick={() => props.onChoose(message)}>
              {clock(message.at)} <code>{message.routingKey}</code> {message.payload.slice(0, 60)}
            </button>
          </li>
        ))}
      </ul>
      <button
        type="button"
        class="small"
        onClick={() => {
          publishHistory.value = [];
        }}
      >
        {t("Forget them")}
      </button>
    </details>
  );
}

function propertyHints(): readonly ArgumentHint[] {
  return [
    {
      key: "delivery_mode",
      type: "number",
      text: t("Delivery mode"),
      choices: ["1", "2"],
      help: t("2 keeps the message on disk, 1 in memory."),
    },
    {
      key: "content_type",
      type: "string",
      text: t("Content type"),
      choices: ["application/json", "text/plain"],
      help: t("For the consumer; the broker does not look at it."),
    },
    {
      key: "expiration",
      type: "string",
      text: t("Expiration"),
      help: t("Milliseconds after which the message expires, as text."),
    },
    {
      key: "priority",
      type: "number",
      text: t("Priority"),
      help: t("Counts in queues with priorities only."),
    },
    {
      key: "correlation_id",
      type: "string",
      text: t("Correlation id"),
      help: t("Joins an answer to its request."),
    },
    {
      key: "reply_to",
      type: "string",
      text: t("Reply to"),
      help: t("The queue that answers go to."),
    },
    {
      key: "message_id",
      type: "string",
      text: t("Message id"),
      help: t("For the applications; the broker does not look at it."),
    },
    {
      key: "type",
      type: "string",
      text: t("Type"),
      help: t("For the applications; the broker does not look at it."),
    },
  ];
}
