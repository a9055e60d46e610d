import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";

const CORE = fileURLToPath(new URL("../../src/core/", import.meta.url));

/** Names that a pure function of its inputs has no use for. */
const FORBIDDEN = [
  "Date",
  "Promise",
  "process",
  "performance",
  "crypto",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "console",
  "require",
  "fetch",
];

/** Three replicas elect a leader and commit a command; runs with nothing but the language. */
const ELECTION = `
  const CONF = { voters: [65537, 131073, 196609], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
  const NOTHING = new Uint8Array(0);
  const LIMITS = core.DEFAULT_RAFT_LIMITS;
  const cores = new Map(CONF.voters.map((self) => {
    const view = { compactedIndex: 1, compactedTerm: 1, lastIndex: 1, snapshotIndex: 1, entries: [],
      term(index) { return index === 1 ? 1 : this.entries[index - 2]?.term; },
      cached(from, to) { return this.entries.slice(from - 2, to - 1); } };
    const config = { ...LIMITS, self, groupId: 1, groupEpoch: 1, seed: self, appliesBeforeDurable: false, noopData: NOTHING,
      createEntry: (group, index, term, type, data) => ({ index, term, type, data, crc: 0 }), isNodeAlive: () => true };
    const init = { hardState: { currentTerm: 1, votedFor: 0, commitIndex: 1 }, conf: CONF, applied: 1, holes: [], promise: undefined };
    return [self, { view, core: core.RaftCore.restore(config, init, view) }];
  }));
  const applied = [];
  function turn({ view, core }) {
    if (!core.hasReady()) return [];
    const { append, messages, committed } = core.ready();
    const sent = [...messages];
    if (append !== undefined) {
      for (const entry of append.entries) { view.entries[entry.index - 2] = entry; view.lastIndex = entry.index; }
      core.onAppended(append.seq);
      sent.push(...append.after);
    }
    for (const entry of committed) { applied.push(core.self + ":" + entry.index); core.onApplied(entry.index); }
    return sent;
  }
  function settle() {
    for (let busy = true; busy; ) {
      busy = false;
      for (const one of cores.values()) for (const message of turn(one)) { busy = true; cores.get(message.to).core.step(message); }
    }
  }
  for (let tick = 0; tick < 200; tick++) { for (const { core } of cores.values()) core.tick(); settle(); }
  const leader = [...cores.values()].find(({ core }) => core.role === "leader").core;
  leader.propose(Uint8Array.of(1));
  settle();
  JSON.stringify({ role: leader.role, commits: [...cores.values()].map(({ core }) => core.commitIndex), applied: applied.length });
`;

describe("the core", () => {
  let bundle = "";

  beforeAll(async () => {
    const contents = `export * from "./raft-core.ts"; export { DEFAULT_RAFT_LIMITS } from "./raft-config.ts";`;
    const result = await build({
      stdin: { contents, resolveDir: CORE, loader: "ts" },
      bundle: true,
      write: false,
      format: "iife",
      globalName: "core",
      platform: "neutral",
      target: "es2022",
    });
    bundle = result.outputFiles[0]?.text ?? "";
  });

  it("elects a leader and commits without clock, chance, timers or promises", () => {
    const context = createContext({});
    const remove = [...FORBIDDEN, "Math.random"]
      .map((name) => `delete globalThis.${name};`)
      .join("");
    runInContext(
      `${remove} if (typeof Date !== "undefined" || Math.random) throw new Error("still there");`,
      context,
    );
    const result: unknown = JSON.parse(String(runInContext(`${bundle};${ELECTION}`, context)));
    expect(result).toEqual({ role: "leader", commits: [3, 3, 3], applied: 6 });
  });

  it("does the same again", () => {
    const run = (): unknown => runInContext(`${bundle};${ELECTION}`, createContext({}));
    expect(run()).toBe(run());
  });
});
