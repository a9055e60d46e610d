import type { DiskError } from "../env/disk.ts";

type Resume = (error: DiskError | undefined, value?: unknown) => void;

/** Something that a task waits for. Calls `resume` once. */
type Operation = (resume: Resume) => void;

/**
 * Work of several steps that wait for the disk or for time, written as a generator so that it reads straight. It is all
 * callbacks underneath: nothing of it runs in a micro-task, and the order is the order of the callbacks.
 */
export type Task<T> = Generator<Operation, T, unknown>;

/** Waits for a disk operation and returns its value. @throws DiskError as a thrown error, so that tasks can catch it */
export function* call<T>(
  start: (done: (error: DiskError | undefined, value?: T) => void) => void,
): Task<T> {
  // The runner gives back exactly what the operation reported.
  return (yield (resume) => start(resume)) as T;
}

/** Waits until `start` calls back. */
export function* until(start: (done: () => void) => void): Task<void> {
  yield (resume) => start(() => resume(undefined));
}

/** Runs `task` to its end; `done` gets what it returned, or what it threw. The first step runs at once. */
export function runTask<T>(
  task: Task<T>,
  done: (error: unknown, value: T | undefined) => void,
): void {
  new TaskRunner(task, done).start();
}

class TaskRunner<T> {
  readonly #task: Task<T>;
  readonly #done: (error: unknown, value: T | undefined) => void;
  /** Set while the generator runs: an operation that reports at once must not enter it again. */
  #isRunning = false;
  #result: { readonly error: DiskError | undefined; readonly value: unknown } | undefined;

  constructor(task: Task<T>, done: (error: unknown, value: T | undefined) => void) {
    this.#task = task;
    this.#done = done;
  }

  start(): void {
    this.#result = { error: undefined, value: undefined };
    this.#run();
  }

  #run(): void {
    this.#isRunning = true;
    while (this.#result !== undefined) {
      const { error, value } = this.#result;
      this.#result = undefined;
      let step: IteratorResult<Operation, T>;
      try {
        step = error === undefined ? this.#task.next(value) : this.#task.throw(error);
      } catch (thrown) {
        this.#done(thrown, undefined);
        return;
      }
      if (step.done === true) {
        this.#done(undefined, step.value);
        return;
      }
      this.#await(step.value);
    }
    this.#isRunning = false;
  }

  #await(operation: Operation): void {
    let isPending = true;
    operation((error, value) => {
      if (!isPending) throw new Error("an operation reported twice");
      isPending = false;
      this.#result = { error, value };
      if (!this.#isRunning) this.#run();
    });
  }
}
