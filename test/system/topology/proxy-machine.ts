import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ChildProgram } from "../../clients/processes/child-program.ts";
import { runTool } from "../run-tool.ts";
import { type Host, hostsText } from "./hosts.ts";

export interface ProxyMachineOptions {
  readonly host: Host;
  /** deploy/haproxy/haproxy.cfg, as it is. */
  readonly haproxyConfig: string;
  /** Of the service in compose.yaml. */
  readonly environment: Readonly<Record<string, string>>;
  /** deploy/keepalived/keepalived-N.conf, as it is. */
  readonly keepalivedConfig: string;
  readonly checkScript: string;
  readonly hosts: readonly Host[];
  readonly directory: string;
  readonly onLine: (line: string) => void;
}

/** A machine with HAProxy and keepalived. */
export class ProxyMachine {
  readonly options: ProxyMachineOptions;
  #haproxy: ChildProgram | undefined;
  #keepalived: ChildProgram | undefined;

  constructor(options: ProxyMachineOptions) {
    this.options = options;
    const { directory, hosts, checkScript } = options;
    const scripts = join(directory, "keepalived");
    mkdirSync(scripts, { recursive: true });
    writeFileSync(join(directory, "hosts"), hostsText(hosts));
    // keepalived runs scripts only if nobody but root can change them.
    cpSync(checkScript, join(scripts, "check-haproxy.sh"));
    runTool("chown", ["-R", "root:root", scripts]);
    runTool("chmod", ["-R", "go-w", scripts]);
  }

  get name(): string {
    return this.options.host.name;
  }

  get address(): string {
    return this.options.host.address;
  }

  startHaproxy(): void {
    const { haproxyConfig, environment } = this.options;
    const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    this.#haproxy = this.#run(["env", ...assignments, "haproxy", "-db", "-f", haproxyConfig]);
  }

  startKeepalived(): void {
    const { keepalivedConfig, directory } = this.options;
    const pidFiles = ["--pid", join(directory, "pid"), "--vrrp_pid", join(directory, "vrrp-pid")];
    const log = ["--dont-fork", "--log-console", "--log-detail", "--vrrp"];
    this.#keepalived = this.#run(["keepalived", ...log, ...pidFiles, "-f", keepalivedConfig]);
  }

  killHaproxy(): void {
    if (this.#haproxy?.isRunning === true) process.kill(this.#haproxy.pid, "SIGKILL");
  }

  /** @throws Error if one of them has ended */
  check(): void {
    for (const program of [this.#haproxy, this.#keepalived]) {
      if (program?.isRunning === false) {
        throw new Error(`${this.name}: ${program.lines.slice(-10).join("\n")}`);
      }
    }
  }

  /** Whether it has the address that clients use. */
  hasAddress(address: string): boolean {
    const text = runTool("ip", ["-n", this.name, "-o", "address", "show", "dev", "eth0"]);
    return text.includes(` ${address}/`);
  }

  #run(command: readonly string[]): ChildProgram {
    const { directory, onLine } = this.options;
    const script =
      'mount --bind "$1/hosts" /etc/hosts && mount --bind "$1/keepalived" /etc/keepalived && shift && exec "$@"';
    return new ChildProgram({
      command: "ip",
      arguments: [
        ...["netns", "exec", this.name, "unshare", "--mount", "/bin/sh", "-c", script, "sh"],
        ...[directory, ...command],
      ],
      onLine: (line) => onLine(`${this.name}: ${line}`),
    });
  }
}
