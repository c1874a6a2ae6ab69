import { type Payload, scripted } from './handler.js';
import type { Fault, RunningWorker } from './subject.js';
import { subjectNamed } from './subjects.js';
import type { RetryPolicy } from '../../src/index.js';

// A worker process: told by its parent what to run, once; killed when the parent is done with it.

export interface Order {
  readonly subject: string;
  readonly url: string;
  readonly queue: string;
  readonly ledger: string;
  readonly policy: RetryPolicy;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly fault?: Fault;
  /** What `policyFor` chooses. A function cannot be sent to a process. */
  readonly chosen?: RetryPolicy;
}

let worker: RunningWorker | undefined;

async function run({ subject: name, url, queue: queueName, ledger, chosen, ...order }: Order): Promise<void> {
  const subject = await subjectNamed(name);
  const queue = await subject.open(url, queueName);
  const handler = scripted(ledger);
  worker = await queue.work({
    ...order,
    ...(chosen && { policyFor: () => chosen }),
    handler: (payload: Payload, context, id) => handler(payload, context, id),
  });
  process.send?.('ready');
}

process.once('message', (order: Order) => {
  run(order).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
// The parent is gone, or done.
process.once('disconnect', () => process.exit(worker ? 0 : 1));
