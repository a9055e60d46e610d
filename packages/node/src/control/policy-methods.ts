import { ControlError, type ControlMethod } from "@leveret/control";
import * as v from "valibot";
import { CLUSTER_NAME } from "../broker/cluster-name.ts";
import { isAbout } from "../metadata/match-policy.ts";
import { compilePattern } from "../metadata/name-pattern.ts";
import type { PolicyRecord, ResourceKind } from "../metadata/records.ts";
import type { VirtualHostState } from "../metadata/virtual-host-state.ts";
import type { Columns } from "./cells.ts";
import { change, type NodeMethods, requireVhost, whileRunning } from "./control-method.ts";
import type { ControlledNode } from "./controlled-node.ts";
import { COLUMNS, DICTIONARY, JSON_VALUE, listed, VHOST } from "./method-params.ts";

type Method = (node: ControlledNode) => ControlMethod;

/** What a name that policies are asked about may be of. */
const MATCHED_KINDS = ["queue", "exchange", "quorum_queue", "classic_queue", "stream"] as const;
const KINDS_NAMED = {
  queue: ["classic_queue", "quorum_queue", "stream"],
  exchange: ["exchange"],
  quorum_queue: ["quorum_queue"],
  classic_queue: ["classic_queue"],
  stream: ["stream"],
} as const satisfies Record<(typeof MATCHED_KINDS)[number], readonly ResourceKind[]>;

export const POLICY_METHODS: NodeMethods = {
  set_policy: setPolicy("setPolicy"),
  set_operator_policy: setPolicy("setOperatorPolicy"),
  clear_policy: clearPolicy("clearPolicy"),
  clear_operator_policy: clearPolicy("clearOperatorPolicy"),
  list_policies: listPolicies(({ policies }) => policies),
  list_operator_policies: listPolicies(({ operatorPolicies }) => operatorPolicies),
  /** The one in force first. */
  list_policies_that_match: whileRunning(
    v.object({ ...VHOST, ...COLUMNS, name: v.string(), kind: v.picklist(MATCHED_KINDS) }),
    ({ broker }, { vhost, columns, name, kind }) => {
      const state = broker.administration.metadata.vhost(vhost);
      if (state === undefined) throw noSuchVhost(vhost);
      const kinds = KINDS_NAMED[kind];
      const found = state.policies.filter(
        (policy) =>
          kinds.some((one) => isAbout(policy, one)) && compilePattern(policy.pattern).test(name),
      );
      // Stable: policies of one priority stay in the order of their names, the first of which is in force.
      const sorted = found.sort((one, other) => other.priority - one.priority);
      return listed(POLICY_COLUMNS, columns, sorted);
    },
  ),
};

function noSuchVhost(vhost: string): ControlError {
  return new ControlError("no_such_vhost", `Virtual host '${vhost}' does not exist`);
}

function setPolicy(type: "setPolicy" | "setOperatorPolicy"): Method {
  const schema = v.object({
    ...VHOST,
    name: v.string(),
    pattern: v.string(),
    definition: DICTIONARY,
    priority: v.number(),
    applyTo: v.string(),
  });
  return whileRunning(schema, async ({ broker }, policy) => {
    const { vhost, name, pattern, applyTo, definition } = policy;
    requireVhost(broker, vhost);
    await change(broker, { type, ...policy });
    broker.broker.log.info(
      { definition: Object.fromEntries(definition) },
      `Successfully set ${kindOf(type)} '${name}' matching ${applyTo} names in virtual host '${vhost}' using pattern '${pattern}'`,
    );
  });
}

function clearPolicy(type: "clearPolicy" | "clearOperatorPolicy"): Method {
  return whileRunning(v.object({ ...VHOST, name: v.string() }), async ({ broker }, which) => {
    const { vhost, name } = which;
    requireVhost(broker, vhost);
    await change(broker, { type, ...which });
    broker.broker.log.info(
      `Successfully cleared ${kindOf(type)} '${name}' in virtual host '${vhost}'`,
    );
  });
}

function kindOf(type: string): string {
  return type.includes("Operator") ? "operator policy" : "policy";
}

function listPolicies(of: (state: VirtualHostState) => readonly PolicyRecord[]): Method {
  return whileRunning(v.object({ ...VHOST, ...COLUMNS }), ({ broker }, { vhost, columns }) => {
    const state = broker.administration.metadata.vhost(vhost);
    if (state === undefined) throw noSuchVhost(vhost);
    return listed(POLICY_COLUMNS, columns, of(state));
  });
}

const POLICY_COLUMNS: Columns<PolicyRecord> = {
  vhost: ({ vhost }) => vhost,
  name: ({ name }) => name,
  pattern: ({ pattern }) => pattern,
  "apply-to": ({ applyTo }) => applyTo,
  definition: ({ definition }) => JSON.stringify(Object.fromEntries(definition)),
  priority: ({ priority }) => priority,
};

const PARAMETER_NAME = { ...VHOST, component: v.string(), name: v.string() };

/** One runtime parameter, wherever it is kept. */
interface ListedParameter {
  readonly component: string;
  readonly name: string;
  readonly value: unknown;
}

const PARAMETER_COLUMNS: Columns<ListedParameter> = {
  component: ({ component }) => component,
  name: ({ name }) => name,
  value: ({ value }) => JSON.stringify(value),
};

export const PARAMETER_METHODS: NodeMethods = {
  set_parameter: whileRunning(
    v.object({ ...PARAMETER_NAME, value: JSON_VALUE }),
    ({ broker }, parameter) => {
      requireVhost(broker, parameter.vhost);
      return change(broker, { type: "setParameter", ...parameter });
    },
  ),
  clear_parameter: whileRunning(v.object(PARAMETER_NAME), ({ broker }, which) => {
    requireVhost(broker, which.vhost);
    return change(broker, { type: "clearParameter", ...which });
  }),
  list_parameters: whileRunning(
    v.object({ ...VHOST, ...COLUMNS }),
    ({ broker }, { vhost, columns }) => {
      requireVhost(broker, vhost);
      const { metadata } = broker.administration;
      const operator = metadata.vhost(vhost)?.operatorPolicies ?? [];
      const parameters = metadata.parameters.ofVhost(vhost);
      return listed(PARAMETER_COLUMNS, columns, [...parameters, ...operator.map(asParameter)]);
    },
  ),
  set_global_parameter: whileRunning(
    v.object({ name: v.string(), value: JSON_VALUE }),
    ({ broker }, parameter) => change(broker, { type: "setGlobalParameter", ...parameter }),
  ),
  clear_global_parameter: whileRunning(v.object({ name: v.string() }), ({ broker }, { name }) =>
    change(broker, { type: "clearGlobalParameter", name }),
  ),
  list_global_parameters: whileRunning(v.object(COLUMNS), ({ broker }, { columns }) => {
    const all = broker.administration.metadata.parameters.global();
    const listedAs = all.map((parameter) => ({ component: "", ...parameter }));
    return listed(PARAMETER_COLUMNS, columns, listedAs);
  }),
  set_cluster_name: whileRunning(v.object({ name: v.string() }), ({ broker }, { name }) =>
    change(broker, { type: "setGlobalParameter", name: CLUSTER_NAME, value: name }),
  ),
};

/** RabbitMQ keeps operator policies as parameters, and lists them so. */
function asParameter(policy: PolicyRecord): ListedParameter {
  const { name, pattern, definition, priority, applyTo } = policy;
  return {
    component: "operator_policy",
    name,
    value: {
      pattern,
      definition: Object.fromEntries(definition),
      priority,
      "apply-to": applyTo,
    },
  };
}
