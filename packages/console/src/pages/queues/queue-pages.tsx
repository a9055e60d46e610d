import type { JSX } from "preact";
import type { PageProps } from "../../app/pages.ts";
import { QueueListPage } from "./queue-list-page.tsx";
import { QueuePage } from "./queue-page.tsx";

/** The list, or one queue: `queues/{vhost}/{name}`. */
export function QueuePages({ rest }: PageProps): JSX.Element {
  const [vhost, name] = rest;
  return vhost === undefined || name === undefined ? (
    <QueueListPage />
  ) : (
    <QueuePage key={`${vhost}/${name}`} vhost={vhost} name={name} />
  );
}
