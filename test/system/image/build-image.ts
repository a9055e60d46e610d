import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ChildProgram } from "../../clients/processes/child-program.ts";
import { runTool } from "../run-tool.ts";
import {
  type ImageSettings,
  type Instruction,
  readDockerfile,
  type Stage,
  settingsOf,
} from "./dockerfile.ts";
import { contextFiles, IgnoreRules } from "./ignore-rules.ts";
import { OverlayRoot } from "./overlay-root.ts";

/** npm may have to fetch everything. */
const STEP_MAX_MS = 300_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** What `docker build` would be told to reach the world by. */
const PASSED_ON = /^(npm_config_registry|https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_.*)$/i;

/** What the steps of a Dockerfile have made. */
export interface Image extends ImageSettings {
  /** Of the last stage: what it has beyond the base image. */
  readonly layer: string;
  /** Bytes of it. */
  readonly size: number;
}

export interface BuildOptions {
  readonly dockerfile: string;
  readonly context: string;
  /** On a tmpfs. */
  readonly directory: string;
  readonly onStep: (text: string) => void;
}

/**
 * Carries out each step of a Dockerfile by hand: every stage in a chroot of its own above this machine's root file system, which stands
 * for the base image. @throws Error with what a step has printed
 */
export async function buildImage(options: BuildOptions): Promise<Image> {
  const stages = readDockerfile(readFileSync(options.dockerfile, "utf8"));
  const roots = new Map<string, OverlayRoot>();
  for (const [index, stage] of stages.entries()) {
    const name = stage.name ?? `stage${index}`;
    const root = OverlayRoot.make(join(options.directory, name));
    roots.set(name, root);
    await runStage(stage, { root, roots, options });
  }
  const last = stages.at(-1);
  const root = [...roots.values()].at(-1);
  if (last === undefined || root === undefined) throw new Error("the Dockerfile has no stage");
  const size = Number(runTool("du", ["-sb", root.upper]).split("\t")[0]);
  return { ...settingsOf(last), layer: root.upper, size };
}

interface StageContext {
  readonly root: OverlayRoot;
  readonly roots: ReadonlyMap<string, OverlayRoot>;
  readonly options: BuildOptions;
}

async function runStage(stage: Stage, context: StageContext): Promise<void> {
  const { root, options } = context;
  let workdir = "/";
  for (const instruction of stage.instructions) {
    options.onStep(`${instruction.keyword} ${instruction.rest}`.slice(0, 100));
    if (instruction.keyword === "WORKDIR") {
      workdir = instruction.rest;
      mkdirSync(join(root.path, workdir), { recursive: true });
    } else if (instruction.keyword === "COPY") {
      copy(instruction, workdir, context);
    } else if (instruction.keyword === "RUN") {
      await runStep(instruction.rest, workdir, root);
    }
  }
}

function copy({ rest }: Instruction, workdir: string, { root, roots, options }: StageContext) {
  const [, from] = /^--from=(\S+) /.exec(rest) ?? [];
  const [source = "", target = ""] = rest.replace(/^--from=\S+ /, "").split(/\s+/);
  const to = join(root.path, target.startsWith("/") ? target : join(workdir, target));
  if (from === undefined) {
    copyFromContext(source, to, options);
    return;
  }
  const stage = roots.get(from);
  if (stage === undefined) throw new Error(`COPY from a stage that is not there: ${from}`);
  mkdirSync(dirname(to), { recursive: true });
  runTool("cp", ["-a", join(stage.path, source), to]);
}

function copyFromContext(source: string, to: string, { context, dockerfile }: BuildOptions): void {
  const ignoreFile = `${dockerfile}.dockerignore`;
  const rules = new IgnoreRules(existsSync(ignoreFile) ? readFileSync(ignoreFile, "utf8") : "");
  const isFolder = statSync(join(context, source)).isDirectory();
  const folder = source === "." ? "" : source;
  const files = isFolder ? contextFiles(context, rules, folder) : [source];
  if (!isFolder && rules.isIgnored(`${source}/`)) throw new Error(`${source} is ignored`);
  for (const file of files) {
    const below = isFolder ? file.slice(folder === "" ? 0 : folder.length + 1) : basename(file);
    const target = isFolder ? join(to, below) : to;
    mkdirSync(dirname(target), { recursive: true });
    const isLink = lstatSync(join(context, file)).isSymbolicLink();
    cpSync(join(context, file), target, { verbatimSymlinks: isLink });
  }
}

async function runStep(script: string, workdir: string, root: OverlayRoot): Promise<void> {
  const program = new ChildProgram({
    command: "chroot",
    arguments: [
      root.path,
      "/usr/bin/env",
      "-i",
      `PATH=${PATH}`,
      "HOME=/root",
      ...passedOn(),
      "/bin/sh",
      "-c",
      `cd ${workdir} && ${script}`,
    ],
  });
  const code = await program.waitForExit(STEP_MAX_MS);
  if (code === 0) return;
  throw new Error(`RUN ${script}: exit code ${code}: ${program.lines.slice(0, 40).join("\n")}`);
}

function passedOn(): string[] {
  // biome-ignore lint/style/noProcessEnv: as docker build is given proxies and registries
  const entries = Object.entries(process.env);
  return entries.flatMap(([name, value = ""]) =>
    PASSED_ON.test(name) ? [`${name}=${value}`] : [],
  );
}
