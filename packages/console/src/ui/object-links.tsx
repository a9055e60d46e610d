import type { JSX } from "preact";
import { href } from "../app/router.ts";
import { t } from "../i18n/translate.ts";

/** Links to the pages of the broker's objects, so that every name leads to what it names. */

export function QueueLink(props: { readonly vhost: string; readonly name: string }): JSX.Element {
  return <a href={href(["queues", props.vhost, props.name])}>{props.name}</a>;
}

/** How an exchange is called; the default exchange has no name of its own. */
export function exchangeName(name: string): string {
  return name === "" ? t("(default exchange)") : name;
}

/** RabbitMQ's console calls the default exchange so in addresses. */
const DEFAULT_IN_ADDRESS = "amq.default";

export function exchangeAddress(vhost: string, name: string): string {
  return href(["exchanges", vhost, name === "" ? DEFAULT_IN_ADDRESS : name]);
}

export function ExchangeLink(props: {
  readonly vhost: string;
  readonly name: string;
}): JSX.Element {
  return <a href={exchangeAddress(props.vhost, props.name)}>{exchangeName(props.name)}</a>;
}

export function ConnectionLink(props: {
  readonly name: string;
  readonly text?: string;
}): JSX.Element {
  return <a href={href(["connections", props.name])}>{props.text ?? props.name}</a>;
}

export function ChannelLink(props: { readonly name: string; readonly text?: string }): JSX.Element {
  return <a href={href(["channels", props.name])}>{props.text ?? props.name}</a>;
}

export function UserLink(props: { readonly name: string }): JSX.Element {
  return <a href={href(["users", props.name])}>{props.name}</a>;
}

export function VhostLink(props: { readonly name: string }): JSX.Element {
  return <a href={href(["vhosts", props.name])}>{props.name}</a>;
}

export function NodeLink(props: { readonly name: string }): JSX.Element {
  return <a href={href(["nodes", props.name])}>{props.name}</a>;
}

export function PolicyLink(props: { readonly vhost: string; readonly name: string }): JSX.Element {
  return <a href={href(["policies", props.vhost, props.name])}>{props.name}</a>;
}
