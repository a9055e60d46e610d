import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Image } from "../image/build-image.ts";
import { runTool } from "../run-tool.ts";
import { until } from "../until.ts";
import {
  type ComposeFile,
  type ComposeService,
  readComposeFile,
  readVariables,
} from "./compose-file.ts";
import { Container } from "./container.ts";
import { type Host, makeHosts } from "./hosts.ts";
import { ProxyMachine } from "./proxy-machine.ts";
import { readProxyStats, type ServerStatus, serversUp } from "./proxy-stats.ts";

/** Where this process is: a host beside the others. */
const CLIENT: Host = { name: "client", address: "172.29.91.30" };
/** A second machine with HAProxy; the first has the address of the service in compose.yaml. */
const SECOND_PROXY: Host = { name: "proxy2", address: "172.29.91.22" };
/** A node that is not there from the start. */
const FOURTH: Host = { name: "leveret4", address: "172.29.91.14" };

export interface TopologyOptions {
  readonly deploy: string;
  readonly image: Image;
  /** On a tmpfs. */
  readonly scratch: string;
  /** Data and logs. */
  readonly directory: string;
}

/**
 * What deploy/ describes, without Docker: the nodes of compose.yaml, two machines with HAProxy and keepalived, and a client, each a network
 * namespace. This process has to be in a mount and a network namespace of its own, with which all of it goes.
 */
export class Topology {
  readonly compose: ComposeFile;
  readonly nodes: readonly Container[];
  readonly proxies: readonly ProxyMachine[];
  /** user:password of the nodes. */
  readonly credentials: string;
  readonly certificates: string;
  readonly #options: TopologyOptions;
  readonly #hosts: readonly Host[];
  readonly #variables: Readonly<Record<string, string>>;
  readonly #logs = new Map<string, string[]>();

  private constructor(options: TopologyOptions) {
    const { deploy, directory } = options;
    this.#options = options;
    this.#variables = readVariables(join(deploy, ".env"));
    this.compose = readComposeFile(join(deploy, "compose.yaml"), this.#variables);
    this.certificates = join(deploy, "certificates");
    const { LEVERET_USER: user = "", LEVERET_PASSWORD: password = "" } = this.#variables;
    this.credentials = `${user}:${password}`;
    const services = this.compose.services.filter(({ image }) => image === "leveret");
    const nodeHosts = services.map(({ name, address = "" }) => ({ name, address }));
    const haproxy = this.#service("haproxy");
    const proxyHosts = [{ name: "proxy1", address: haproxy.address ?? "" }, SECOND_PROXY];
    this.#hosts = [...nodeHosts, FOURTH, ...proxyHosts];
    makeHosts(CLIENT, this.#hosts);
    this.nodes = services.map((service) => this.#container(service));
    this.proxies = proxyHosts.map((host, index) => {
      return new ProxyMachine({
        host,
        haproxyConfig: join(deploy, "haproxy/haproxy.cfg"),
        environment: haproxy.environment,
        keepalivedConfig: join(deploy, `keepalived/keepalived-${index + 1}.conf`),
        checkScript: join(deploy, "keepalived/check-haproxy.sh"),
        hosts: this.#hosts,
        directory: join(directory, host.name),
        onLine: (line) => this.#note(host.name, line),
      });
    });
  }

  /** Everything runs, and clients are served at {@link address}. */
  static async start(options: TopologyOptions): Promise<Topology> {
    mkdirSync(options.directory, { recursive: true });
    const topology = new Topology(options);
    for (const node of topology.nodes) node.start();
    for (const proxy of topology.proxies) proxy.startHaproxy();
    for (const node of topology.nodes) await node.ready();
    for (const proxy of topology.proxies) proxy.startKeepalived();
    await topology.allUp();
    return topology;
  }

  /** The one that keepalived moves. */
  get address(): string {
    const text = readFileSync(join(this.#options.deploy, "keepalived/keepalived-1.conf"), "utf8");
    return /virtual_ipaddress \{\s+([\d.]+)\//.exec(text)?.[1] ?? "";
  }

  /** The copy of deploy/ that all of it comes from. */
  get deploy(): string {
    return this.#options.deploy;
  }

  get clientAddress(): string {
    return CLIENT.address;
  }

  get url(): string {
    return `amqp://${this.credentials}@${this.address}:5672/`;
  }

  get tlsUrl(): string {
    return `amqps://${this.credentials}@${this.address}:5671/`;
  }

  node(index: number): Container {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  /** The machine that has the address at the moment. @throws Error if none, or more than one */
  get activeProxy(): ProxyMachine {
    const active = this.proxies.filter((proxy) => proxy.hasAddress(this.address));
    const [only] = active;
    if (only === undefined || active.length !== 1) {
      throw new Error(`${active.length} machines have ${this.address}`);
    }
    return only;
  }

  /** What the HAProxy that clients are at thinks of the nodes. */
  stats(): Promise<readonly ServerStatus[]> {
    const { STATS_PASSWORD: password = "" } = this.#variables;
    return readProxyStats(this.address, password);
  }

  /** HAProxy sends clients to all nodes again. Returns after how many milliseconds. */
  allUp(): Promise<number> {
    return until(
      "HAProxy finds all nodes healthy",
      async () => {
        for (const proxy of this.proxies) proxy.check();
        const stats = await this.stats();
        const count = this.nodes.length;
        return ["amqp", "amqps", "management"].every(
          (backend) => serversUp(stats, backend).length === count,
        );
      },
      60_000,
    );
  }

  /** A further node, as one of compose.yaml, with data of its own. It has to be started. */
  addNode(): Container {
    const model = this.nodes.at(-1)?.options.service;
    if (model === undefined) throw new Error("there is no node to be like");
    return this.#container({
      ...model,
      name: FOURTH.name,
      hostname: FOURTH.name,
      address: FOURTH.address,
      environment: { ...model.environment, RABBITMQ_NODENAME: `rabbit@${FOURTH.name}` },
      mounts: model.mounts.map((mount) => (mount.isVolume ? { ...mount, source: "data4" } : mount)),
    });
  }

  /** Writes what all have logged. */
  saveLogs(): void {
    for (const [name, lines] of this.#logs) {
      writeFileSync(join(this.#options.directory, `${name}.log`), `${lines.join("\n")}\n`);
    }
  }

  #service(name: string): ComposeService {
    const service = this.compose.services.find((one) => one.name === name);
    if (service === undefined) throw new Error(`compose.yaml has no service ${name}`);
    return service;
  }

  #container(service: ComposeService): Container {
    const { image, scratch, directory } = this.#options;
    return new Container({
      service,
      image,
      hosts: this.#hosts,
      scratch: join(scratch, "containers"),
      data: join(directory, "volumes"),
      onLine: (line) => this.#note(service.name, line),
    });
  }

  #note(name: string, line: string): void {
    const lines = this.#logs.get(name) ?? [];
    lines.push(line);
    this.#logs.set(name, lines);
  }
}

/** A copy of deploy/ with secrets and certificates, as its prepare.sh makes them. */
export function prepareDeployment(deploy: string, copy: string): void {
  runTool("cp", ["-a", deploy, copy]);
  runTool("rm", ["-rf", join(copy, ".env"), join(copy, "certificates")]);
  runTool("/bin/sh", [join(copy, "prepare.sh")]);
}
