import { getEventListeners } from 'node:events';
import {
  type AttemptEvent,
  permanent,
  type Report,
  retry,
  retryAfter,
  retryIn,
  type RetryPolicy,
} from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';
import { chosen, type Ending, type Hooks, type Observed, quiet } from './model.js';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A value `classifyResult` refuses. */
class Refused {
  readonly refused = true;
}

/** `retry` on a virtual clock, with an operation and hooks whose ends are in the hands of a test. */
export class RetrySubject {
  readonly clock = virtualClock();
  readonly hooks: Hooks = { ...quiet };
  readonly observed: Observed[] = [];
  readonly reports: Report[] = [];
  /** How the call has ended, once it has. */
  settled:
    | { readonly resolved: true; readonly value: unknown }
    | { readonly resolved: false; readonly error: unknown }
    | undefined;
  /** Attempts that nobody has settled so far, the running one last. */
  readonly unsettled: Pending[] = [];
  calls = 0;
  readonly #controller = new AbortController();
  #finishHook: (() => void) | undefined;

  constructor(
    policy: RetryPolicy,
    readonly hookError: unknown,
    readonly abortReason: unknown,
  ) {
    retry<unknown>(
      () => {
        this.calls++;
        return new Promise((resolve, reject) => this.unsettled.push({ resolve, reject }));
      },
      policy,
      {
        clock: this.clock,
        signal: this.#controller.signal,
        classify: () => this.#judge(),
        classifyResult: (value) => {
          if (!(value instanceof Refused)) return undefined;
          this.#judge();
          return 'retry';
        },
        policyFor: () => (this.hooks.policyFor === 'chosen' ? { ...chosen, jitter: 'none' } : undefined),
        onAttempt: (event) => this.#onAttempt(event),
        onRetry: () => this.#onRetry(),
        onEnd: (report) => this.reports.push(report),
      },
    ).then(
      (value) => (this.settled = { resolved: true, value }),
      (error: unknown) => (this.settled = { resolved: false, error }),
    );
  }

  get listeners(): number {
    return getEventListeners(this.#controller.signal, 'abort').length;
  }

  /** Settles the attempt, the running one unless told otherwise. */
  settle(ending: Ending, attempt = this.unsettled.length - 1): void {
    const [{ resolve, reject }] = this.unsettled.splice(attempt, 1) as [Pending];
    if (ending.kind === 'value' || ending.kind === 'refused') resolve(ending.value);
    else if (ending.kind === 'permanent') reject(permanent(ending.error));
    else if (ending.kind === 'exact') reject(retryIn(ending.error, ending.delayMs));
    else reject(ending.kind === 'hint' ? retryAfter(ending.error, ending.hintMs) : ending.error);
  }

  abort(): void {
    this.#controller.abort(this.abortReason);
  }

  finishHook(): void {
    this.#finishHook!();
  }

  static refused(): unknown {
    return new Refused();
  }

  #judge(): undefined {
    if (this.hooks.classify === 'throws') throw this.hookError;
  }

  #onAttempt({ attempt, maxRetries, outcome, reason, delayMs }: AttemptEvent): unknown {
    this.observed.push({
      attempt,
      maxRetries,
      outcome,
      ...(reason && { reason }),
      ...(delayMs !== undefined && { delayMs }),
    });
    const { onAttempt } = this.hooks;
    if (onAttempt === 'throws') throw this.hookError;
    if (onAttempt === 'rejects') return Promise.reject(this.hookError);
    return onAttempt === 'slow' ? new Promise(() => {}) : undefined;
  }

  #onRetry(): Promise<void> | undefined {
    if (this.hooks.onRetry === 'throws') throw this.hookError;
    if (this.hooks.onRetry === 'fine') return undefined;
    return new Promise((resolve) => (this.#finishHook = resolve));
  }
}
