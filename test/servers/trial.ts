import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { definePolicy, type PolicySpec, type RetryPolicy } from '../../src/index.js';
import type { AttemptEvent } from '../../src/queues/types.js';
import type { Order } from './child.js';
import { entries, type Entry, type Payload, scripted } from './handler.js';
import { WorkerProcess } from './processes.js';
import { temporaryFolder } from './server.js';
import type { Fault, HostJob, OpenQueue, RunningWorker, Subject, WorkOptions } from './subject.js';

let count = 0;

/** One queue with one policy, for one test; everything it has opened is closed when the test ends. */
export class Trial {
  /** What `onAttempt` of the workers in this process was told. */
  readonly events: AttemptEvent<HostJob>[] = [];
  private readonly folder = temporaryFolder('trial');
  private readonly ledger = join(this.folder, 'ledger');
  /** Long, so that a busy machine costs no attempt; until there are processes that die. */
  private leaseMs = 30_000;
  private readonly ends: (() => Promise<unknown>)[] = [];

  private constructor(
    private readonly subject: Subject,
    private readonly url: string,
    private readonly name: string,
    readonly policy: RetryPolicy,
    readonly queue: OpenQueue,
  ) {}

  static async open(subject: Subject, url: string, spec: PolicySpec): Promise<Trial> {
    const policy = definePolicy(spec);
    const name = `t${process.pid}x${++count}`;
    const queue = await subject.open(url, name);
    const trial = new Trial(subject, url, name, policy, queue);
    await queue.prepare(policy);
    return trial;
  }

  enqueue(payloads: readonly Payload[], hostOptions?: boolean): Promise<string[]> {
    return this.queue.enqueue(payloads, hostOptions);
  }

  /** A worker in this process. */
  async work(options: Partial<WorkOptions> = {}): Promise<RunningWorker> {
    const worker = await this.queue.work({
      policy: this.policy,
      handler: scripted(this.ledger),
      concurrency: 50,
      leaseMs: this.leaseMs,
      onAttempt: (event) => this.events.push(event),
      ...options,
    });
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= worker.close());
    this.ends.push(close);
    return { close };
  }

  /** A worker in a process of its own. From now on, what workers leave behind is taken over as soon as the host can. */
  async workApart(concurrency: number, fault?: Fault, chosen?: RetryPolicy): Promise<WorkerProcess> {
    this.leaseMs = this.subject.takeOverMs;
    const order: Order = {
      subject: this.subject.name,
      url: this.url,
      queue: this.name,
      ledger: this.ledger,
      policy: this.policy,
      concurrency,
      leaseMs: this.leaseMs,
      ...(fault && { fault }),
      ...(chosen && { chosen }),
    };
    const worker = await WorkerProcess.start(order);
    this.ends.push(() => worker.kill());
    return worker;
  }

  /** What all workers have run so far, of one job or of all. */
  ledgerOf(id?: string): Entry[] {
    const all = entries(this.ledger);
    return id === undefined ? all : all.filter((entry) => entry.id === id);
  }

  /** The attempt numbers a job was run with, in order. */
  runs(id: string): number[] {
    return this.ledgerOf(id)
      .filter(({ what }) => what === 'begin')
      .map(({ attempt }) => attempt);
  }

  /** What `decide` came to for a job, as seen by workers of this process. */
  decisions(id: string) {
    return this.events
      .filter((event) => event.id === id)
      .map(({ attempt, delayMs, reason }) => ({ attempt, delayMs, reason }));
  }

  /** What became of the attempts of a job, as workers of this process reported it. */
  outcomes(id: string) {
    return this.events
      .filter((event) => event.id === id)
      .map(({ attempt, outcome }) => [attempt, outcome] as const);
  }

  /** Waits until these jobs are done or dead.  */
  async settled(ids: readonly string[], withinMs = 30_000): Promise<{ done: string[]; dead: string[] }> {
    let done: string[] = [];
    let dead: string[] = [];
    await until(withinMs, `${ids.length} jobs are done or dead`, async () => {
      const views = await this.queue.views();
      const forgotten = this.subject.forgetsDone ? this.succeeded() : new Set<string>();
      done = ids.filter((id) => views.get(id)?.state === 'done' || (!views.has(id) && forgotten.has(id)));
      dead = ids.filter((id) => views.get(id)?.state === 'dead');
      return done.length + dead.length === ids.length;
    });
    return { done, dead };
  }

  /** The jobs a handler has succeeded with. */
  private succeeded(): Set<string> {
    return new Set(
      this.ledgerOf()
        .filter(({ what }) => what === 'done')
        .map(({ id }) => id),
    );
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.ends.map((end) => end()));
    await this.queue.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Looks again and again until it is so; the error says what was waited for. */
export async function until(
  withinMs: number,
  what: string,
  isSo: () => Promise<boolean> | boolean,
): Promise<void> {
  const endMs = Date.now() + withinMs;
  let trouble: unknown;
  for (;;) {
    try {
      if (await isSo()) return;
    } catch (error) {
      trouble = error; // a server that is just being restarted
    }
    if (Date.now() > endMs) throw new Error(`Not within ${withinMs} ms: ${what}`, { cause: trouble });
    await sleep(25);
  }
}
