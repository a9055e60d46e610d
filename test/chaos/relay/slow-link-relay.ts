import { createServer, type Server, Socket } from "node:net";
import { isSpeed, type LinkSpeed, type RelayedLink } from "./link-speed.ts";

// A program of its own, so that the load of the clients does not slow down what it carries: relays TCP between nodes, late.
// argv: the links as JSON. Messages: LinkSpeed of all links. Sends "ready" when it listens.

/** What is under way on one connection in one direction, bytes: then its sender waits. */
const UNDER_WAY_MAX = 4 * 1024 * 1024;

let speed: LinkSpeed = { delayMs: 0, jitterMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };

interface LateAction {
  readonly at: number;
  readonly run: () => void;
}

/** Carries what comes from one socket to another, in order, later. */
class LateStream {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #waiting: LateAction[] = [];
  #isTimed = false;
  #underWay = 0;
  /** When the last bytes will have passed, ms. */
  #freeAt = 0;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on("data", (bytes) => this.#take(bytes));
    from.once("end", () => this.#later(() => to.end(), 0));
    from.once("close", () => this.#later(() => to.destroy(), 0));
    from.on("error", () => undefined);
  }

  #take(bytes: Buffer): void {
    this.#underWay += bytes.length;
    if (this.#underWay > UNDER_WAY_MAX) this.#from.pause();
    this.#later(() => {
      this.#to.write(bytes);
      this.#underWay -= bytes.length;
      if (this.#underWay <= UNDER_WAY_MAX) this.#from.resume();
    }, bytes.length);
  }

  #later(run: () => void, size: number): void {
    const { delayMs, jitterMs, bytesPerSecond } = speed;
    const soonest = performance.now() + delayMs + Math.random() * jitterMs;
    this.#freeAt = Math.max(soonest, this.#freeAt) + (size / bytesPerSecond) * 1000;
    this.#waiting.push({ at: this.#freeAt, run });
    this.#runDue();
  }

  #runDue(): void {
    if (this.#isTimed) return;
    const now = performance.now();
    while ((this.#waiting[0]?.at ?? Number.POSITIVE_INFINITY) <= now) this.#waiting.shift()?.run();
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      this.#runDue();
    }, next.at - now);
  }
}

function relay({ listen, to }: RelayedLink): Promise<Server> {
  const server = createServer((incoming) => {
    const outgoing = new Socket();
    incoming.setNoDelay(true);
    outgoing.setNoDelay(true);
    outgoing.connect(to.port, to.host);
    // Who asks a node that does not run sees a connection that is taken and closed at once.
    new LateStream(incoming, outgoing);
    new LateStream(outgoing, incoming);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port, listen.host, () => resolve(server));
  });
}

process.on("message", (message) => {
  if (!isSpeed(message)) return;
  speed = message.bytesPerSecond > 0 ? message : { ...message, bytesPerSecond: Infinity };
});
process.once("disconnect", () => process.exit());
const links = JSON.parse(process.argv[2] ?? "[]") as readonly RelayedLink[];
await Promise.all(links.map(relay));
process.send?.("ready");
