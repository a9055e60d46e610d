import type { JSX } from "preact";
import type { PageProps } from "../../app/pages.ts";
import { ExchangeListPage } from "./exchange-list-page.tsx";
import { ExchangePage } from "./exchange-page.tsx";

/** The list, or one exchange: `exchanges/{vhost}/{name}`. */
export function ExchangePages({ rest }: PageProps): JSX.Element {
  const [vhost, name] = rest;
  return vhost === undefined || name === undefined ? (
    <ExchangeListPage />
  ) : (
    <ExchangePage key={`${vhost}/${name}`} vhost={vhost} name={name} />
  );
}
