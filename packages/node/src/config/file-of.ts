import { dirname, isAbsolute, resolve } from "node:path";
import type { Settings } from "./settings.ts";

/** A file named in a configuration file is looked for beside it. undefined: the key is unset. */
export function fileOf(settings: Settings, pattern: string): string | undefined {
  const setting = settings.find(pattern);
  if (setting === undefined) return undefined;
  return besideFile(setting.entry.file, String(setting.value));
}

/** `name`, looked for beside a configuration file if it is relative. */
export function besideFile(file: string, name: string): string {
  return isAbsolute(name) ? name : resolve(dirname(file), name);
}
