import { failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { section } from "./cluster-status-text.ts";
import { arg, type Command, type Input } from "./command.ts";

const TOOLS = ["rabbitmq-diagnostics"] as const;
const CONFIGURATION = "Configuration and Environment";
const HEALTH = "Monitoring, observability and health checks";

export const HOST_COMMANDS: readonly Command[] = [
  {
    name: "command_line_arguments",
    group: CONFIGURATION,
    tools: TOOLS,
    usage: "",
    summary: "Shows how the node's process was started",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) => `Command line arguments of node ${node} ...`,
    run: async (_input, caller) => {
      const value = (await caller.call("command_line_arguments", {})) as {
        readonly runtime: readonly string[];
        readonly arguments: readonly string[]; // As its handler sends it.
      };
      return { kind: "text", text: [...value.runtime, ...value.arguments].join(" "), value };
    },
  },
  {
    name: "os_env",
    group: CONFIGURATION,
    tools: TOOLS,
    usage: "",
    summary:
      "Lists the environment variables of the node whose names begin with LEVERET_ or RABBITMQ_",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) =>
      `Listing RabbitMQ-specific environment variables defined on node ${node}...`,
    run: async (_input, caller) => {
      const variables: (readonly [string, string])[] = [];
      // Names and values, as its handler sends them.
      for await (const row of caller.stream("os_env", {})) variables.push(row as [string, string]);
      const text = variables.map(([name, value]) => `${name}=${value}`).join("\n");
      return { kind: "text", text, value: Object.fromEntries(variables) };
    },
  },
  {
    name: "resolve_hostname",
    group: CONFIGURATION,
    tools: TOOLS,
    usage: "<hostname> [--address-family <ipv4 | ipv6>] [--offline]",
    summary: "Says which addresses the node finds for the name of a host",
    count: [1, 1],
    options: ["address-family"],
    needs: "any",
    check: (input) => void familyOf(input),
    banner: (input) => {
      const family = familyOf(input);
      const what = `hostname ${arg(input, 0)} to IPv${family} addresses`;
      return `Asking node ${input.node} to resolve ${what}...`;
    },
    run: async (input, caller) => {
      const hostname = arg(input, 0);
      const family = familyOf(input);
      const found = (await caller.call("resolve_hostname", { hostname, family })) as string[]; // As its handler sends it.
      if (found.length > 0) return { kind: "text", text: found.join("\n"), value: found };
      throw failed(EXIT.data, "Hostname does not resolve (resolution failed with an nxdomain)");
    },
  },
  {
    name: "resolver_info",
    group: CONFIGURATION,
    tools: TOOLS,
    usage: "",
    summary: "Shows which name servers the node asks",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) =>
      `Asking node ${node} for its effective hostname resolver (inetrc) configuration...`,
    run: async (_input, caller) => {
      const value = (await caller.call("resolver_info", {})) as {
        readonly servers: readonly string[]; // As its handler sends it.
      };
      return { kind: "text", text: `Name servers: ${value.servers.join(", ")}`, value };
    },
  },
  {
    name: "list_network_interfaces",
    group: HEALTH,
    tools: TOOLS,
    usage: "",
    summary: "Lists the network interfaces of the node's machine with their addresses",
    count: [0, 0],
    needs: "any",
    banner: ({ node }) => `Asking node ${node} to report its network interfaces ...`,
    run: async (_input, caller) => {
      const found = (await caller.call("list_network_interfaces", {})) as NetworkInterface[]; // As its handler sends it.
      return { kind: "text", text: found.map(interfaceText).join("\n\n\n"), value: found };
    },
  },
  {
    name: "discover_peers",
    group: HEALTH,
    tools: TOOLS,
    usage: "",
    summary: "Lists the nodes that the configuration names as peers",
    count: [0, 0],
    needs: "running",
    banner: () => "Discovering peers nodes ...",
    run: async (_input, caller) => {
      const found = (await caller.call("discover_peers", {})) as string[]; // As its handler sends it.
      const text = found.length === 0 ? "No peers discovered" : found.join("\n");
      return { kind: "text", text, value: found };
    },
  },
];

interface NetworkInterface {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly hardware_address: string;
}

function interfaceText({ name, addresses, hardware_address: hardware }: NetworkInterface): string {
  const lines = [`hwaddr: ${hardware}`, ...addresses.map((address) => `addr: ${address}`)];
  return section(`Interface ${name}`, lines);
}

/** @throws UsageError */
function familyOf({ options: { "address-family": family = "ipv4" } }: Input): 4 | 6 {
  if (family.toLowerCase() === "ipv4") return 4;
  if (family.toLowerCase() === "ipv6") return 6;
  throw new UsageError(
    EXIT.data,
    `Bad argument: unsupported IP address family ${family}. Valid values are: ipv4, ipv6`,
  );
}
