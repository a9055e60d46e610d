import * as v from "valibot";
import { type NodeMethods, whileRunning } from "../control/control-method.ts";
import { nodeObject } from "./node-object.ts";
import { STATISTICS_METHODS, WINDOWS } from "./statistics-methods.ts";

/** What nodes ask each other for the management API. Each answers for itself. */
export const MANAGEMENT_METHODS: NodeMethods = {
  ...STATISTICS_METHODS,
  management_node: whileRunning(v.object({ windows: WINDOWS }), async (running, { windows }) =>
    nodeObject(running, windows),
  ),
};
