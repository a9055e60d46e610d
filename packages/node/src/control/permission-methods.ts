import * as v from "valibot";
import type { PermissionRecord, TopicPermissionRecord } from "../metadata/records.ts";
import type { Columns } from "./cells.ts";
import {
  change,
  type NodeMethods,
  requireUser,
  requireVhost,
  whileRunning,
} from "./control-method.ts";
import { COLUMNS, listed, VHOST } from "./method-params.ts";

const USER = { user: v.string() };
const TOPIC_PATTERNS = { exchange: v.string(), write: v.string(), read: v.string() };

export const PERMISSION_METHODS: NodeMethods = {
  set_permissions: whileRunning(
    v.object({
      ...USER,
      ...VHOST,
      configure: v.string(),
      write: v.string(),
      read: v.string(),
    }),
    ({ broker }, permissions) => change(broker, { type: "setPermissions", ...permissions }),
  ),
  clear_permissions: whileRunning(v.object({ ...USER, ...VHOST }), ({ broker }, which) =>
    change(broker, { type: "clearPermissions", ...which }),
  ),
  list_permissions: whileRunning(
    v.object({ ...VHOST, ...COLUMNS }),
    ({ broker }, { vhost, columns }) => {
      requireVhost(broker, vhost);
      const all = broker.administration.metadata.permissions();
      return listed(
        PERMISSION_COLUMNS,
        columns,
        all.filter((record) => record.vhost === vhost),
      );
    },
  ),
  list_user_permissions: whileRunning(
    v.object({ ...USER, ...COLUMNS }),
    ({ broker }, { user, columns }) => {
      requireUser(broker, user);
      const all = broker.administration.metadata.permissions();
      return listed(
        PERMISSION_COLUMNS,
        columns,
        all.filter((record) => record.user === user),
      );
    },
  ),
  set_topic_permissions: whileRunning(
    v.object({ ...USER, ...VHOST, ...TOPIC_PATTERNS }),
    ({ broker }, permissions) => change(broker, { type: "setTopicPermissions", ...permissions }),
  ),
  clear_topic_permissions: whileRunning(
    v.object({ ...USER, ...VHOST, exchange: v.optional(v.string()) }),
    ({ broker }, which) => change(broker, { type: "clearTopicPermissions", ...which }),
  ),
  list_topic_permissions: whileRunning(
    v.object({ ...VHOST, ...COLUMNS }),
    ({ broker }, { vhost, columns }) => {
      requireVhost(broker, vhost);
      const all = broker.administration.metadata.topicPermissions();
      return listed(
        TOPIC_COLUMNS,
        columns,
        all.filter((record) => record.vhost === vhost),
      );
    },
  ),
  list_user_topic_permissions: whileRunning(
    v.object({ ...USER, ...COLUMNS }),
    ({ broker }, { user, columns }) => {
      requireUser(broker, user);
      const all = broker.administration.metadata.topicPermissions();
      return listed(
        TOPIC_COLUMNS,
        columns,
        all.filter((record) => record.user === user),
      );
    },
  ),
};

const PERMISSION_COLUMNS: Columns<PermissionRecord> = {
  user: ({ user }) => user,
  vhost: ({ vhost }) => vhost,
  configure: ({ configure }) => configure,
  write: ({ write }) => write,
  read: ({ read }) => read,
};

const TOPIC_COLUMNS: Columns<TopicPermissionRecord> = {
  user: ({ user }) => user,
  vhost: ({ vhost }) => vhost,
  exchange: ({ exchange }) => exchange,
  write: ({ write }) => write,
  read: ({ read }) => read,
};
