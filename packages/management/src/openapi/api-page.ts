import type { RouteTopics } from "../routes/route.ts";

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}" +
  "table{border-collapse:collapse;width:100%}td{padding:.2rem .8rem .2rem 0;vertical-align:top}code{white-space:nowrap}";

/** The table of routes for people. */
export function apiPage(topics: RouteTopics, version: string): string {
  const sections = Object.entries(topics).map(([topic, routes]) => {
    const rows = routes.map(
      ({ method, path, may, summary }) =>
        `<tr><td><code>${method}</code></td><td><code>/api${escaped(path)}</code></td>` +
        `<td>${escaped(may)}</td><td>${escaped(summary)}</td></tr>`,
    );
    return `<h2>${escaped(topic)}</h2><table>${rows.join("\n")}</table>`;
  });
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Leveret management API</title><style>${STYLE}</style>` +
    `<h1>Leveret management API ${escaped(version)}</h1>` +
    "<p>Names in paths are percent-encoded: the virtual host <code>/</code> is <code>%2F</code>. " +
    'The same as data: <a href="openapi.json">openapi.json</a>.</p>' +
    `${sections.join("\n")}</html>`
  );
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
