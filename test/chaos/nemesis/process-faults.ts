import type { Random } from "../../../packages/raft/src/core/random.ts";
import { ALL_PRODUCTS, type Fault, type Nemesis, type NemesisContext, namesOf } from "./nemesis.ts";

/** Of a node that starts again, before the next one is stopped. */
const READY_MAX_MS = 60_000;
/** Share of SIGSTOPs that hit two nodes, of three. */
const TWO_STOPPED_SHARE = 0.25;

const BASE = { needs: [], products: ALL_PRODUCTS } as const;

export const PROCESS_NEMESES: readonly Nemesis[] = [
  { ...killing("kill-one", "kill -9 of one node", 3, 1), ...BASE },
  { ...killing("kill-minority", "kill -9 of two nodes of five", 5, 2), ...BASE },
  { ...killing("kill-majority", "kill -9 of two nodes of three", 3, 2), ...BASE },
  { ...killing("kill-all", "kill -9 of all nodes at once", 3, 3), ...BASE },
  {
    ...BASE,
    name: "sigstop",
    about: "one node does nothing for a while (SIGSTOP), sometimes two",
    nodes: 3,
    make: makeStop,
  },
  {
    ...BASE,
    name: "rolling-restart",
    about: "one node after the other is stopped as an operator does, and started",
    nodes: 3,
    make: makeRollingRestart,
  },
];

function killing(
  name: string,
  about: string,
  nodes: 3 | 5,
  count: number,
): Pick<Nemesis, "name" | "about" | "nodes" | "make"> {
  return { name, about, nodes, make: (context, random) => makeKill(context, random, count) };
}

function makeKill(
  { cluster, care, timeline }: NemesisContext,
  random: Random,
  count: number,
): Fault {
  let killed: readonly number[] = [];
  return {
    begin: async () => {
      killed = care.take(random, count);
      timeline.note(`kill -9 of ${namesOf(cluster, killed)}`);
      await Promise.all(killed.map((node) => cluster.kill(node)));
    },
    end: async () => {
      timeline.note(`start of ${namesOf(cluster, killed)}`);
      for (const node of killed) cluster.spawn(node);
      care.release(killed);
    },
  };
}

function makeStop({ cluster, care, timeline }: NemesisContext, random: Random): Fault {
  const count = random.next() < TWO_STOPPED_SHARE ? 2 : 1;
  let stopped: readonly number[] = [];
  return {
    begin: async () => {
      stopped = care.take(random, count);
      timeline.note(`SIGSTOP to ${namesOf(cluster, stopped)}`);
      for (const node of stopped) cluster.signal(node, "SIGSTOP");
    },
    end: async () => {
      timeline.note(`SIGCONT to ${namesOf(cluster, stopped)}`);
      for (const node of stopped) cluster.signal(node, "SIGCONT");
      care.release(stopped);
    },
  };
}

function makeRollingRestart(context: NemesisContext, random: Random): Fault {
  const { cluster, care } = context;
  return {
    begin: async () => {
      const order = care.take(random, cluster.indices.length);
      try {
        for (const node of order) await restart(context, node);
      } finally {
        care.release(order);
      }
    },
    end: async () => undefined,
  };
}

async function restart({ cluster, timeline }: NemesisContext, node: number): Promise<void> {
  const name = namesOf(cluster, [node]);
  timeline.note(`stop of ${name}`);
  try {
    await cluster.stop(node);
  } catch (error) {
    timeline.note(`${name} did not stop in time: ${String(error).slice(0, 120)}`);
    await cluster.kill(node);
  }
  timeline.note(`start of ${name}`);
  cluster.spawn(node);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      timeline.note(`${name} does not serve yet`);
      resolve();
    }, READY_MAX_MS);
  });
  await Promise.race([cluster.ready(node).catch(() => undefined), late]);
  clearTimeout(timer);
}
