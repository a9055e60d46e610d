import { chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ChildProgram } from "../../clients/processes/child-program.ts";
import type { Image } from "../image/build-image.ts";
import { OverlayRoot } from "../image/overlay-root.ts";
import type { ComposeService } from "./compose-file.ts";
import { type Host, hostsText } from "./hosts.ts";

const READY_MAX_MS = 60_000;
const EXIT_MAX_MS = 95_000;
const TOOL_MAX_MS = 60_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface ContainerOptions {
  readonly service: ComposeService;
  readonly image: Image;
  /** Of all, for /etc/hosts. */
  readonly hosts: readonly Host[];
  /** On a tmpfs: what the container writes beside its volumes. */
  readonly scratch: string;
  /** Of the volumes. */
  readonly data: string;
  readonly onLine: (line: string) => void;
}

/** What a tool has printed, and how it ended. */
export interface ToolResult {
  readonly code: number;
  readonly text: string;
}

/** A service of compose.yaml as docker would run it, on a host of the topology: image, environment, volumes, user, host name. */
export class Container {
  readonly options: ContainerOptions;
  readonly #root: OverlayRoot;
  #program: ChildProgram | undefined;

  constructor(options: ContainerOptions) {
    const { service, image, hosts, scratch, data } = options;
    this.options = options;
    this.#root = OverlayRoot.make(join(scratch, service.name), [image.layer]);
    writeFileSync(join(this.#root.path, "etc/hosts"), hostsText(hosts));
    for (const mount of service.mounts) {
      const { source, target, isReadOnly, isVolume } = mount;
      if (isVolume) this.#bindVolume(join(data, source), target);
      else this.#root.bind(source, target, isReadOnly, statSync(source).isDirectory());
    }
  }

  get name(): string {
    return this.options.service.name;
  }

  get nodeName(): string {
    return this.options.service.environment["RABBITMQ_NODENAME"] ?? "";
  }

  get pid(): number {
    return this.#running.pid;
  }

  get isRunning(): boolean {
    return this.#program?.isRunning === true;
  }

  /** Runs the image's command. */
  start(): void {
    const { image, service, onLine } = this.options;
    const script = 'hostname "$1" && shift && exec "$@"';
    this.#program = new ChildProgram({
      command: "ip",
      arguments: [
        ...["netns", "exec", service.name, "unshare", "--uts", "/bin/sh", "-c", script, "sh"],
        ...[service.hostname, ...this.#inside(image.command)],
      ],
      onLine,
    });
  }

  async ready(): Promise<void> {
    const isReady = (line: string): boolean => line.includes('"msg":"leveret ready"');
    await this.#running.waitForLine(`leveret ready of ${this.name}`, isReady, READY_MAX_MS);
  }

  /** Runs a program in the container, as `docker exec` does. */
  async exec(command: readonly string[]): Promise<ToolResult> {
    const program = new ChildProgram({
      command: "ip",
      arguments: ["netns", "exec", this.name, ...this.#inside(command)],
    });
    const code = await program.waitForExit(TOOL_MAX_MS);
    return { code, text: program.lines.join("\n") };
  }

  /** The same, of a command that has to end with 0. @throws Error */
  async run(...command: readonly string[]): Promise<string> {
    const { code, text } = await this.exec(command);
    if (code !== 0) throw new Error(`${command.join(" ")} on ${this.name}: code ${code}: ${text}`);
    return text;
  }

  signal(signal: "SIGSTOP" | "SIGCONT" | "SIGKILL" | "SIGTERM"): void {
    process.kill(this.pid, signal);
  }

  /** Resolves with the exit code, -1 after a signal. */
  exited(): Promise<number> {
    return this.#running.waitForExit(EXIT_MAX_MS);
  }

  /** As `docker stop`. */
  async stop(): Promise<number> {
    this.signal("SIGTERM");
    return this.exited();
  }

  get #running(): ChildProgram {
    if (this.#program === undefined) throw new Error(`${this.name} was not started`);
    return this.#program;
  }

  #inside(command: readonly string[]): string[] {
    const { image, service } = this.options;
    const environment = { ...image.environment, ...service.environment };
    const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    return [
      ...["chroot", `--userspec=${image.user ?? "0:0"}`, this.#root.path],
      ...["/usr/bin/env", "-i", "-C", image.workdir, `PATH=${PATH}`, "HOME=/", ...assignments],
      ...command,
    ];
  }

  /** A new volume has the owner of the folder that it covers. */
  #bindVolume(source: string, target: string): void {
    mkdirSync(source, { recursive: true });
    const { uid, gid } = statSync(join(this.#root.path, target));
    chownSync(source, uid, gid);
    this.#root.bind(source, target, false, true);
  }
}
