import { type ControlContext, ControlError, type ControlMethod } from "@leveret/control";
import * as v from "valibot";
import type { BrokerNode } from "../broker/broker-node.ts";
import { CLI_ACTOR } from "../metadata/actor.ts";
import type { MetadataCommand, MetadataResult, Refusal } from "../metadata/commands.ts";
import type { ControlledNode } from "./controlled-node.ts";
import { OperationError } from "./operation-error.ts";
import type { QueueOperations } from "./queue-operations.ts";

/** Methods of one group, by name; each for a node. */
export type NodeMethods = Readonly<Record<string, (node: ControlledNode) => ControlMethod>>;

type Answer = Promise<unknown> | AsyncIterable<unknown>;
type Schema = v.GenericSchema<unknown, object>;
type Run<S extends Schema, Node> = (
  node: Node,
  params: v.InferOutput<S>,
  context: ControlContext,
) => Answer;

/** A node whose app runs. */
export interface RunningNode {
  readonly node: ControlledNode;
  readonly broker: BrokerNode;
}

/** A method that needs no broker, or finds one by itself. */
export function always<S extends Schema>(
  schema: S,
  run: Run<S, ControlledNode>,
): (node: ControlledNode) => ControlMethod {
  return (node) => (params, context) => run(node, read(schema, params), context);
}

/** A method that needs the app. */
export function whileRunning<S extends Schema>(
  schema: S,
  run: Run<S, RunningNode>,
): (node: ControlledNode) => ControlMethod {
  return always(schema, (node, params, context) => {
    const { broker } = node;
    if (node.state !== "running" || broker === undefined) {
      throw new OperationError("app_not_running", `the app on node ${node.nodeName} does not run`);
    }
    return run({ node, broker }, params, context);
  });
}

/** A method that would pull the ground from under the app. */
export function whileStopped<S extends Schema>(
  schema: S,
  run: Run<S, ControlledNode>,
): (node: ControlledNode) => ControlMethod {
  return always(schema, (node, params, context) => {
    requireStopped(node);
    return run(node, params, context);
  });
}

/** Waiting for others counts as stopped: force_boot and the like are what ends it. @throws OperationError */
export function requireStopped({ nodeName, state }: ControlledNode): void {
  if (state !== "running") return;
  throw new OperationError("app_running", `the app on node ${nodeName} runs`);
}

/** For methods without parameters. */
export const NO_PARAMS: v.GenericSchema<unknown, object> = v.object({});

/** Submits a change of metadata. @throws ControlError with the reason of a refusal */
export function change({ administration }: BrokerNode, command: MetadataCommand): Promise<void> {
  return new Promise((resolve, reject) => {
    const onResult = (result: MetadataResult): void => {
      if (result.ok) resolve();
      else reject(refusal(result));
    };
    administration.apply(command, onResult, "stored", CLI_ACTOR);
  });
}

export function refusal({ reason, text }: Refusal): ControlError {
  return new ControlError(reason, text);
}

/** @throws ControlError */
export function requireVhost({ administration }: BrokerNode, name: string): void {
  if (administration.metadata.vhost(name) !== undefined) return;
  throw new ControlError("no_such_vhost", `Virtual host '${name}' does not exist`);
}

/** @throws ControlError */
export function requireUser({ administration }: BrokerNode, name: string): void {
  if (administration.metadata.user(name) !== undefined) return;
  throw new ControlError("no_such_user", `User "${name}" does not exist`);
}

/** @throws OperationError */
export function queuesOf(node: ControlledNode): QueueOperations {
  const { queues } = node;
  if (queues !== undefined) return queues;
  throw new OperationError("not_supported", "queues of this node have no replicas");
}

/** Rows that are here already. */
export async function* rows<T>(items: Iterable<T>): AsyncIterable<T> {
  yield* items;
}

function read<S extends Schema>(schema: S, params: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, params ?? {});
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? "the parameters";
  throw new ControlError("bad_request", `${where}: ${issue.message}`);
}
