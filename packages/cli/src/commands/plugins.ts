import type { Caller } from "../caller.ts";
import { failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { arg, type Command, type Input, type Output } from "./command.ts";
import { enabledPlugins, findPlugin, PLUGINS, type Plugin } from "./plugin-list.ts";

const OWN = { tools: ["rabbitmq-plugins"], isOwn: true } as const;
const MANY = Number.POSITIVE_INFINITY;
/** Files of plugins that RabbitMQ looks for. */
const NO_DIRECTORY = "(none: what plugins do is built in)";

/** RabbitMQ's plugins: those whose work is built in are always on, the others say what to use instead. */
export const PLUGIN_COMMANDS: readonly Command[] = [
  {
    name: "list",
    group: "Plugin Management",
    ...OWN,
    usage: "[pattern] [--verbose] [--minimal] [--enabled] [--implicitly-enabled]",
    summary: "Lists plugins of RabbitMQ, and which of them are built in here",
    details: [
      ["pattern", "regular expression on names"],
      ["--minimal", "names only"],
      ["--enabled", "only those that are on"],
    ],
    count: [0, 1],
    options: ["verbose", "minimal", "enabled", "implicitly-enabled", "online"],
    needs: "none",
    check: ({ options }) => {
      if (options.verbose !== true || options.minimal !== true) return;
      throw new UsageError(EXIT.data, "Bad argument: Cannot set both verbose and minimal");
    },
    banner: (input) => `Listing plugins with pattern "${arg(input, 0) || ".*"}" ...`,
    run: listPlugins,
  },
  changing("enable", "Enabling", "Switches plugins on: those that are built in are on already"),
  changing("set", "Enabling", "Switches plugins on, and all others off: what is built in stays on"),
  {
    name: "disable",
    group: "Plugin Management",
    ...OWN,
    usage: "<plugin1> [ <plugin2>] | --all [--offline] [--online]",
    summary: "Refuses to switch off what is built in",
    count: [0, MANY],
    options: ["all", "online"],
    needs: "none",
    check: checkNames,
    banner: (input) => `Disabling plugins on node ${input.node}:\n${input.args.join("\n")}`,
    run: async ({ args, options, node }) => {
      const asked = options.all === true ? PLUGINS.filter(isOn) : known(args);
      const builtIn = asked.filter(isOn).map(({ name }) => name);
      if (builtIn.length === 0) return { kind: "text", text: unchangedText(node) };
      const how =
        "their listeners can be switched off by configuration (management-port = off ...)";
      throw failed(
        EXIT.unavailable,
        `these are built in and cannot be disabled: ${builtIn.join(", ")}; ${how}`,
      );
    },
  },
  {
    name: "is_enabled",
    group: "Monitoring, observability and health checks",
    ...OWN,
    usage: "<plugin1> [ <plugin2>] [--offline] [--online]",
    summary: "Fails unless all the plugins are on",
    count: [1, MANY],
    options: ["online"],
    needs: "none",
    banner: ({ args, node }) =>
      `Asking node ${node} if ${args.length === 1 ? `plugin ${args[0]} is` : `plugins ${args.join(", ")} are`} enabled...`,
    run: async ({ args, node }): Promise<Output> => {
      const isOff = (name: string): boolean => {
        const plugin = findPlugin(name);
        return plugin === undefined || !isOn(plugin);
      };
      const off = args.filter(isOff);
      if (off.length === 0) return { kind: "text", text: enabledText(args, node) };
      const noun = off.length === 1 ? `Plugin ${off[0]} is` : `Plugins ${off.join(", ")} are`;
      const others = `Enabled plugins and dependencies: ${enabledPlugins().join(", ")}`;
      throw failed(EXIT.unavailable, `${noun} not enabled on node ${node}. ${others}`);
    },
  },
  {
    name: "directories",
    group: "Monitoring, observability and health checks",
    ...OWN,
    usage: "[--offline] [--online]",
    summary: "Says that there are no files of plugins",
    count: [0, 0],
    options: ["online"],
    needs: "none",
    banner: ({ node }) => `Listing plugin directories used by node ${node}`,
    run: async () => ({
      kind: "text",
      text: [
        `Plugin archives directory: ${NO_DIRECTORY}`,
        `Plugin expansion directory: ${NO_DIRECTORY}`,
        `Enabled plugins file: ${NO_DIRECTORY}`,
      ].join("\n"),
    }),
  },
];

async function listPlugins(input: Input, _caller: Caller): Promise<Output> {
  const { options, node } = input;
  const pattern = patternOf(arg(input, 0));
  const isOnly = options.enabled === true || options["implicitly-enabled"] === true;
  const shown = PLUGINS.filter(({ name }) => pattern.test(name)).filter(
    (plugin) => !isOnly || isOn(plugin),
  );
  const value = {
    format: options.minimal === true ? "minimal" : options.verbose === true ? "verbose" : "normal",
    plugins: shown.map((plugin) => ({
      name: plugin.name,
      enabled: isOn(plugin),
      running: isOn(plugin),
    })),
  };
  if (options.minimal === true) {
    return { kind: "text", text: shown.map(({ name }) => name).join("\n"), value };
  }
  const legend = [
    " Configured: E = explicitly enabled; e = implicitly enabled",
    ` | Status: * = running on ${node}`,
    " |/",
  ];
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const lines = shown.map((plugin) => listLine(plugin, width, options.verbose === true));
  return { kind: "text", text: [...legend, ...lines].join("\n"), value };
}

function listLine(plugin: Plugin, width: number, isVerbose: boolean): string {
  const { name, instead } = plugin;
  const line = `[${isOn(plugin) ? "E*" : "  "}] ${name.padEnd(width)}`;
  const about = instead === undefined ? "built in" : `not part of Leveret: ${instead}`;
  return isVerbose
    ? `${line.trimEnd()}\n     ${about}`
    : `${line} ${instead === undefined ? "built in" : "-"}`;
}

function isOn({ instead }: Plugin): boolean {
  return instead === undefined;
}

function changing(name: string, verb: string, summary: string): Command {
  return {
    name,
    group: "Plugin Management",
    ...OWN,
    usage: `<plugin1> [ <plugin2>]${name === "enable" ? " | --all" : ""} [--offline] [--online]`,
    summary,
    count: [0, MANY],
    options: ["all", "online"],
    needs: "none",
    ...(name === "enable" ? { check: checkNames } : {}),
    banner: ({ args, node }) => `${verb} plugins on node ${node}:\n${args.join("\n")}`,
    run: async ({ args, node }) => {
      const missing = known(args).filter((plugin) => !isOn(plugin));
      if (missing.length === 0) return { kind: "text", text: unchangedText(node) };
      const lines = missing.map((plugin) => `${plugin.name}: ${plugin.instead}`);
      const text = `these plugins of RabbitMQ are not part of Leveret:\n${lines.join("\n")}`;
      throw failed(EXIT.unavailable, text);
    },
  };
}

/** @throws UsageError */
function checkNames({ args, options }: Input): void {
  if (options.all === true && args.length > 0) {
    throw new UsageError(EXIT.usage, "Cannot set both --all and a list of plugins");
  }
  if (options.all !== true && args.length === 0) {
    throw new UsageError(EXIT.usage, "not enough arguments.");
  }
}

/** @throws CliError that names those that nobody knows */
function known(names: readonly string[]): readonly Plugin[] {
  const unknown = names.filter((name) => findPlugin(name) === undefined);
  if (unknown.length > 0) {
    throw failed(EXIT.software, `{:plugins_not_found, [:${unknown.join(", :")}]}`);
  }
  return names.flatMap((name) => findPlugin(name) ?? []);
}

/** As RabbitMQ ends where nothing had to be done. */
function unchangedText(node: string): string {
  return [
    "The following plugins have been configured:",
    ...enabledPlugins().map((name) => `  ${name}`),
    `Applying plugin configuration to ${node}...`,
    "Plugin configuration unchanged.",
  ].join("\n");
}

function enabledText(names: readonly string[], node: string): string {
  const noun = names.length === 1 ? `Plugin ${names[0]} is` : `Plugins ${names.join(", ")} are`;
  return `${noun} enabled on node ${node}`;
}

/** @throws CliError */
function patternOf(text: string): RegExp {
  try {
    return new RegExp(text === "" ? ".*" : text);
  } catch (error) {
    throw failed(EXIT.data, error instanceof Error ? error.message : String(error));
  }
}
