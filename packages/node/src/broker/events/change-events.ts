import { connectionPid } from "../../control/pid-text.ts";
import { INTERNAL_ACTOR } from "../../metadata/actor.ts";
import type {
  AddVhost,
  LimitDefinition,
  MetadataCommand,
  SetPolicy,
} from "../../metadata/commands.ts";
import type { JsonValue } from "../../metadata/json-value.ts";
import { predeclaredExchanges } from "../../metadata/predeclared-exchanges.ts";
import type { BindingRecord, ExchangeRecord, QueueRecord } from "../../metadata/records.ts";
import type { Change } from "./attributed-metadata.ts";
import type { BrokerEvent } from "./broker-events.ts";
import { type EventFields, flag, json, jsonTable, number, terms, text } from "./event-fields.ts";

type Told = Omit<BrokerEvent, "atMs">;

/** What RabbitMQ's event exchange tells of a change of metadata, in its order and with its names. */
export function changeEvents(change: Change, nodeName: string): readonly Told[] {
  const user = change.actor.user;
  return [...removals(change), ...namedEvents(change, nodeName)].map(({ key, fields, by }) => ({
    key,
    fields: { user_who_performed_action: text(by ?? user), ...fields },
  }));
}

interface Draft {
  readonly key: string;
  readonly fields: EventFields;
  /** Instead of who asked for the change. */
  readonly by?: string;
}

/** What goes with a deleted queue goes by itself (RabbitMQ: rmq-internal), what goes with an exchange or binding with that. */
function removals({ command, removed }: Change): readonly Draft[] {
  const by = command.type === "deleteQueue" ? { by: INTERNAL_ACTOR.user } : {};
  const unbound = (record: BindingRecord): Draft => ({
    ...bindingEvent("binding.deleted", record),
    ...by,
  });
  return [
    ...removed.bindings.map(unbound),
    ...removed.queues.map(({ vhost, name }) => deleted("queue.deleted", vhost, name)),
    ...removed.exchanges.flatMap(({ exchange: { vhost, name }, bindings }) => [
      { ...deleted("exchange.deleted", vhost, name), ...by },
      ...bindings.map(unbound),
    ]),
  ];
}

type CommandOf<T extends MetadataCommand["type"]> = MetadataCommand & { readonly type: T };

/** Of commands about nodes and places there are no events; what is removed with exchanges and bindings, `removals` tells. */
type Tellers = {
  readonly [T in MetadataCommand["type"]]?: (
    command: CommandOf<T>,
    existed: boolean,
    nodeName: string,
  ) => readonly Draft[];
};

const TELLERS: Tellers = {
  declareQueue: ({ queue }, _existed, nodeName) => [queueCreated(queue, nodeName)],
  deleteQueue: ({ vhost, name }) => [deleted("queue.deleted", vhost, name)],
  declareExchange: ({ exchange }) => [exchangeCreated(exchange)],
  bind: ({ binding }) => [bindingEvent("binding.created", binding)],
  addVhost: (command, existed, nodeName) => (existed ? [] : vhostCreated(command, nodeName)),
  deleteVhost: ({ name }) => [{ key: "vhost.deleted", fields: { name: text(name) } }],
  setVhostLimits: ({ vhost, limits }) => {
    const value = Object.fromEntries(limits);
    return [
      parameterSet({ vhost, component: "vhost-limits", name: "limits", value }),
      { key: "vhost.limits.set", fields: { name: text("limits"), ...limitFields(limits) } },
    ];
  },
  clearVhostLimits: ({ vhost }) => [
    parameterCleared({ vhost, component: "vhost-limits", name: "limits" }),
    { key: "vhost.limits.cleared", fields: { name: text("limits") } },
  ],
  setPolicy: (command) => [policySet(command)],
  clearPolicy: ({ vhost, name }) => [deleted("policy.cleared", vhost, name)],
  setOperatorPolicy: (command) => {
    const { vhost, name, pattern, applyTo, priority } = command;
    const definition = Object.fromEntries(command.definition);
    const value = { pattern, definition, priority, "apply-to": applyTo };
    // RabbitMQ 3.10 tells of it as of any policy.
    return [parameterSet({ vhost, component: OPERATOR_POLICY, name, value }), policySet(command)];
  },
  clearOperatorPolicy: ({ vhost, name }) => [
    parameterCleared({ vhost, component: OPERATOR_POLICY, name }),
    deleted("operator.policy.cleared", vhost, name),
  ],
  setParameter: (command) => [parameterSet(command)],
  clearParameter: (command) => [parameterCleared(command)],
  setGlobalParameter: (command) => [parameterSet({ ...command, component: "global" })],
  clearGlobalParameter: ({ name }) => {
    // RabbitMQ 3.10 says "set", without a value.
    const { fields } = parameterCleared({ component: "global", name });
    return [{ key: "parameter.set", fields }];
  },
  addUser: ({ name, tags }) => userPut(name, tags, false),
  putUser: ({ name, tags }, existed) => userPut(name, tags, existed),
  deleteUser: ({ name }) => [{ key: "user.deleted", fields: { name: text(name) } }],
  setUserPassword: ({ name, passwordHash }) => {
    const key = passwordHash === "" ? "user.password.cleared" : "user.password.changed";
    return [{ key, fields: { name: text(name) } }];
  },
  setUserTags: ({ name, tags }) => [tagsSet(name, tags)],
  setUserLimits: ({ name, limits }) => [
    {
      key: "user.limits.set",
      fields: { name: text("limits"), username: text(name), ...limitFields(limits) },
    },
  ],
  clearUserLimits: ({ name }) => [
    { key: "user.limits.cleared", fields: { name: text("limits"), username: text(name) } },
  ],
  setPermissions: ({ user, vhost, configure, write, read }) => {
    const patterns = { configure: text(configure), write: text(write), read: text(read) };
    const fields = { user: text(user), vhost: text(vhost), ...patterns };
    return [{ key: "permission.created", fields }];
  },
  clearPermissions: ({ user, vhost }) => [
    { key: "permission.deleted", fields: { user: text(user), vhost: text(vhost) } },
  ],
  setTopicPermissions: ({ user, vhost, exchange, write, read }) => {
    const patterns = { exchange: text(exchange), write: text(write), read: text(read) };
    const fields = { user: text(user), vhost: text(vhost), ...patterns };
    return [{ key: "topic.permission.created", fields }];
  },
  clearTopicPermissions: ({ user, vhost, exchange }) => {
    const where = exchange === undefined ? {} : { exchange: text(exchange) };
    const fields = { user: text(user), vhost: text(vhost), ...where };
    return [{ key: "topic.permission.deleted", fields }];
  },
};

