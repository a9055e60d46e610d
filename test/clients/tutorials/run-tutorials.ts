import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "amqplib";
import { ChildProgram } from "../processes/child-program.ts";
import type { Result } from "../results.ts";

const HERE: string = fileURLToPath(new URL(".", import.meta.url));
const START_MAX_MS = 20_000;
const OUTPUT_MAX_MS = 20_000;

/** The tutorials' programs in one language and one form. */
interface Edition {
  readonly name: string;
  /** Starts a program of the edition, named as the amqplib one is, without ending. */
  readonly start: (program: string, args: readonly string[]) => ChildProgram;
}

/** One tutorial: starts programs and checks what they print. */
type Tutorial = (session: Session) => Promise<void>;

const TUTORIALS: ReadonlyMap<string, Tutorial> = new Map([
  ["hello", hello],
  ["work-queues", workQueues],
  ["publish-subscribe", publishSubscribe],
  ["routing", routing],
  ["topics", topics],
  ["rpc", rpc],
]);
/** Programs of pika that are the same in both forms. */
const COMMON_TO_FORMS = ["emit-log", "receive-logs", "rpc-client"];
/** What the tutorials declare, in either form: deleted before and after each edition. */
const QUEUES = ["hello", "task_queue", "rpc_queue"];
const EXCHANGES = ["logs", "direct_logs", "topic_logs"];

/** Runs the six tutorials in both languages and forms; each is one result. */
export async function runTutorials(
  url: string,
  python: string,
  onLine: (line: string) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const edition of editions(url, python)) {
    await deleteDeclared(url);
    for (const [scenario, tutorial] of TUTORIALS) {
      const failure = await failureOf(tutorial, edition);
      const outcome = failure === undefined ? "ok" : "not ok";
      onLine(
        `${outcome} ${edition.name} ${scenario}${failure === undefined ? "" : ` - ${failure}`}`,
      );
      results.push({ suite: edition.name, scenario: `tutorial-${scenario}`, failure });
    }
  }
  await deleteDeclared(url);
  return results;
}

function editions(url: string, python: string): Edition[] {
  const environment = { AMQP_URL: url, PYTHONDONTWRITEBYTECODE: "1" };
  return ["classic", "quorum"].flatMap((form) => [
    {
      name: `amqplib-${form}`,
      start: (program, args) =>
        new ChildProgram({
          command: process.execPath,
          arguments: [join(HERE, "amqplib", form, `${program}.cjs`), ...args],
          environment,
        }),
    },
    {
      name: `pika-${form}`,
      start: (program, args) =>
        new ChildProgram({
          command: python,
          arguments: [pikaProgram(form, program), ...args],
          environment,
        }),
    },
  ]);
}

function pikaProgram(form: string, program: string): string {
  const file = `${program.replaceAll("-", "_")}.py`;
  const isCommon = COMMON_TO_FORMS.some((prefix) => program.startsWith(prefix));
  return isCommon ? join(HERE, "pika", file) : join(HERE, "pika", form, file);
}

async function deleteDeclared(url: string): Promise<void> {
  const connection = await connect(url);
  try {
    const channel = await connection.createChannel();
    for (const queue of QUEUES) await channel.deleteQueue(queue);
    for (const exchange of EXCHANGES) await channel.deleteExchange(exchange);
  } finally {
    await connection.close();
  }
}

async function failureOf(tutorial: Tutorial, edition: Edition): Promise<string | undefined> {
  const session = new Session(edition);
  try {
    await tutorial(session);
    return undefined;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replaceAll("\n", " | ");
  } finally {
    await session.end();
  }
}

/** The programs that one tutorial started, as windows on a desk. */
class Session {
  readonly #edition: Edition;
  readonly #programs: ChildProgram[] = [];

  constructor(edition: Edition) {
    this.#edition = edition;
  }

  /** Starts a program that runs until it is stopped, and waits until it is ready. */
  async open(program: string, ...args: string[]): Promise<ChildProgram> {
    const child = this.#edition.start(program, args);
    this.#programs.push(child);
    await child.waitForLine("waiting", (line) => line === "waiting", START_MAX_MS);
    return child;
  }

  /** Runs a program to its end and checks all that it prints. */
  async run(program: string, args: readonly string[], printed: readonly string[]): Promise<void> {
    const child = this.#edition.start(program, args);
    this.#programs.push(child);
    const code = await child.waitForExit(OUTPUT_MAX_MS);
    if (code !== 0) throw new Error(`${program} exited with ${code}: ${child.lines.join(" | ")}`);
    assertLines(program, child.lines, printed);
  }

