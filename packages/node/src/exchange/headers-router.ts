import { EMPTY_TABLE, type FieldTable, type FieldValue } from "@leveret/amqp";
import { isEqualHeader, isEquivalentTable } from "../metadata/argument-equivalence.ts";
import type { Binding, Router, RoutingMessage } from "./router.ts";
import { xMatchOf } from "./x-match.ts";

/** A binding made ready for matching. */
interface Condition<D> {
  readonly binding: Binding<D>;
  readonly isAll: boolean;
  /** The headers that count; a void value asks only for presence. */
  readonly wanted: readonly (readonly [name: string, value: FieldValue])[];
}

/**
 * Headers exchange (spec 3.1.3.4) with RabbitMQ's four `x-match` modes. A binding without conditions
 * matches everything under `all` and nothing under `any`.
 */
export class HeadersRouter<D> implements Router<D> {
  readonly cacheable: boolean = false;
  #conditions: Condition<D>[] = [];

  bind(binding: Binding<D>): void {
    this.#conditions.push(conditionOf(binding));
  }

  unbind(binding: Binding<D>): void {
    const at = this.#conditions.findIndex((condition) => isSameBinding(condition.binding, binding));
    if (at >= 0) this.#conditions.splice(at, 1);
  }

  route(message: RoutingMessage, into: Set<D>): void {
    if (this.#conditions.length === 0) return;
    const headers = message.headers ?? EMPTY_TABLE;
    for (const condition of this.#conditions) {
      if (into.has(condition.binding.destination)) continue;
      if (isMatch(condition, headers)) into.add(condition.binding.destination);
    }
  }
}

function conditionOf<D>(binding: Binding<D>): Condition<D> {
  const mode = xMatchOf(binding.arguments);
  const isPlain = mode === "all" || mode === "any";
  const ignored = isPlain ? "x-" : "x-match";
  return {
    binding,
    isAll: mode === "all" || mode === "all-with-x",
    wanted: [...binding.arguments].filter(([name]) =>
      isPlain ? !name.startsWith(ignored) : name !== ignored,
    ),
  };
}

function isSameBinding<D>(left: Binding<D>, right: Binding<D>): boolean {
  return (
    left.destination === right.destination &&
    left.routingKey === right.routingKey &&
    isEquivalentTable(left.arguments, right.arguments)
  );
}

function isMatch(condition: Condition<unknown>, headers: FieldTable): boolean {
  for (const [name, value] of condition.wanted) {
    const header = headers.get(name);
    const isFound = header !== undefined && (value.type === "void" || isEqualHeader(value, header));
    if (isFound !== condition.isAll) return isFound;
  }
  return condition.isAll;
}
