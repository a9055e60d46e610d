import type { Mutation } from "./mutation.ts";

/** Bugs in the transport. */
export const TRANSPORT_MUTATIONS: readonly Mutation[] = [
  {
    id: "frames that waited for a lost connection go to the next life",
    checklist: "102",
    finders: ["scenarios"],
    edits: [
      {
        file: "transport/lane-output.ts",
        find: `    this.#queue.clear();
    this.#arena.reset();
`,
        replace: "",
      },
    ],
  },
  {
    id: "memory of a frame is used again while the network still reads it",
    checklist: "96",
    edits: [
      {
        file: "transport/frame-arena.ts",
        find: `    this.#start = this.#end;
    this.#parts = 0;
  }

  #begin`,
        replace: `    this.#start = 0;
    this.#parts = 0;
  }

  #begin`,
      },
    ],
  },
  {
    id: "received entries are views of memory that is used again",
    checklist: "96",
    edits: [
      {
        file: "codec/entry-slab.ts",
        find: `    const offset = this.#used;
    this.#used += size;`,
        replace: "    const offset = this.#used;",
      },
    ],
  },
  {
    id: "records that stand apart in memory are sent as if they followed each other",
    checklist: "96",
    edits: [
      {
        file: "codec/entry-record.ts",
        find: "entry.record !== memory || entry.recordAt !== end",
        replace: "entry.record === undefined",
      },
    ],
  },
  {
    id: "an entry's checksum is that of another group's entry",
    checklist: "-",
    edits: [
      {
        file: "codec/entry-identity.ts",
        find: `    known.groupId !== groupId ||
`,
        replace: "",
      },
    ],
  },
  {
    id: "a lane takes any number of bytes",
    checklist: "100",
    finders: ["scenarios"],
    edits: [
      {
        file: "transport/lane-output.ts",
        find: "if (queued > 0 && queued + partSize > this.#options.maxBytes) {",
        replace: "if (queued < 0) {",
      },
    ],
  },
  {
    id: "a node is alive as long as it was once",
    checklist: "91",
    edits: [
      {
        file: "transport/link.ts",
        find: 'return this.#liveness.state === "up";',
        replace: "return this.#liveness.lastRoundTripMs !== undefined;",
      },
    ],
  },
  {
    id: "a silent node is never taken to be gone",
    checklist: "14",
    finders: ["scenarios"],
    edits: [
      {
        file: "transport/liveness.ts",
        find: `    if (age > this.#limits.downMs) return this.fail(nowMs);
`,
        replace: "",
      },
      {
        file: "transport/liveness.ts",
        find: 'if (this.#state === "suspect" || age <= this.#limits.suspectMs) return "none";',
        replace: 'return "none";',
      },
    ],
  },
  {
    id: "nobody is told that a node has restarted",
    checklist: "20",
    finders: ["scenarios"],
    edits: [
      {
        file: "transport/liveness.ts",
        find: 'return isNewLife ? "up" : "none";',
        replace: 'return "none";',
      },
      {
        file: "transport/liveness.ts",
        find: `        this.#state = "up";
        return "up";
      case "up":`,
        replace: `        this.#state = "up";
        return "none";
      case "up":`,
      },
    ],
  },
  {
    id: "a lost connection is not made again",
    checklist: "-",
    edits: [
      {
        file: "transport/link.ts",
        find: `    if (this.isWanted) this.#control.redialAfterLoss(this.#headStartMs());
`,
        replace: "",
      },
      {
        file: "transport/link.ts",
        find: `    redial.soon(this.#headStartMs());
  }

  #dial`,
        replace: `  }

  #dial`,
      },
    ],
  },
  {
    id: "a lost append connection is not made again",
    checklist: "-",
    edits: [
      {
        file: "transport/link.ts",
        find: `    if (this.#session?.isDialler === true) lane.redialAfterLoss(0);
`,
        replace: "",
      },
      {
        file: "transport/link.ts",
        find: "if (lane.open === undefined && lane.dialled === undefined) lane.redial.soon(0);",
        replace:
          "if (lane === this.#bulk && lane.open === undefined && lane.dialled === undefined) lane.redial.soon(0);",
      },
    ],
  },
  {
    id: "what waits for the network to drain is forgotten",
    checklist: "-",
    edits: [
      {
        file: "transport/lane-output.ts",
        find: `  onDrain(): void {
    this.#isBlocked = false;
    this.#pump();`,
        replace: `  onDrain(): void {
    this.#pump();`,
      },
    ],
  },
  {
    id: "reading stays stopped after a pause",
    checklist: "-",
    finders: ["scenarios"],
    edits: [
      {
        file: "transport/lane-link.ts",
        find: "    else this.open?.resume();\n",
        replace: "",
      },
    ],
  },
];
