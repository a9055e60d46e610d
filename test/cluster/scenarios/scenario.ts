import type { Host } from "../host/host.ts";

/** What must hold, with one host of its own or a few cases that share one. */
export interface Scenario {
  readonly name: string;
  /** Throws what does not hold. `step` tells what is about to be done. */
  run(step: (text: string) => void): Promise<void>;
}

/** Runs with a host that is closed at the end. */
export async function withHost(
  host: Promise<Host>,
  work: (host: Host) => Promise<void>,
): Promise<void> {
  const made = await host;
  try {
    await work(made);
  } finally {
    await made.close();
  }
}
