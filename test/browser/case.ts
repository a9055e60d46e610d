import type { Browser } from "playwright-core";
import type { DemoAddress } from "./demo-broker.ts";

/** What a case works with. */
export interface CaseContext {
  readonly browser: Browser;
  /** Of the first node. */
  readonly address: DemoAddress;
  /** The first node's name. */
  readonly nodeName: string;
  /** A line of the report: something measured. */
  tell(line: string): void;
  /** Where pictures go; undefined: none are wanted. */
  readonly pictures: string | undefined;
  /** Stops the third node; resolves when the others may know it. */
  stopThirdNode(): Promise<void>;
}

/** Something that the console has to do. Rejects if it does not. */
export interface Case {
  readonly name: string;
  run(context: CaseContext): Promise<void>;
}

/** Ends the case with what is wrong, if there is something. */
export function requireNone(what: string, faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(`${what}: ${faults.join("; ")}`);
}

export function requireThat(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}
