import { t } from "../i18n/translate.ts";

export type ArgumentType = "string" | "number" | "boolean" | "json";

/** A name with its value as it is typed. */
export interface ArgumentRow {
  readonly key: string;
  readonly value: string;
  readonly type: ArgumentType;
}

export function emptyRow(): ArgumentRow {
  return { key: "", value: "", type: "string" };
}

/** The rows as an object. Throws an Error that names the row whose value does not fit its type. */
export function argumentsOf(rows: readonly ArgumentRow[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const row of rows) {
    if (row.key !== "") {
      result[row.key] = typedValue(row);
    }
  }
  return result;
}

/** Rows for an object that the broker sent. */
export function rowsOf(object: Readonly<Record<string, unknown>>): readonly ArgumentRow[] {
  return Object.entries(object).map(([key, value]) => {
    if (typeof value === "string") {
      return { key, value, type: "string" };
    }
    const type =
      typeof value === "number" ? "number" : typeof value === "boolean" ? "boolean" : "json";
    return { key, value: JSON.stringify(value), type };
  });
}

function typedValue(row: ArgumentRow): unknown {
  switch (row.type) {
    case "string":
      return row.value;
    case "number":
      return numberOf(row);
    case "boolean":
      return booleanOf(row);
    case "json":
      return jsonOf(row);
  }
}

function numberOf(row: ArgumentRow): number {
  const value = Number(row.value);
  if (row.value.trim() === "" || !Number.isFinite(value)) {
    throw new Error(t("{name}: {value} is not a number", { name: row.key, value: row.value }));
  }
  return value;
}

function booleanOf(row: ArgumentRow): boolean {
  if (row.value !== "true" && row.value !== "false") {
    throw new Error(t("{name}: write true or false", { name: row.key }));
  }
  return row.value === "true";
}

function jsonOf(row: ArgumentRow): unknown {
  try {
    return JSON.parse(row.value);
  } catch (cause) {
    throw new Error(t("{name}: this is not JSON", { name: row.key }), { cause });
  }
}
