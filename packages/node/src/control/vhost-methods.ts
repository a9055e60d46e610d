import * as v from "valibot";
import type { VirtualHostRecord } from "../metadata/records.ts";
import type { Columns } from "./cells.ts";
import { change, type NodeMethods, requireVhost, whileRunning } from "./control-method.ts";
import { COLUMNS, DICTIONARY, limitEntries, listed, VHOST } from "./method-params.ts";

const NAME = { name: v.string() };

export const VHOST_METHODS: NodeMethods = {
  add_vhost: whileRunning(
    v.object({
      ...NAME,
      description: v.optional(v.string()),
      tags: v.optional(v.array(v.string())),
      defaultQueueType: v.optional(v.picklist(["classic", "quorum"])),
    }),
    ({ broker }, properties) => change(broker, { type: "addVhost", ...properties }),
  ),
  update_vhost: whileRunning(
    v.object({
      ...NAME,
      description: v.optional(v.string()),
      tags: v.optional(v.array(v.string())),
      defaultQueueType: v.optional(v.picklist(["classic", "quorum"])),
    }),
    ({ broker }, properties) => {
      requireVhost(broker, properties.name);
      return change(broker, { type: "addVhost", ...properties });
    },
  ),
  delete_vhost: whileRunning(v.object(NAME), ({ broker }, { name }) => {
    requireVhost(broker, name);
    return change(broker, { type: "deleteVhost", name });
  }),
  set_vhost_tags: whileRunning(
    v.object({ ...NAME, tags: v.array(v.string()) }),
    ({ broker }, { name, tags }) => {
      requireVhost(broker, name);
      return change(broker, { type: "addVhost", name, tags });
    },
  ),
  set_tracing: whileRunning(
    v.object({ ...VHOST, isOn: v.boolean() }),
    ({ broker }, { vhost, isOn }) => {
      requireVhost(broker, vhost);
      return change(broker, { type: "addVhost", name: vhost, tracing: isOn });
    },
  ),
  set_vhost_protection: whileRunning(
    v.object({ ...VHOST, isOn: v.boolean() }),
    ({ broker }, { vhost, isOn }) => {
      requireVhost(broker, vhost);
      return change(broker, { type: "addVhost", name: vhost, isProtected: isOn });
    },
  ),
  list_vhosts: whileRunning(v.object(COLUMNS), ({ node, broker }, { columns }) => {
    const records = broker.administration.metadata.vhosts().map(({ record }) => record);
    return listed(vhostColumns(node.nodeName), columns, records);
  }),
  set_vhost_limits: whileRunning(
    v.object({ ...VHOST, limits: DICTIONARY }),
    ({ broker }, { vhost, limits }) => {
      requireVhost(broker, vhost);
      return change(broker, { type: "setVhostLimits", vhost, limits, merge: false });
    },
  ),
  clear_vhost_limits: whileRunning(v.object(VHOST), ({ broker }, { vhost }) => {
    requireVhost(broker, vhost);
    return change(broker, { type: "clearVhostLimits", vhost });
  }),
  list_vhost_limits: whileRunning(
    v.object({ vhost: v.optional(v.string()) }),
    async ({ broker }, { vhost }) => {
      if (vhost !== undefined) requireVhost(broker, vhost);
      const records = broker.administration.metadata.vhosts().map(({ record }) => record);
      const wanted = records.filter(({ name }) => vhost === undefined || name === vhost);
      return wanted.map((record) => [record.name, vhostLimits(record)]);
    },
  ),
};

function vhostColumns(nodeName: string): Columns<VirtualHostRecord> {
  return {
    name: ({ name }) => name,
    description: ({ description }) => description,
    tags: ({ tags }) => tags,
    tracing: ({ tracing }) => tracing,
    protected_from_deletion: ({ isProtected = false }) => isProtected,
    default_queue_type: ({ defaultQueueType }) => defaultQueueType ?? null,
    cluster_state: () => ({ pairs: [[nodeName, "running"]] }),
  };
}

function vhostLimits({ limits }: VirtualHostRecord): Readonly<Record<string, number>> {
  return limitEntries([
    ["max-connections", limits.maxConnections],
    ["max-queues", limits.maxQueues],
  ]);
}
