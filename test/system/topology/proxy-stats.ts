/** One server of a backend, as HAProxy sees it. */
export interface ServerStatus {
  readonly backend: string;
  readonly server: string;
  /** `UP`, `DOWN`, `UP 1/2` and so on. */
  readonly status: string;
  /** Connections at this moment. */
  readonly sessions: number;
}

/** Asks HAProxy's statistics page. @throws Error if it does not answer */
export async function readProxyStats(
  address: string,
  password: string,
): Promise<readonly ServerStatus[]> {
  const credentials = Buffer.from(`admin:${password}`).toString("base64");
  const response = await fetch(`http://${address}:8404/;csv`, {
    headers: { authorization: `Basic ${credentials}` },
    signal: AbortSignal.timeout(2000),
  });
  if (!response.ok) throw new Error(`HAProxy's statistics: ${response.status}`);
  const [head = "", ...lines] = (await response.text()).trim().split("\n");
  const columns = head.replace(/^# /, "").split(",");
  const at = (name: string): number => columns.indexOf(name);
  return lines
    .map((line) => line.split(","))
    .filter((cells) => !["FRONTEND", "BACKEND"].includes(cells[at("svname")] ?? ""))
    .map((cells) => ({
      backend: cells[at("pxname")] ?? "",
      server: cells[at("svname")] ?? "",
      status: cells[at("status")] ?? "",
      sessions: Number(cells[at("scur")]),
    }));
}

/** Servers of the backend that get clients. */
export function serversUp(stats: readonly ServerStatus[], backend: string): string[] {
  return stats
    .filter((one) => one.backend === backend && one.status.startsWith("UP"))
    .map(({ server }) => server);
}
