import { NO_PARAMS, type NodeMethods, whileRunning } from "../control/control-method.ts";
import { nodeObject } from "./node-object.ts";

/** What nodes ask each other for the management API. Each answers for itself. */
export const MANAGEMENT_METHODS: NodeMethods = {
  management_node: whileRunning(NO_PARAMS, async (running) => nodeObject(running)),
};
