import { failed, UsageError } from "../cli-error.ts";
import { EXIT } from "../exit-code.ts";
import { type Command, type Input, NOTHING } from "./command.ts";

export const RESOURCE_LIMIT_COMMANDS: readonly Command[] = [
  {
    name: "set_vm_memory_high_watermark",
    group: "Operations",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "<fraction> | absolute <value>",
    summary: "Sets from which use of memory on publishers are blocked, until the node is restarted",
    details: [
      ["<fraction>", "of the memory of the machine or container, such as 0.4"],
      ["absolute", "a size: bytes, or with a unit as in 2GB, 512MiB"],
    ],
    count: [1, 2],
    needs: "running",
    check: (input) => {
      const threshold = asked(input, "absolute");
      if (threshold.isNamed) return;
      const fraction = fractionOf(threshold.value);
      if (fraction <= 1) return;
      throw badArgument("The threshold should be a fraction between 0.0 and 1.0");
    },
    banner: (input) => {
      const { value, isNamed } = asked(input, "absolute");
      return `Setting memory threshold on ${input.node} to ${value}${isNamed ? " bytes" : ""} ...`;
    },
    run: async (input, caller) => {
      const { value, isNamed } = asked(input, "absolute");
      const limit = isNamed ? { absolute: value } : { relative: fractionOf(value) };
      await caller.call("set_vm_memory_high_watermark", limit);
      return NOTHING;
    },
    explain: (code, message) => (code === "bad_argument" ? failed(EXIT.data, message) : undefined),
  },
  {
    name: "set_disk_free_limit",
    group: "Operations",
    tools: ["rabbitmqctl", "rabbitmq-diagnostics"],
    usage: "<disk_limit> | mem_relative <fraction>",
    summary: "Sets below which free disk space publishers are blocked, until the node is restarted",
    details: [
      ["<disk_limit>", "a size: bytes, or with a unit as in 50MB, 2GiB"],
      ["mem_relative", "a multiple of the memory of the machine or container, such as 1.5"],
    ],
    count: [1, 2],
    needs: "running",
    check: (input) => {
      const limit = asked(input, "mem_relative");
      if (limit.isNamed) fractionOf(limit.value);
    },
    banner: (input) => {
      const { value, isNamed } = asked(input, "mem_relative");
      const unit = isNamed ? "times the total RAM" : "bytes";
      return `Setting disk free limit on ${input.node} to ${value} ${unit} ...`;
    },
    run: async (input, caller) => {
      const { value, isNamed } = asked(input, "mem_relative");
      const limit = isNamed ? { relative: fractionOf(value) } : { absolute: value };
      await caller.call("set_disk_free_limit", limit);
      return NOTHING;
    },
    explain: (code, message) => (code === "bad_argument" ? failed(EXIT.data, message) : undefined),
  },
];

/** The value, and whether the word that changes its meaning comes before it. @throws UsageError */
function asked(
  { args: [first = "", second] }: Input,
  word: string,
): { readonly value: string; readonly isNamed: boolean } {
  if (first === word) {
    if (second === undefined) throw new UsageError(EXIT.usage, "not enough arguments.");
    return { value: second, isNamed: true };
  }
  if (second !== undefined) throw new UsageError(EXIT.usage, "too many arguments.");
  return { value: first, isNamed: false };
}

/** @throws UsageError */
function fractionOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw badArgument(`'${text}' is no number`);
}

function badArgument(text: string): UsageError {
  return new UsageError(EXIT.data, `Bad argument: ${text}`);
}
