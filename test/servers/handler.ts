import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { permanent, retryAfter, retryIn } from '../../src/index.js';

/** What one attempt of a job does. */
export type Step =
  | 'ok'
  | 'fail'
  /** Throws an error that is marked as not worth a retry. */
  | 'permanent'
  /** Kills its own process at once, as the kernel does when memory runs out. */
  | 'crash'
  /** Works for `ms`, whatever its signal says, and then does the next thing. */
  | { readonly workMs: number; readonly next: Step }
  /** Waits for its signal, at most `ms`, and rejects with the reason. */
  | { readonly waitMs: number }
  /** Fails as HTTP clients do, with a hint in the response. */
  | { readonly hintSeconds: number }
  /** The same with a hint in milliseconds, as code that knows more says it: by a mark. */
  | { readonly hintMs: number }
  /** The same with a date that far in the future, in whole seconds. */
  | { readonly hintDateSeconds: number }
  /** Fails with a delay of its own, by a mark. */
  | { readonly exactMs: number }
  | { readonly odd: 'string' | 'undefined' | 'null' | 'frozen' | 'huge-stack' | 'proxy' };

/** A job of the suite: what it does is in its payload, so that any process can run it. The last step repeats. */
export interface Payload {
  readonly key: string;
  readonly steps: readonly Step[];
}

/** One line of the ledger: who ran what, when (epoch ms). */
export interface Entry {
  /** `done` and `failed`: what the handler came to, whether or not the queue took note of it. */
  readonly what: 'begin' | 'aborted' | 'done' | 'failed';
  readonly key: string;
  readonly id: string;
  readonly attempt: number;
  readonly pid: number;
  readonly atMs: number;
}

/**
 * The handler of all jobs, writing down each run in a file: appended with one write, so that lines of several processes
 * do not mix, and that a killed process leaves all it has written.
 */
export const scripted =
  (ledger: string) =>
  async (payload: Payload, { attempt, signal }: { attempt: number; signal: AbortSignal }, id: string) => {
    const note = (what: Entry['what']): void => {
      const entry: Entry = { what, key: payload.key, id, attempt, pid: process.pid, atMs: Date.now() };
      appendFileSync(ledger, `${JSON.stringify(entry)}\n`);
    };
    note('begin');
    signal.addEventListener('abort', () => note('aborted'), { once: true });
    const step = payload.steps[Math.min(attempt, payload.steps.length) - 1] ?? 'ok';
    try {
      const value = await act(step, attempt, signal);
      note('done');
      return value;
    } catch (error) {
      note('failed');
      throw error;
    }
  };

/** What all processes have written so far. */
export function entries(ledger: string): Entry[] {
  if (!existsSync(ledger)) return [];
  return readFileSync(ledger, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Entry => JSON.parse(line));
}

/** Does one step, writing nothing down. */
export async function act(step: Step, attempt: number, signal: AbortSignal): Promise<unknown> {
  if (step === 'ok') return { attempt };
  if (step === 'fail') throw new Error(`flaky, attempt ${attempt}`);
  if (step === 'permanent') throw permanent(Object.assign(new Error('card declined'), { name: 'CardError' }));
  if (step === 'crash') {
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  }
  if ('workMs' in step) {
    await sleep(step.workMs);
    return act(step.next, attempt, signal);
  }
  if ('waitMs' in step) {
    await sleep(step.waitMs, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    return { attempt };
  }
  if ('hintSeconds' in step) throw busy(String(step.hintSeconds));
  if ('hintMs' in step) throw retryAfter(new Error('busy'), step.hintMs);
  if ('exactMs' in step) throw retryIn(new Error('not yet'), step.exactMs);
  if ('hintDateSeconds' in step)
    throw busy(new Date(Date.now() + step.hintDateSeconds * 1_000).toUTCString());
  throw odd(step.odd);
}

const busy = (header: string): Error =>
  Object.assign(new Error('busy'), { response: { status: 503, headers: { 'retry-after': header } } });

function odd(kind: string): unknown {
  if (kind === 'string') return 'just a string';
  if (kind === 'null') return null;
  if (kind === 'frozen') return Object.freeze(new Error('frozen'));
  if (kind === 'huge-stack') return Object.assign(new Error('huge'), { stack: 'x'.repeat(1_000_000) });
  if (kind === 'proxy') {
    return new Proxy(new Error('proxy'), {
      get() {
        throw new Error('no reading here');
      },
    });
  }
  return undefined;
}
