import type { Json, Operation, Outcome } from "../../src/history/index.ts";

/** An operation of process 1 on "x" from 0 to 1 that went well, but for what is said. */
export function operation(facts: Partial<Operation> & { readonly kind: string }): Operation {
  const outcome: Outcome = facts.outcome ?? "ok";
  const end = outcome === "unknown" ? Number.POSITIVE_INFINITY : (facts.invokedAt ?? 0) + 1;
  return {
    process: 1,
    key: "x",
    input: null,
    output: null,
    invokedAt: 0,
    completedAt: end,
    ...facts,
    outcome,
  };
}

/**
 * Operations from a drawing, one process a line: `kind input -> output` between bars whose columns are the times, so that
 * overlaps can be seen. Input and output are JSON and may be left out. `-> ?`: unknown. `-> !`: fail.
 */
export function draw(lines: readonly string[]): Operation[] {
  return lines.flatMap((line, process) => {
    const found = line.matchAll(/\|([^|]+)\|/g);
    return Array.from(found, (match) => drawn(match[1] ?? "", process, match.index));
  });
}

function drawn(text: string, process: number, start: number): Operation {
  const [call = "", answer = "null"] = text.split("->").map((part) => part.trim());
  const [kind = "", ...rest] = call.split(" ");
  const input = json(rest.join(" "));
  const outcome = answer === "?" ? "unknown" : answer === "!" ? "fail" : "ok";
  const output = outcome === "ok" ? json(answer) : null;
  const end = start + text.length + 1;
  const completedAt = outcome === "unknown" ? Number.POSITIVE_INFINITY : end;
  return { process, kind, key: "x", input, output, invokedAt: start, completedAt, outcome };
}

function json(text: string): Json {
  return text.trim() === "" ? null : (JSON.parse(text) as Json);
}
