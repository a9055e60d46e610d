/** A line of JSON that one of the programs here prints. */
export type ProgramReport = Readonly<Record<string, unknown>>;

/** @throws Error if the line is not an object of JSON */
export function parseReport(line: string): ProgramReport {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== "object" || parsed === null) throw new Error(`unexpected report ${line}`);
  return { ...parsed };
}

/** @throws Error if there is no such number */
export function numberOf(report: ProgramReport, name: string): number {
  const value = report[name];
  if (typeof value === "number") return value;
  throw new Error(`no number ${name} in ${JSON.stringify(report)}`);
}
