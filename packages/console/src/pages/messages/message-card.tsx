import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { apiPath, post } from "../../api/client.ts";
import type { MessageInfo, NamedIn } from "../../api/types.ts";
import { bytes, dateTime } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { ExchangeLink, exchangeName, QueueLink } from "../../ui/object-links.tsx";
import { Badge, Choice, CopyButton, Facts } from "../../ui/parts.tsx";
import { perform, tellFailed } from "../../ui/toasts.tsx";
import { asCurl, asJson, asProgram, type Target } from "./copy-texts.ts";
import {
  bytesOf,
  headersOf,
  hexOf,
  jsonOf,
  originOf,
  propertiesOf,
  textOf,
} from "./message-content.ts";

type View = "json" | "text" | "hex";

/** One message: body, properties, headers, and ways to copy it. */
export function MessageCard(props: {
  readonly message: MessageInfo;
  readonly place: number;
  readonly queue: NamedIn;
}): JSX.Element {
  const { message, queue } = props;
  const origin = originOf(message);
  return (
    <article class="message" aria-label={t("Message {n}", { n: props.place })}>
      <header class="message-head">
        <strong>#{props.place}</strong>
        <ExchangeLink vhost={queue.vhost} name={message.exchange ?? ""} />
        <code>{message.routing_key}</code>
        <span class="muted">{bytes(message.payload_bytes ?? bytesOf(message).length)}</span>
        {message.redelivered === true && (
          <Badge
            text={t("redelivered")}
            tone="warn"
            title={t("It was delivered before and came back.")}
          />
        )}
        {origin !== undefined && (
          <span>
            <Badge text={t("dead letter: {reason}", { reason: origin.reason })} tone="bad" />{" "}
            {t("from")} <QueueLink vhost={queue.vhost} name={origin.queue} />
          </span>
        )}
      </header>
      <Body message={message} />
      <MessageFacts message={message} />
      <CopyButtons message={message} target={targetOf(message, queue)} />
    </article>
  );
}

function Body(props: { readonly message: MessageInfo }): JSX.Element {
  const { message } = props;
  const json = jsonOf(message);
  const text = textOf(message);
  const [chosen, setChosen] = useState<View>();
  const view = chosen ?? (json !== undefined ? "json" : text !== undefined ? "text" : "hex");
  const options: readonly (readonly [View, string])[] = [
    ...(json === undefined ? [] : [["json", "JSON"] as const]),
    ...(text === undefined ? [] : [["text", t("Text")] as const]),
    ["hex", t("Hex")],
  ];
  return (
    <>
      <Choice
        label={t("Show the body as")}
        options={options}
        value={view}
        onChoose={(value) => setChosen(value as View)}
      />
      <pre class="body">
        {view === "hex"
          ? hexOf(bytesOf(message))
          : view === "json"
            ? JSON.stringify(json, null, 2)
            : text}
      </pre>
    </>
  );
}

function MessageFacts(props: { readonly message: MessageInfo }): JSX.Element {
  const { headers: _, ...properties } = propertiesOf(props.message);
  const headers = headersOf(props.message);
  return (
    <Facts
      of={[
        ...Object.entries(properties).map(
          ([key, value]) => [key, propertyText(key, value)] as const,
        ),
        ...Object.entries(headers).map(
          ([key, value]) =>
            [t("header {name}", { name: key }), <code key={key}>{valueText(value)}</code>] as const,
        ),
      ]}
    />
  );
}

function propertyText(key: string, value: unknown): string {
  return key === "timestamp" && typeof value === "number"
    ? `${dateTime(value * 1000)} (${value})`
    : valueText(value);
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function targetOf(message: MessageInfo, queue: NamedIn): Target {
  return {
    vhost: queue.vhost,
    exchange: message.exchange ?? "",
    routingKey: message.routing_key ?? queue.name,
  };
}

function CopyButtons(props: {
  readonly message: MessageInfo;
  readonly target: Target;
}): JSX.Element {
  const { message, target } = props;
  const origin = new URL(".", document.baseURI).href;
  return (
    <div class="buttons">
      <button type="button" class="small" onClick={() => void publishCopy(message, target)}>
        {t("Publish a copy")}
      </button>
      <CopyButton label={t("Copy the body")} text={() => textOf(message) ?? message.payload} />
      <CopyButton label={t("Copy as JSON")} text={() => asJson(message)} />
      <CopyButton label={t("Copy as curl")} text={() => asCurl(message, target, origin)} />
      <CopyButton label={t("Copy as a program")} text={() => asProgram(message, target)} />
    </div>
  );
}

/** What was cut for display cannot be published as if it were whole. */
function isWhole(message: MessageInfo): boolean {
  return message.payload_bytes === undefined || message.payload_bytes === bytesOf(message).length;
}

async function publishCopy(message: MessageInfo, target: Target): Promise<void> {
  if (!isWhole(message)) {
    tellFailed(
      new Error(t("Only the beginning of the body was fetched; a copy would not be whole.")),
    );
    return;
  }
  const exchange = exchangeName(target.exchange);
  const isSure = await confirmAction({
    title: t("Publish a copy?"),
    text: t("It goes to {exchange} with the routing key {key}; this one stays where it is.", {
      exchange,
      key: target.routingKey,
    }),
    verb: t("Publish a copy"),
  });
  if (isSure) {
    await perform(t("Published."), () =>
      post(
        `${apiPath("exchanges", target.vhost, target.exchange === "" ? "amq.default" : target.exchange)}/publish`,
        {
          routing_key: target.routingKey,
          payload: message.payload,
          payload_encoding: message.payload_encoding ?? "string",
          properties: propertiesOf(message),
        },
      ),
    );
  }
}
