import { mkdirSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { startRabbitmq } from "../../../../../bench/rabbitmq-process.ts";
import { LeveretProcess } from "../../../../../test/clients/processes/leveret-process.ts";

const READY_MAX_MS = 60_000;
const STOP_MAX_MS = 60_000;
/** Of the start of a log; what somebody waits for comes early. */
const LINES_KEPT_MAX = 100;
const LINES_SHOWN = 20;

/** One start of a broker. */
export interface StartedBroker {
  readonly isRunning: boolean;
  /** The end of its log. */
  readonly lastLines: readonly string[];
  /** Its URL, when clients can connect. */
  ready(): Promise<string>;
  /** Resolves when a line of its log is like this. */
  line(pattern: RegExp): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM. @throws Error if it does not end in good order */
  stop(): Promise<void>;
}

/** Starts a broker on the same data again and again. */
export type BrokerLauncher = () => StartedBroker;

/** How ours is started. */
export interface LaunchOptions {
  /** What node is given; undefined: `dist`. */
  readonly program?: readonly string[];
  /** undefined: `data` in the directory. */
  readonly dataDirectory?: string;
  /** It stores nothing: to prove that tests can fail. */
  readonly isInMemory?: boolean;
}

/** Ours, its data in `directory`/data, its log in `directory`/broker.log. */
export function launchLeveret(directory: string, options: LaunchOptions = {}): BrokerLauncher {
  const log = join(directory, "broker.log");
  const work = join(directory, "work");
  const { dataDirectory = join(directory, "data") } = options;
  mkdirSync(work, { recursive: true });
  return () => {
    let written: Promise<void> = Promise.resolve();
    const lines: string[] = [];
    let onLine: (line: string) => void = () => undefined;
    const broker = new LeveretProcess(work, {
      ...(options.isInMemory === true ? {} : { dataDirectory }),
      ...(options.program === undefined ? {} : { program: options.program }),
      readyMaxMs: READY_MAX_MS,
      stopMaxMs: STOP_MAX_MS,
      onLine: (line) => {
        if (lines.length < LINES_KEPT_MAX) lines.push(line);
        onLine(line);
        written = written.then(() => appendFile(log, `${line}\n`));
      },
    });
    return {
      get isRunning() {
        return broker.isRunning;
      },
      get lastLines() {
        return broker.lines.slice(-LINES_SHOWN);
      },
      ready: async () => `amqp://guest:guest@127.0.0.1:${await broker.ready()}/`,
      line: (pattern) =>
        new Promise((resolve) => {
          onLine = (line) => {
            if (pattern.test(line)) resolve();
          };
          for (const line of lines) onLine(line);
        }),
      kill: async () => {
        await broker.kill();
        await written;
      },
      stop: async () => {
        await broker.stop();
        await written;
      },
    };
  };
}

/** RabbitMQ, to check the test itself; it is killed when it is ready at the earliest. */
export function launchRabbitmq(directory: string, server: string): BrokerLauncher {
  const home = join(directory, "rabbitmq");
  mkdirSync(home, { recursive: true });
  return () => {
    const started = startRabbitmq(server, { home });
    started.catch(() => undefined);
    let isRunning = true;
    return {
      get isRunning() {
        return isRunning;
      },
      lastLines: [],
      ready: async () => (await started).url,
      line: () => Promise.reject(new Error("its log is not read")),
      kill: async () => {
        isRunning = false;
        await (await started).kill();
      },
      stop: async () => {
        isRunning = false;
        await (await started).stop();
      },
    };
  };
}
