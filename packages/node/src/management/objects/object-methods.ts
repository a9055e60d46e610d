import * as v from "valibot";
import { type NodeMethods, whileRunning } from "../../control/control-method.ts";
import { clientObjects } from "./client-kinds.ts";
import { madeOfIds, ownClientRefs } from "./client-list.ts";
import { ownQueueParts, ownQueueValues } from "./queue-list.ts";

const KIND = { kind: v.picklist(["connections", "channels", "consumers"]) };
const PATH = { path: v.array(v.string()) };
const DETAILED = { isDetailed: v.boolean() };
/** Keys of objects; undefined: all. */
const WANTED = { keys: v.optional(v.array(v.string())) };

/** What nodes ask each other for the objects of the management API. Each answers for itself. */
export const OBJECT_METHODS: NodeMethods = {
  client_refs: whileRunning(
    v.object({ ...KIND, vhost: v.optional(v.string()), name: v.optional(v.string()) }),
    ({ node, broker }, { kind, ...scope }) =>
      ownClientRefs(clientObjects(kind, node.nodeName, broker.broker), scope),
  ),
  client_values: whileRunning(
    v.object({ ...KIND, ids: v.array(v.string()), ...PATH }),
    ({ node, broker }, { kind, ids, path }) => {
      const own = clientObjects(kind, node.nodeName, broker.broker);
      return madeOfIds(ids, (id) => own.value(id, path));
    },
  ),
  client_objects: whileRunning(
    v.object({ ...KIND, ids: v.array(v.string()), ...DETAILED, ...WANTED }),
    ({ node, broker }, { kind, ids, ...options }) => {
      const own = clientObjects(kind, node.nodeName, broker.broker);
      return madeOfIds(ids, (id) => own.object(id, options));
    },
  ),
  queue_values: whileRunning(v.object(PATH), (running, { path }) => ownQueueValues(running, path)),
  queue_parts: whileRunning(
    v.object({ queues: v.array(v.tuple([v.string(), v.string()])), ...DETAILED, ...WANTED }),
    (running, { queues, ...options }) => ownQueueParts(running, queues, options),
  ),
};
