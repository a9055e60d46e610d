import { badRequest } from "../http-error.ts";
import type { ManagedNode } from "../managed-node.ts";
import type { Verdict } from "./health-verdict.ts";

const DAY_MS = 86_400_000;
/** Days in each unit, as RabbitMQ counts. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["day", 1],
  ["week", 7],
  ["month", 30],
  ["year", 365],
]);

/** Whether a certificate of the node's listeners expires within so many units of time. @throws HttpError */
export function certificateCheck(
  { health, facts }: ManagedNode,
  { within, unit }: { readonly within: string; readonly unit: string },
): Verdict {
  const days = UNITS.get(unit.toLowerCase().replace(/s$/, ""));
  if (days === undefined) {
    throw badRequest("Time unit not recognised. Supported units: days, weeks, months, years.");
  }
  if (!/^\d{1,6}$/.test(within)) throw badRequest("Invalid expiration value.");
  const limit = Date.now() + Number(within) * days * DAY_MS;
  const expiring = health.certificates().filter(({ notAfter }) => notAfter.getTime() <= limit);
  if (expiring.length === 0) return "passed";
  const expired = expiring.map(({ protocol, port, file, subject, notAfter }) => ({
    node: facts.nodeName,
    protocol,
    port,
    certfile: file,
    subject,
    certfile_expires_on: notAfter.toISOString(),
  }));
  return { reason: "Certificates expiring", details: { expired } };
}
