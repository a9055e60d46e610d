import { dirname, isAbsolute, resolve } from "node:path";
import type { Settings } from "./settings.ts";

/** A file named in a configuration file is looked for beside it. undefined: the key is unset. */
export function fileOf(settings: Settings, pattern: string): string | undefined {
  const setting = settings.find(pattern);
  if (setting === undefined) return undefined;
  const name = String(setting.value);
  return isAbsolute(name) ? name : resolve(dirname(setting.entry.file), name);
}