const OPERATOR_POLICY = "operator_policy";

function namedEvents({ command, existed }: Change, nodeName: string): readonly Draft[] {
  // The teller of a type takes commands of that type.
  const tell = TELLERS[command.type] as
    | ((command: MetadataCommand, existed: boolean, nodeName: string) => readonly Draft[])
    | undefined;
  return tell?.(command, existed, nodeName) ?? [];
}

function deleted(key: string, vhost: string, name: string): Draft {
  return { key, fields: { name: text(name), vhost: text(vhost) } };
}

function queueCreated(queue: QueueRecord, nodeName: string): Draft {
  const { name, vhost, durable, autoDelete, exclusiveOwner } = queue;
  const owner = exclusiveOwner === undefined ? "" : connectionPid(nodeName, exclusiveOwner);
  return {
    key: "queue.created",
    fields: {
      name: text(name),
      vhost: text(vhost),
      durable: flag(durable),
      auto_delete: flag(autoDelete),
      arguments: terms(queue.arguments),
      owner_pid: text(owner),
      exclusive: flag(exclusiveOwner !== undefined),
    },
  };
}

function exchangeCreated(exchange: ExchangeRecord): Draft {
  const { name, vhost, type, durable, autoDelete, internal } = exchange;
  return {
    key: "exchange.created",
    fields: {
      name: text(name),
      vhost: text(vhost),
      type: text(type),
      durable: flag(durable),
      auto_delete: flag(autoDelete),
      internal: flag(internal),
      arguments: terms(exchange.arguments),
      policy: text(""),
    },
  };
}

function bindingEvent(key: string, binding: BindingRecord): Draft {
  return {
    key,
    fields: {
      source_name: text(binding.source),
      source_kind: text("exchange"),
      destination_name: text(binding.destination),
      destination_kind: text(binding.destinationType),
      routing_key: text(binding.routingKey),
      arguments: terms(binding.arguments),
      vhost: text(binding.vhost),
    },
  };
}

function vhostCreated(
  { name, description = "", tags = [], tracing = false, defaultQueueType }: AddVhost,
  nodeName: string,
): readonly Draft[] {
  const fields = {
    name: text(name),
    default_queue_type: text(defaultQueueType ?? "undefined"),
    tracing: flag(tracing),
    cluster_state: jsonTable([[nodeName, "running"]]),
    description: text(description),
    tags: text(tags.join(",")),
  };
  return [...predeclaredExchanges(name).map(exchangeCreated), { key: "vhost.created", fields }];
}

function limitFields(limits: LimitDefinition): EventFields {
  return Object.fromEntries([...limits].map(([key, limit]) => [key, json(limit)]));
}

function policySet({ vhost, name, pattern, definition, priority, applyTo }: SetPolicy): Draft {
  return {
    key: "policy.set",
    fields: {
      name: text(name),
      vhost: text(vhost),
      pattern: text(pattern),
      definition: jsonTable(definition),
      priority: number(priority),
      "apply-to": text(applyTo),
    },
  };
}

interface Parameter {
  readonly vhost?: string;
  readonly component: string;
  readonly name: string;
}

function parameterSet({ value, ...parameter }: Parameter & { readonly value: JsonValue }): Draft {
  const { fields } = parameterCleared(parameter);
  return { key: "parameter.set", fields: { ...fields, value: json(value) } };
}

function parameterCleared({ vhost, component, name }: Parameter): Draft {
  const where = vhost === undefined ? {} : { vhost: text(vhost) };
  return {
    key: "parameter.cleared",
    fields: { ...where, component: text(component), name: text(name) },
  };
}

function userPut(name: string, tags: readonly string[], existed: boolean): readonly Draft[] {
  const key = existed ? "user.password.changed" : "user.created";
  return [{ key, fields: { name: text(name) } }, tagsSet(name, tags)];
}

function tagsSet(name: string, tags: readonly string[]): Draft {
  return { key: "user.tags.set", fields: { name: text(name), tags: json(tags) } };
}
