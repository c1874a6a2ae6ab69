import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Order } from './child.js';

const CHILD = resolve(import.meta.dirname, '../../.cache/servers/child.mjs');
const LOG = resolve(import.meta.dirname, '../../.cache/servers/workers.log');

/** One worker process under an order. */
export class WorkerProcess {
  private constructor(private readonly child: ChildProcess) {}

  static async start(order: Order): Promise<WorkerProcess> {
    // Hosts say a good deal when their server is taken away, which is what these tests do.
    const log = openSync(LOG, 'a');
    // Advanced serialization, because JSON has no Infinity.
    const child = fork(CHILD, { serialization: 'advanced', stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    child.send(order);
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) =>
        Promise.reject(new Error(`The worker process ended with ${code}, see ${LOG}`)),
      ),
    ]);
    return new WorkerProcess(child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** As the kernel ends a process: nothing of it runs any more. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    if (this.isRunning) await once(this.child, 'exit');
  }
}
