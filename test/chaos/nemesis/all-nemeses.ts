import { CLOCK_NEMESES } from "./clock-faults.ts";
import { DISK_NEMESES } from "./disk-faults.ts";
import type { Nemesis } from "./nemesis.ts";
import { NETWORK_NEMESES } from "./network-faults.ts";
import { OPERATOR_NEMESES } from "./operator-faults.ts";
import { PROCESS_NEMESES } from "./process-faults.ts";

export const NEMESES: readonly Nemesis[] = [
  ...PROCESS_NEMESES,
  ...NETWORK_NEMESES,
  ...DISK_NEMESES,
  ...CLOCK_NEMESES,
  ...OPERATOR_NEMESES,
];

/** @throws Error naming those that there are */
export function nemesisNamed(name: string): Nemesis {
  const nemesis = NEMESES.find((each) => each.name === name);
  if (nemesis !== undefined) return nemesis;
  const names = NEMESES.map((each) => each.name).join(", ");
  throw new Error(`there is no nemesis ${name}; there are ${names}`);
}
