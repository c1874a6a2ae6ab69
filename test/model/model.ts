import type { Reason, RetryPolicy } from '../../src/index.js';

/** What an attempt may come to. `refused` is a value that `classifyResult` does not take. */
export type Ending =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'permanent'; readonly error: object }
  | { readonly kind: 'hint'; readonly error: object; readonly hintMs: number }
  | { readonly kind: 'exact'; readonly error: object; readonly delayMs: number };

/** How the call has ended. */
export type End =
  | { readonly resolved: true; readonly value: unknown; readonly reason?: Reason }
  | { readonly resolved: false; readonly error: unknown; readonly reason: Reason };

/** Stands for the error of an attempt that took too long, which `retry` makes itself. */
export class TimeLimit {
  constructor(readonly cause: unknown) {}
}

export interface ModelAttempt {
  readonly startMs: number;
  durationMs: number;
  delayMs?: number;
}

/** What `onAttempt` is told of an attempt. */
export interface Observed {
  readonly attempt: number;
  readonly maxRetries: number;
  readonly outcome: 'done' | 'retry' | 'stop';
  readonly reason?: Reason;
  readonly delayMs?: number;
}

/** What `policyFor` chooses, if it chooses. */
export const chosen = { maxRetries: 3, baseDelayMs: 20, factor: 1, maxDelayMs: 20, maxRetryAfterMs: 500 };

type Phase = 'attempt' | 'hook' | 'delay' | 'ended';

/** What the hooks will do when they are called next. */
export interface Hooks {
  onRetry: 'fine' | 'throws' | 'slow';
  classify: 'fine' | 'throws';
  policyFor: 'none' | 'chosen';
  /** An observer: what it does changes nothing. */
  onAttempt: 'fine' | 'throws' | 'rejects' | 'slow';
}

export const quiet: Hooks = { onRetry: 'fine', classify: 'fine', policyFor: 'none', onAttempt: 'fine' };

/**
 * What `retry` does, said once more and as plainly as possible: one state, no promises, no timers, time as a number.
 * For policies without jitter, so that every delay is known.
 */
export class RetryModel {
  nowMs = 0;
  phase: Phase = 'attempt';
  end: End | undefined;
  isAborted = false;
  readonly attempts: ModelAttempt[] = [];
  readonly hooks: Hooks = { ...quiet };
  readonly observed: Observed[] = [];
  /** The outcome the call would end with if it ended now. */
  #last: End = { resolved: true, value: undefined };
  #delayMs = 0;
  #dueMs = Infinity;

  constructor(
    readonly policy: RetryPolicy,
    readonly hookError: unknown,
    readonly abortReason: unknown,
  ) {
    this.#begin();
  }

  /** Whether a timer waits: for the end of a delay, or of the time that an attempt or a hook has. */
  get liveTimers(): number {
    return this.phase !== 'ended' && this.#dueMs < Infinity ? 1 : 0;
  }

  settle(ending: Ending): void {
    if (ending.kind === 'value') {
      this.#endAttempt();
      this.#observe(this.policy.maxRetries, 'done');
      this.#finish({ resolved: true, value: ending.value });
    } else if (ending.kind === 'refused') {
      this.#fail({ resolved: true, value: ending.value }, 0, false);
    } else {
      const hintMs = ending.kind === 'hint' ? ending.hintMs : 0;
      this.#fail(
        { resolved: false, error: ending.error, reason: 'aborted' },
        hintMs,
        ending.kind === 'permanent',
        ending.kind === 'exact' ? ending.delayMs : undefined,
      );
    }
  }

  abort(): void {
    this.isAborted = true;
    if (this.phase === 'attempt') {
      this.#endAttempt();
      this.#observe(this.policy.maxRetries, 'stop', { reason: 'aborted' });
    }
    if (this.phase !== 'ended') this.#finish({ resolved: false, error: this.abortReason, reason: 'aborted' });
  }

  finishHook(): void {
    if (this.nowMs + this.#delayMs >= this.policy.maxElapsedMs) this.#stop('deadline');
    else this.#wait();
  }

  step(ms: number): void {
    const targetMs = this.nowMs + ms;
    while (this.liveTimers > 0 && this.#dueMs <= targetMs) {
      this.nowMs = this.#dueMs;
      if (this.phase === 'delay') this.#begin();
      else if (this.phase === 'hook') this.#stop('deadline');
      else this.#cut();
    }
    this.nowMs = targetMs;
  }

  #begin(): void {
    this.phase = 'attempt';
    this.attempts.push({ startMs: this.nowMs, durationMs: 0 });
    this.#dueMs = Math.min(this.nowMs + this.policy.attemptTimeoutMs, this.policy.maxElapsedMs);
  }

  #cut(): void {
    const cause = this.#last.resolved ? undefined : this.#last.error;
    this.#fail({ resolved: false, error: new TimeLimit(cause), reason: 'aborted' }, 0, false);
  }

  #fail(outcome: End, hintMs: number, permanent: boolean, exactMs?: number): void {
    const { hooks, policy: own } = this;
    const policy = hooks.policyFor === 'chosen' ? { ...chosen, maxElapsedMs: own.maxElapsedMs } : own;
    this.#endAttempt();
    this.#last = outcome;
    if (hooks.classify === 'throws') {
      this.#observe(policy.maxRetries, 'stop', { reason: 'hook-failed' });
      this.#finish({ resolved: false, error: this.hookError, reason: 'hook-failed' });
      return;
    }
    const retry = this.attempts.length;
    this.#delayMs =
      exactMs ??
      Math.max(hintMs, Math.min(policy.baseDelayMs * policy.factor ** (retry - 1), policy.maxDelayMs));
    const reason = permanent
      ? 'not-retryable'
      : retry > policy.maxRetries
        ? 'retries-exhausted'
        : hintMs > policy.maxRetryAfterMs
          ? 'hint-too-long'
          : this.nowMs + this.#delayMs >= policy.maxElapsedMs
            ? 'deadline'
            : undefined;
    if (reason) {
      this.#observe(policy.maxRetries, 'stop', { reason });
      this.#stop(reason);
      return;
    }
    this.#observe(policy.maxRetries, 'retry', { delayMs: this.#delayMs });
    if (hooks.onRetry === 'throws') {
      this.#finish({ resolved: false, error: this.hookError, reason: 'hook-failed' });
    } else if (hooks.onRetry === 'slow') {
      this.phase = 'hook';
      this.#dueMs = policy.maxElapsedMs;
    } else this.#wait();
  }

  #wait(): void {
    this.attempts.at(-1)!.delayMs = this.#delayMs;
    this.phase = 'delay';
    this.#dueMs = this.nowMs + this.#delayMs;
  }

  #endAttempt(): void {
    const attempt = this.attempts.at(-1)!;
    attempt.durationMs = this.nowMs - attempt.startMs;
  }

  #observe(
    maxRetries: number,
    outcome: Observed['outcome'],
    rest: { reason?: Reason; delayMs?: number } = {},
  ): void {
    this.observed.push({ attempt: this.attempts.length, maxRetries, outcome, ...rest });
  }

  #stop(reason: Reason): void {
    this.#finish({ ...this.#last, reason });
  }

  #finish(end: End): void {
    this.phase = 'ended';
    this.end = end;
  }
}
