import * as v from "valibot";
import { type NodeMethods, whileRunning } from "../../control/control-method.ts";
import { clientObjects } from "./client-kinds.ts";
import { madeOfKeys, ownClientRefs } from "./client-list.ts";
import { ownQueueParts, ownQueueValues } from "./queue-list.ts";

const KIND = { kind: v.picklist(["connections", "channels", "consumers"]) };
const KEYS = { keys: v.array(v.string()) };
const PATH = { path: v.array(v.string()) };
const DETAILED = { isDetailed: v.boolean() };

/** What nodes ask each other for the objects of the management API. Each answers for itself. */
export const OBJECT_METHODS: NodeMethods = {
  client_refs: whileRunning(
    v.object({ ...KIND, vhost: v.optional(v.string()), name: v.optional(v.string()) }),
    ({ node, broker }, { kind, ...scope }) =>
      ownClientRefs(clientObjects(kind, node.nodeName, broker.broker), scope),
  ),
  client_values: whileRunning(
    v.object({ ...KIND, ...KEYS, ...PATH }),
    ({ node, broker }, { kind, keys, path }) => {
      const own = clientObjects(kind, node.nodeName, broker.broker);
      return madeOfKeys(keys, (key) => own.value(key, path));
    },
  ),
  client_objects: whileRunning(
    v.object({ ...KIND, ...KEYS, ...DETAILED }),
    ({ node, broker }, { kind, keys, isDetailed }) => {
      const own = clientObjects(kind, node.nodeName, broker.broker);
      return madeOfKeys(keys, (key) => own.object(key, isDetailed));
    },
  ),
  queue_values: whileRunning(v.object(PATH), (running, { path }) => ownQueueValues(running, path)),
  queue_parts: whileRunning(
    v.object({ queues: v.array(v.tuple([v.string(), v.string()])), ...DETAILED }),
    (running, { queues, isDetailed }) => ownQueueParts(running, queues, isDetailed),
  ),
};
