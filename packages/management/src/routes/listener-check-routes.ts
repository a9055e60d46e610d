import { badRequest } from "../http-error.ts";
import type { ListenerFacts } from "../model/node-facts.ts";
import { json } from "./answers.ts";
import { verdictAnswer } from "./health-verdict.ts";
import { type ApiRequest, type Route, route } from "./route.ts";

/** Names of protocols that mean a listener of another name. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["amqp091", "amqp"],
  ["amqp10", "amqp"],
  ["amqps", "amqp/ssl"],
  ["amqp-tls", "amqp/ssl"],
  ["amqp/tls", "amqp/ssl"],
  ["tls", "amqp/ssl"],
  ["ssl", "amqp/ssl"],
  ["distribution", "clustering"],
  ["http-tls", "https"],
]);

const NO_LISTENER = "No active listener";

export const LISTENER_CHECK_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/health/checks/port-listener/{port}",
    may: "user",
    summary: "This node listens on the port.",
    handle: async ({ node, params }) => {
      if (!/^\d{1,5}$/.test(params.port)) throw badRequest("Invalid port");
      const port = Number(params.port);
      const ports = (await ownListeners(node)).map((listener) => listener.port);
      if (ports.includes(port)) return json({ status: "ok", port });
      return verdictAnswer({ reason: NO_LISTENER, details: { missing: port, ports } });
    },
  }),
  route({
    method: "GET",
    path: "/health/checks/protocol-listener/{protocols}",
    may: "user",
    summary: "This node listens for the protocol, or for one of several with commas between them.",
    handle: async ({ node, params }) => {
      const names = params.protocols.toLowerCase().split(",");
      const wanted = names.map((name) => OTHER_NAMES.get(name) ?? name);
      const active = (await ownListeners(node)).map(({ protocol }) => protocol);
      const found = wanted.find((protocol) => active.includes(protocol));
      if (found !== undefined) return json({ status: "ok", protocol: found });
      const details = { missing: wanted.join(","), protocols: Array.from(new Set(active)) };
      return verdictAnswer({ reason: NO_LISTENER, details });
    },
  }),
];

async function ownListeners(node: ApiRequest["node"]): Promise<readonly ListenerFacts[]> {
  const all = await node.facts.listeners();
  return all.filter((listener) => listener.node === node.facts.nodeName);
}