  async end(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
  }
}

/** Waits until the program printed `last`, then compares all that it printed after "waiting". */
async function expectLines(child: ChildProgram, printed: readonly string[]): Promise<void> {
  const last = printed.at(-1) ?? "";
  await child.waitForLine(last, (line) => line === last, OUTPUT_MAX_MS);
  assertLines("the receiver", child.lines, ["waiting", ...printed]);
}

function assertLines(what: string, actual: readonly string[], expected: readonly string[]): void {
  if (actual.join("\n") === expected.join("\n")) return;
  throw new Error(`${what} printed [${actual.join(", ")}], expected [${expected.join(", ")}]`);
}

async function hello(session: Session): Promise<void> {
  // The message waits in the queue for a receiver that comes later, and the next finds it waiting.
  await session.run("send", [], ["sent Hello World!"]);
  const receiver = await session.open("receive");
  await expectFirst(receiver, 1);
  await session.run("send", [], ["sent Hello World!"]);
  await expectFirst(receiver, 2);
}

async function expectFirst(receiver: ChildProgram, count: number): Promise<void> {
  const isEnough = (): boolean =>
    receiver.lines.filter((line) => line === "received Hello World!").length >= count;
  await receiver.waitForLine(`message ${count}`, isEnough, OUTPUT_MAX_MS);
}

async function workQueues(session: Session): Promise<void> {
  const first = await session.open("worker");
  const second = await session.open("worker");
  const tasks = ["one.", "two..", "three...", "four....", "five....."];
  for (const task of tasks) await session.run("new-task", [task], [`sent ${task}`]);
  for (const task of tasks) {
    const isDone = (): boolean => [...first.lines, ...second.lines].includes(`done ${task}`);
    await first.waitForLine(`done ${task}`, isDone, OUTPUT_MAX_MS);
  }
  const received = [...first.lines, ...second.lines].filter((line) => line.startsWith("received"));
  const expected = tasks.map((task) => `received ${task}`);
  assertLines("the workers", received.toSorted(), expected.toSorted());
}

async function publishSubscribe(session: Session): Promise<void> {
  await session.run("emit-log", ["nobody listens"], ["sent nobody listens"]);
  const first = await session.open("receive-logs");
  const second = await session.open("receive-logs");
  await session.run("emit-log", ["hello", "both"], ["sent hello both"]);
  await expectLines(first, ["received hello both"]);
  await expectLines(second, ["received hello both"]);
}

async function routing(session: Session): Promise<void> {
  const all = await session.open("receive-logs-direct", "info", "warning", "error");
  const errors = await session.open("receive-logs-direct", "error");
  await session.run("emit-log-direct", ["info", "started"], ["sent info:started"]);
  await session.run("emit-log-direct", ["debug", "unheard"], ["sent debug:unheard"]);
  await session.run("emit-log-direct", ["error", "it", "burns"], ["sent error:it burns"]);
  await expectLines(all, ["received info:started", "received error:it burns"]);
  await expectLines(errors, ["received error:it burns"]);
}

async function topics(session: Session): Promise<void> {
  const all = await session.open("receive-logs-topic", "#");
  const kernel = await session.open("receive-logs-topic", "kern.*");
  const critical = await session.open("receive-logs-topic", "*.critical", "nothing.#");
  await session.run("emit-log-topic", ["kern.info", "up"], ["sent kern.info:up"]);
  await session.run("emit-log-topic", ["cron.critical", "late"], ["sent cron.critical:late"]);
  await session.run("emit-log-topic", ["kern.critical", "down"], ["sent kern.critical:down"]);
  const [up, late, down] = ["kern.info:up", "cron.critical:late", "kern.critical:down"];
  await expectLines(all, [`received ${up}`, `received ${late}`, `received ${down}`]);
  await expectLines(kernel, [`received ${up}`, `received ${down}`]);
  await expectLines(critical, [`received ${late}`, `received ${down}`]);
}

async function rpc(session: Session): Promise<void> {
  const server = await session.open("rpc-server");
  await session.run("rpc-client", [], ["asking for fib(30)", "got 832040"]);
  await session.run("rpc-client", [], ["asking for fib(30)", "got 832040"]);
  await expectLines(server, ["asked 30", "asked 30"]);
}
