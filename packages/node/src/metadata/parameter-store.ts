import {
  type Applied,
  CHANGED,
  type ClearParameter,
  type MetadataResult,
  refused,
  UNCHANGED,
} from "./commands.ts";
import { valuesByKey } from "./compare-text.ts";
import type { Emit } from "./events.ts";
import { validationFailed } from "./policy-set.ts";
import type { GlobalParameterRecord, ParameterRecord } from "./records.ts";

/** Components whose parameters are kept for those who understand them; their values are not looked into. */
const COMPONENTS: ReadonlySet<string> = new Set([
  "federation-upstream",
  "federation-upstream-set",
  "shovel",
]);

/** Runtime parameters of vhosts, and global parameters. Changed by the metadata machine only. */
export class ParameterStore {
  /** By vhost, then by component and name. */
  readonly #parameters = new Map<string, Map<string, ParameterRecord>>();
  readonly #global = new Map<string, GlobalParameterRecord>();

  find(vhost: string, component: string, name: string): ParameterRecord | undefined {
    return this.#parameters.get(vhost)?.get(keyOf(component, name));
  }

  findGlobal(name: string): GlobalParameterRecord | undefined {
    return this.#global.get(name);
  }

  /** Sorted by component and name. */
  ofVhost(vhost: string): ParameterRecord[] {
    const parameters = this.#parameters.get(vhost);
    return parameters === undefined ? [] : valuesByKey(parameters);
  }

  /** Sorted by name. */
  global(): GlobalParameterRecord[] {
    return valuesByKey(this.#global);
  }

  /** Policies have commands of their own, as in RabbitMQ. The vhost exists: the machine has looked. */
  set(parameter: ParameterRecord, emit: Emit): MetadataResult {
    const { vhost, component, name, value } = parameter;
    if (component === "policy" || component === "operator_policy") {
      return refused("validation_failed", "policies may not be set using this method");
    }
    if (!COMPONENTS.has(component)) return validationFailed(`component ${component} not found`);
    const parameters = this.#parameters.get(vhost) ?? new Map<string, ParameterRecord>();
    parameters.set(keyOf(component, name), { vhost, component, name, value });
    this.#parameters.set(vhost, parameters);
    emit({ type: "parameterSet", vhost, component, name });
    return CHANGED;
  }

  clear({ vhost, component, name }: ClearParameter, emit: Emit): MetadataResult {
    const parameters = this.#parameters.get(vhost);
    if (parameters?.delete(keyOf(component, name)) !== true) {
      return refused("no_such_parameter", "Parameter does not exist");
    }
    emit({ type: "parameterCleared", vhost, component, name });
    return CHANGED;
  }

  setGlobal({ name, value }: GlobalParameterRecord, emit: Emit): Applied {
    const before = this.#global.get(name);
    if (before !== undefined && JSON.stringify(before.value) === JSON.stringify(value)) {
      return UNCHANGED;
    }
    this.#global.set(name, { name, value });
    emit({ type: "globalParameterSet", name });
    return CHANGED;
  }

  clearGlobal(name: string, emit: Emit): MetadataResult {
    if (!this.#global.delete(name)) return refused("no_such_parameter", "Parameter does not exist");
    emit({ type: "globalParameterCleared", name });
    return CHANGED;
  }

  /** A deleted vhost takes its parameters along. */
  forgetVhost(vhost: string, emit: Emit): void {
    for (const { component, name } of this.ofVhost(vhost)) {
      emit({ type: "parameterCleared", vhost, component, name });
    }
    this.#parameters.delete(vhost);
  }
}

/** Component names have no NUL: they are from a closed set. */
function keyOf(component: string, name: string): string {
  return `${component}\0${name}`;
}
