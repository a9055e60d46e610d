import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** What others wrote or what is made. */
const FOREIGN_FOLDERS: ReadonlySet<string> = new Set(["node_modules", "dist", "target", "build"]);

/** A markdown document. */
export interface MarkdownFile {
  /** Relative to the repository's folder. */
  readonly path: string;
  readonly text: string;
}

/** A block between two lines of three backticks. */
export interface Fence {
  /** The word behind the backticks; "": none. */
  readonly language: string;
  readonly lines: readonly string[];
}

/** All markdown documents of the repository, by path. */
export function markdownFiles(folder: string = ROOT): MarkdownFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry): MarkdownFile[] => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        const isOurs = !FOREIGN_FOLDERS.has(entry.name) && !entry.name.startsWith(".");
        return isOurs ? markdownFiles(path) : [];
      }
      if (!entry.name.endsWith(".md")) return [];
      return [{ path: relative(ROOT, path), text: readFileSync(path, "utf8") }];
    });
}

/** The fences of a document, in order. */
export function fencesOf(text: string): Fence[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", body = ""]) => ({
    language,
    lines: body.split("\n").filter((line) => line.trim() !== ""),
  }));
}

/** The document without code, where brackets are no links and `#` begins no heading. */
function proseOf(text: string): string {
  return text.replace(/^```\w*\n[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, (code) => {
    return code.slice(1, -1).replace(/[[\]()]/g, "");
  });
}

/** Targets of the links of a document that are no web addresses. */
export function relativeLinksOf(text: string): string[] {
  return [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of a document's headings, as code hosts make them: two alike are told apart by number. */
export function anchorsOf(text: string): string[] {
  const seen = new Map<string, number>();
  return [...proseOf(text).matchAll(/^#{1,6} +(.+)$/gm)].map(([, title = ""]) => {
    const plain = title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
    const anchor = plain.trim().replace(/\s/g, "-");
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}
