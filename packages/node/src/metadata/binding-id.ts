import type { FieldTable, FieldValue } from "@leveret/amqp";
import { compareText } from "./compare-text.ts";
import type { BindingRecord } from "./records.ts";

/**
 * One text for a binding: equal exactly for equal bindings. The order of arguments does not count, their types do
 * (RabbitMQ sorts them at bind). Every part carries its length, so that no choice of names can imitate another binding.
 */
export function bindingId(binding: BindingRecord): string {
  const kind = binding.destinationType === "queue" ? "q" : "e";
  const address = part(binding.source) + kind + part(binding.destination);
  const base = address + part(binding.routingKey);
  return binding.arguments.size === 0 ? base : base + tableText(binding.arguments);
}

/** The canonical text of a table. */
function tableText(table: FieldTable): string {
  const entries = Array.from(table);
  entries.sort((left, right) => compareText(left[0], right[0]));
  return `{${entries.map(([key, value]) => part(key) + valueText(value)).join("")}}`;
}

function part(text: string): string {
  return `${text.length}:${text}`;
}

function valueText(value: FieldValue): string {
  switch (value.type) {
    case "longstr":
    case "binary":
      return value.type + part(value.value.toString("latin1"));
    case "decimal":
      return `decimal${value.value.scale},${value.value.value};`;
    case "array":
      return `[${value.value.map(valueText).join("")}]`;
    case "table":
      return tableText(value.value);
    case "void":
      return "void;";
    case "bool":
    case "byte":
    case "unsignedbyte":
    case "short":
    case "unsignedshort":
    case "signedint":
    case "unsignedint":
    case "long":
    case "timestamp":
    case "float":
    case "double":
      return `${value.type}${Object.is(value.value, -0) ? "-0" : String(value.value)};`;
    default:
      return value satisfies never;
  }
}
