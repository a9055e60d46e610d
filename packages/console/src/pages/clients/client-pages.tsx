import type { JSX } from "preact";
import type { PageProps } from "../../app/pages.ts";
import { ChannelListPage } from "./channel-list-page.tsx";
import { ChannelPage } from "./channel-page.tsx";
import { ConnectionListPage } from "./connection-list-page.tsx";
import { ConnectionPage } from "./connection-page.tsx";
import { ConsumerListPage } from "./consumer-list-page.tsx";

/** The list, or one connection: `connections/{name}`. */
export function ConnectionPages({ rest }: PageProps): JSX.Element {
  const [name] = rest;
  return name === undefined ? <ConnectionListPage /> : <ConnectionPage key={name} name={name} />;
}

/** The list, or one channel: `channels/{name}`. */
export function ChannelPages({ rest }: PageProps): JSX.Element {
  const [name] = rest;
  return name === undefined ? <ChannelListPage /> : <ChannelPage key={name} name={name} />;
}

export function ConsumerPages(): JSX.Element {
  return <ConsumerListPage />;
}
