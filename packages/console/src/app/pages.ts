import type { ComponentType } from "preact";
import { msg } from "../i18n/translate.ts";
import { lazy } from "./lazy.tsx";
import { isAllowed } from "./session.ts";

/** What a page is given: the segments of the address after the first. */
export interface PageProps {
  readonly rest: readonly string[];
}

type PageComponent = ComponentType<PageProps>;

/** The overview comes first, so it has a chunk of its own; the others come together in a few. */
const pages = {
  overview: lazy<PageProps>(() =>
    import("../pages/overview/overview-page.tsx").then((module) => module.OverviewPage),
  ),
  queues: lazy<PageProps>(() =>
    import("../pages/queues/queue-pages.tsx").then((module) => module.QueuePages),
  ),
  connections: lazy<PageProps>(() =>
    import("../pages/clients/client-pages.tsx").then((module) => module.ConnectionPages),
  ),
  channels: lazy<PageProps>(() =>
    import("../pages/clients/client-pages.tsx").then((module) => module.ChannelPages),
  ),
  consumers: lazy<PageProps>(() =>
    import("../pages/clients/client-pages.tsx").then((module) => module.ConsumerPages),
  ),
  exchanges: lazy<PageProps>(() =>
    import("../pages/exchanges/exchange-pages.tsx").then((module) => module.ExchangePages),
  ),
  admin: lazy<PageProps>(() =>
    import("../pages/admin/admin-pages.tsx").then((module) => module.AdminPages),
  ),
  cluster: lazy<PageProps>(() =>
    import("../pages/cluster/cluster-pages.tsx").then((module) => module.ClusterPages),
  ),
  topology: lazy<PageProps>(() =>
    import("../pages/topology/topology-page.tsx").then((module) => module.TopologyPage),
  ),
  learn: lazy<PageProps>(() =>
    import("../pages/learn/learn-page.tsx").then((module) => module.LearnPage),
  ),
} satisfies Record<string, PageComponent>;

/** An entry of the frame's menu. */
export interface MenuEntry {
  /** First segment of the address; empty for the overview. */
  readonly at: string;
  readonly label: string;
  /** Second key after `g` that goes there. */
  readonly key: string;
  readonly page: PageComponent;
  readonly isVisible: () => boolean;
}

const everyone = (): boolean => true;

/** The menu, in its order. Labels are translated where they are shown. */
export const MENU: readonly MenuEntry[] = [
  { at: "", label: msg("Overview"), key: "o", page: pages.overview, isVisible: everyone },
  {
    at: "connections",
    label: msg("Connections"),
    key: "c",
    page: pages.connections,
    isVisible: everyone,
  },
  { at: "channels", label: msg("Channels"), key: "h", page: pages.channels, isVisible: everyone },
  {
    at: "consumers",
    label: msg("Consumers"),
    key: "s",
    page: pages.consumers,
    isVisible: everyone,
  },
  {
    at: "exchanges",
    label: msg("Exchanges"),
    key: "e",
    page: pages.exchanges,
    isVisible: everyone,
  },
  { at: "queues", label: msg("Queues"), key: "q", page: pages.queues, isVisible: everyone },
  { at: "topology", label: msg("Topology"), key: "t", page: pages.topology, isVisible: everyone },
  {
    at: "cluster",
    label: msg("Cluster"),
    key: "k",
    page: pages.cluster,
    isVisible: () => isAllowed("monitoring"),
  },
  { at: "admin", label: msg("Admin"), key: "a", page: pages.admin, isVisible: everyone },
  { at: "learn", label: msg("Learn"), key: "l", page: pages.learn, isVisible: everyone },
];

/** First segments of RabbitMQ's addresses that live under another entry here. */
const UNDER: Readonly<Record<string, string>> = {
  nodes: "cluster",
  "cluster-name": "cluster",
  users: "admin",
  vhosts: "admin",
  policies: "admin",
  limits: "admin",
  definitions: "admin",
  "feature-flags": "admin",
};

/** The menu's entry for an address, or undefined if there is no such page. */
export function entryOf(path: readonly string[]): MenuEntry | undefined {
  const [first = ""] = path;
  return MENU.find((entry) => entry.at === (UNDER[first] ?? first));
}

/** What the entry's page is given: for addresses that live under an entry, all segments; otherwise those after the first. */
export function restOf(path: readonly string[]): readonly string[] {
  return path[0] !== undefined && path[0] in UNDER ? path : path.slice(1);
}
