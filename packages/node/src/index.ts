export type { Clock, Timer } from "./runtime/clock.ts";
