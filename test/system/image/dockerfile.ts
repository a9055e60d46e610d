/** One instruction; lines that are continued are joined, comments are gone. */
export interface Instruction {
  readonly keyword: string;
  readonly rest: string;
}

/** From one FROM to the next. */
export interface Stage {
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** What a container of the image is started with. */
export interface ImageSettings {
  readonly environment: Readonly<Record<string, string>>;
  /** `999:999`; undefined: root. */
  readonly user: string | undefined;
  readonly workdir: string;
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly volumes: readonly string[];
  readonly ports: readonly number[];
}

/** Instructions that this reader knows; any other is an error, so that none is left out. */
const KEYWORDS: ReadonlySet<string> = new Set([
  ...["ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE"],
  ...["STOPSIGNAL", "HEALTHCHECK", "CMD"],
]);

/** Reads a Dockerfile. @throws Error on what it does not know */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: { name: string | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(text)) {
    if (instruction.keyword === "FROM") {
      const name = / AS (\S+)$/i.exec(instruction.rest)?.[1];
      stages.push({ name, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push(instruction);
    }
  }
  return stages;
}

function instructionsOf(text: string): Instruction[] {
  const lines = text.split("\n").filter((line) => !/^\s*#/.test(line));
  return lines
    .join("\n")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, keyword = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line.trim()) ?? [];
      if (!KEYWORDS.has(keyword)) throw new Error(`an instruction that is not known: ${line}`);
      return { keyword, rest: rest.trim() };
    });
}

/** Of the last stage. */
export function settingsOf({ instructions }: Stage): ImageSettings {
  const all = (keyword: string): string[] =>
    instructions.filter((one) => one.keyword === keyword).map(({ rest }) => rest);
  const [command = "[]"] = all("CMD");
  const [, healthCheck = "[]"] = / CMD (\[.*\])$/.exec(all("HEALTHCHECK")[0] ?? "") ?? [];
  return {
    environment: Object.fromEntries(all("ENV").flatMap(assignments)),
    user: all("USER").at(-1),
    workdir: all("WORKDIR").at(-1) ?? "/",
    command: wordsOf(command),
    healthCheck: wordsOf(healthCheck),
    volumes: all("VOLUME").flatMap((rest) => rest.split(/\s+/)),
    ports: all("EXPOSE").flatMap((rest) => rest.split(/\s+/).map(Number)),
  };
}

function assignments(rest: string): (readonly [string, string])[] {
  return rest.split(/\s+/).map((word) => {
    const at = word.indexOf("=");
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

function wordsOf(json: string): string[] {
  return JSON.parse(json) as string[]; // The exec form is JSON.
}
