import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "../run-tool.ts";

/** Users and groups of a Debian image with Node, instead of those of this machine. */
const PASSWD = [
  "root:x:0:0:root:/root:/bin/bash",
  "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
  "_apt:x:42:65534::/nonexistent:/usr/sbin/nologin",
  "node:x:1000:1000::/home/node:/bin/bash",
];
const GROUP = ["root:x:0:", "daemon:x:1:", "shadow:x:42:", "nogroup:x:65534:", "node:x:1000:"];
/** Of this machine's own RabbitMQ. */
const NOT_IN_IMAGES = ["etc/rabbitmq", "var/lib/rabbitmq", "src", "app", "opt/leveret"];

/**
 * A root of a file system: layers of which only the topmost is written to, above that of this machine, which stands for the base image (a
 * Debian with Node). Mounts last as long as the mount namespace, which has to be one of its own.
 */
export class OverlayRoot {
  /** Where it is. */
  readonly path: string;
  /** What was written. */
  readonly upper: string;

  private constructor(path: string, upper: string) {
    this.path = path;
    this.upper = upper;
  }

  /** `directory` is on a tmpfs. `layers`: uppers of others, the topmost first. */
  static make(directory: string, layers: readonly string[] = []): OverlayRoot {
    const [upper, work, path] = ["upper", "work", "root"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ]; // One for each name.
    for (const folder of [upper, work, path]) mkdirSync(folder, { recursive: true });
    const lower = [...layers, "/"].join(":");
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    runTool("mount", ["-t", "overlay", "overlay", "-o", options, path]);
    const root = new OverlayRoot(path, upper);
    if (layers.length === 0) root.#becomeBaseImage();
    root.#mountSystem();
    return root;
  }

  /** Mounts a file or folder of this machine at `target`, as docker does with volumes. */
  bind(source: string, target: string, isReadOnly: boolean, isDirectory: boolean): void {
    const at = join(this.path, target);
    mkdirSync(isDirectory ? at : join(at, ".."), { recursive: true });
    if (!isDirectory) writeFileSync(at, "", { flag: "a" });
    runTool("mount", ["--bind", source, at]);
    if (isReadOnly) runTool("mount", ["-o", "remount,ro,bind", at]);
  }

  #becomeBaseImage(): void {
    for (const path of NOT_IN_IMAGES) {
      rmSync(join(this.path, path), { recursive: true, force: true });
    }
    const write = (name: string, lines: readonly string[], mode: number): void =>
      writeFileSync(join(this.path, "etc", name), `${lines.join("\n")}\n`, { mode });
    write("passwd", PASSWD, 0o644);
    write("group", GROUP, 0o644);
    write(
      "shadow",
      PASSWD.map((line) => `${line.split(":")[0]}:*:20000:0:99999:7:::`),
      0o640,
    );
    write(
      "gshadow",
      GROUP.map((line) => `${line.split(":")[0]}:*::`),
      0o640,
    );
  }

  #mountSystem(): void {
    runTool("mount", ["--bind", "/proc", join(this.path, "proc")]);
    runTool("mount", ["--rbind", "/dev", join(this.path, "dev")]);
    runTool("mount", ["-t", "tmpfs", "-o", "mode=1777", "tmpfs", join(this.path, "tmp")]);
  }
}
