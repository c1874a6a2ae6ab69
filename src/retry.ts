import { reasonOf, watch } from './attempt/abort.js';
import { Attempt, type Operation } from './attempt/context.js';
import { defined } from './attempt/defined.js';
import { attemptEvent, observe, retryEvent } from './attempt/events.js';
import { followUp, type FollowUp } from './attempt/judge.js';
import { endOf, type Entry, keepHookError, recordsOf, thinned } from './attempt/log.js';
import { type Reason, remember, type Report } from './attempt/report.js';
import { run, settle } from './attempt/run.js';

import { isTimed, limited } from './attempt/time-limit.js';
import { TimeoutError } from './attempt/timeout-error.js';
import { checkFunction, checkOptions } from './check-options.js';
import { pastDeadline } from './decide.js';
import type { RetryOptions } from './options.js';
import { resolvePolicy } from './policy/define.js';
import type { PolicySpec, RetryPolicy } from './policy/policy.js';
import { freshSeed, streamOf } from './random.js';
import type { Clock } from './time/clock.js';
import { systemClock } from './time/system-clock.js';
import { at, type Tick, tickAt } from './time/ticks.js';

/** The options of a call that has none, and no time limit. */
const NO_OPTIONS = {};

/**
 * Calls the operation, and calls it again while the policy allows.
 *
 * Resolves with the first value. Rejects with the last error, unchanged, whatever was thrown (`reportOf(error)` tells
 * what happened); after an abort it rejects at once with `signal.reason`. A bare spec works as a policy, and is checked
 * before the first attempt. Without a policy, `presets.default` applies. Wrong input rejects with a TypeError.
 */
export function retry<T>(
  operation: Operation<T>,
  policy?: PolicySpec,
  options?: RetryOptions<T> | null,
): Promise<T> {
  try {
    checkFunction('operation', operation);
    if (options) checkOptions(options);
    else if (policy === latestSpec) return plain(operation, latestPolicy);
    const resolved = resolvePolicy(policy);
    if (options || isTimed(resolved)) {
      const { call, promise } = watched(operation, resolved, options ?? {});
      // Begins here, and not deeper: more than four frames up to the operation push the callers out of its stack traces.
      call.start();
      return promise;
    }
    if (Object.isFrozen(policy)) {
      latestSpec = policy;
      latestPolicy = resolved;
    }
    return plain(operation, resolved);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * The last frozen spec that sets no time limit, and its policy. Most programs pass the same again and again, and looking
 * it up would take a tenth of a call that succeeds. At first a spec that no caller has.
 */
let latestSpec: PolicySpec | undefined = {};
let latestPolicy: RetryPolicy;

/** A call that has its state from the start. (A function of its own: a closure in `retry` would cost every call memory.) */
function watched<T>(
  operation: Operation<T>,
  policy: RetryPolicy,
  options: RetryOptions<T>,
): { readonly call: Call<T>; readonly promise: Promise<T> } {
  let call!: Call<T>;
  const promise = new Promise<T>((resolve, reject) => {
    call = new Call(operation, policy, options, resolve, reject);
  });
  return { call, promise };
}

/** A call that nothing can interrupt or observe. It has no state before its first attempt has failed: most never fail. */
function plain<T>(operation: Operation<T>, policy: RetryPolicy): Promise<T> {
  const startMs = systemClock.now();
  const context = new Attempt(1);
  return settle(
    run(operation, context),
    undefined,
    // A thenable instead of a second promise: a waiting call takes 260 bytes less.
    (error): PromiseLike<T> => ({
      // oxlint-disable-next-line unicorn/no-thenable
      then: ((resolve: (value: T) => void, reject: (error: unknown) => void) =>
        new Call(operation, policy, NO_OPTIONS, resolve, reject).goOn(startMs, context, error)) as never,
    }),
  );
}

/** What a call waits for, or why it waits for nothing. */
type State =
  /** No attempt has begun. */
  | 'new'
  /** The operation runs. */
  | 'running'
  /** The attempt is over: its outcome is judged. */
  | 'judging'
  /** `onRetry` was called, and its promise is awaited. */
  | 'announcing'
  /** The delay before the next attempt. */
  | 'waiting'
  /** The delay is over: the next attempt begins in the next microtask. */
  | 'awake'
  /** The caller has aborted: the call ends in the next microtask. */
  | 'aborted'
  | 'over';

/** A handler of `then` that returns this leaves the promise of that `then` pending. Nothing is kept. */
// oxlint-disable-next-line unicorn/no-thenable -- a thenable that never settles is what is needed
const NEVER = { then(): void {} };

const READY = /* @__PURE__ */ Promise.resolve();

/**
 * One call under way: run, judge, announce, wait, run again. `decide` has the rules; this class measures, asks and obeys.
 *
 * It is a state machine, because calls that wait in an async function take more memory. Whatever the call waits for is a
 * promise, and `#step` is what follows it.
 */
class Call<T> {
  readonly #operation: Operation<T>;
  readonly #policy: RetryPolicy;
  readonly #options: RetryOptions<T>;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onValue = this.step.bind(this, false);
  readonly #onError = this.step.bind(this, true);
  readonly #clock: Clock;
  readonly #seed = freshSeed();
  #startMs = 0;
  #state: State = 'new';
  /** The attempt under way, and when it began, in whole milliseconds since the start of the call. */
  #context: Attempt | undefined;
  #beganMs = 0;
  /** Cancels the timer that limits the attempt, or `onRetry`. */
  #endLimit: (() => void) | undefined;
  /** The delay that was decided on, and its end. */
  #delayMs = 0;
  #due: Tick | undefined;
  #unwatch: (() => void) | undefined;
  /** The attempts that are over, the latest one first. */
  #log: Entry | undefined;

  constructor(
    operation: Operation<T>,
    policy: RetryPolicy,
    options: RetryOptions<T>,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.#operation = operation;
    this.#policy = policy;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#clock = options.clock ?? systemClock;
  }

  /** Listens to the signal, and runs the first attempt. */
  start(): void {
    try {
      this.#startMs = this.#clock.now();
      const { signal } = this.#options;
      if (signal?.aborted) return this.#end('aborted', true, reasonOf(signal));
      if (signal) this.#listen(signal);
      this.#run(0);
    } catch (error) {
      // The caller's clock or signal has thrown.
      this.#end('hook-failed', true, error);
    }
  }

  /** Goes on after a first attempt that has failed. */
  goOn(startMs: number, context: Attempt, error: unknown): void {
    this.#startMs = startMs;
    this.#context = context;
    this.#state = 'running';
    this.step(true, error);
  }

  /** The next step, with what the call has waited for. */
  step(failed: boolean, came?: unknown): typeof NEVER {
    const state = this.#state;
    try {
      if (state === 'running') this.#judge(failed, came);
      else if (state === 'aborted') this.#abort();
      // `onRetry` vetoes the retry by throwing, and the caller's clock may throw.
      else if (failed) this.#end('hook-failed', true, came);
      else if (state === 'announcing') this.#wait(this.#elapsedMs());
      else if (state === 'waiting' && this.#options !== NO_OPTIONS) this.#wake();
      else if (state === 'waiting' || state === 'awake') this.#run(this.#elapsedMs());
    } catch (error) {
      // The caller's clock has thrown.
      this.#end('hook-failed', true, error);
    }
    return NEVER;
  }

  /** Takes the next step when the promise settles, so that stack traces show the caller: V8 looks for `resolve`. */
  #after(promise: Promise<any>): void {
    // Nothing of this call asks for the value.
    if (this.#options === NO_OPTIONS) void settle(promise, this.#resolve, this.#onError);
    else void settle(promise, this.#onValue, this.#onError).then(this.#resolve as () => void);
  }

  /** Runs the next attempt, unless it would begin too late. */
  #run(nowMs: number): void {
    this.#due?.leave();
    this.#due = undefined;
    if (this.#log && this.#isTooLate(nowMs)) return;
    const context = new Attempt((this.#log?.attempt ?? 0) + 1);
    this.#context = context;
    this.#beganMs = Math.round(nowMs);
    this.#state = 'running';
    let result = run(this.#operation, context);
    // The operation may have aborted the call: then it has no time to be limited.
    if (isTimed(this.#policy) && (this.#state as State) === 'running') {
      const beganMs = this.#startMs + nowMs;
      const { unref } = this.#options;
      const causeOf = (): ErrorOptions | undefined => this.#cause();
      const limit = limited(result, context, this.#policy, beganMs, nowMs, this.#clock, unref, causeOf);
      ({ result, end: this.#endLimit } = limit);
    }
    this.#after(result);
  }

  /** The attempt is over: judges it, tells the observer, and ends the call or announces the retry. */
  #judge(failed: boolean, came: unknown): void {
    const context = this.#context!;
    this.#state = 'judging';
    const elapsedMs = this.#note(failed, came);
    const { random } = this.#options;
    const next = followUp(failed, came, context, elapsedMs, {
      policy: this.#policy,
      deciders: this.#options,
      random: () => random ?? streamOf(this.#seed),
      clock: this.#clock,
    });
    this.#log!.hintMs = next.hintMs;
    this.#observeAttempt(next);
    // A decider or the observer may have aborted the call.
    if (this.#state !== 'judging') return;
    if (next.outcome === 'retry') this.#announce(next, elapsedMs);
    else if (next.reason === 'hook-failed') this.#end(next.reason, true, next.hookError);
    else this.#end(next.reason, failed, came);
  }

  /** Calls `onRetry`, and waits for its promise. */
  #announce(next: FollowUp, elapsedMs: number): void {
    const { onRetry, name } = this.#options;
    const latest = this.#log!;
    this.#delayMs = next.delayMs!;
    if (!onRetry) return this.#wait(elapsedMs);
    this.#state = 'announcing';
    this.#after(new Promise((resolve) => resolve(onRetry(retryEvent(name, latest, endOf(latest), next)))));
    // A promise that never settles ends with the deadline.
    const deadlineMs = this.#startMs + this.#policy.maxElapsedMs;
    this.#endLimit = at(deadlineMs, () => this.#isTooLate(Infinity), this.#clock, this.#options.unref);
  }

  /** Waits for the delay, unless the next attempt would begin too late. */
  #wait(nowMs: number): void {
    this.#endLimit?.();
    const dueMs = nowMs + this.#delayMs;
    if (this.#isTooLate(dueMs)) return;
    this.#log!.delayMs = this.#delayMs;
    this.#due = tickAt(this.#startMs + dueMs, this.#clock, this.#options.unref);
    this.#state = 'waiting';
    void this.#due.reached.then(this.#onValue, this.#onError);
  }

  /**
   * Runs the attempt from the reaction of a promise that stack traces follow, for operations that throw at once. It is
   * made here, so that a call that waits takes no memory for it. A call without options does without: this doubles the
   * cost of a retry.
   */
  #wake(): void {
    this.#state = 'awake';
    void READY.then(this.#onValue).then(this.#resolve as () => void);
  }

  /** Ends the call if an attempt at `beginsMs` would begin at or after the deadline. */
  #isTooLate(beginsMs: number): boolean {
    if (!pastDeadline(this.#policy, beginsMs)) return false;
    const latest = this.#log!;
    latest.delayMs = undefined;
    this.#end('deadline', latest.failed, latest.came);
    return true;
  }

  /** The abort comes from anywhere: the reaction of a promise runs in the async context of this call. */
  #listen(signal: AbortSignal): void {
    let abort!: () => void;
    void new Promise<void>((resolve) => (abort = resolve)).then(this.#onValue);
    this.#unwatch = watch(signal, () => {
      if (this.#state === 'running') this.#context!.abort(reasonOf(signal));
      this.#state = 'aborted';
      abort();
    });
  }

  /** Ends the call after an abort. An attempt that was running is over, too. */
  #abort(): void {
    const reason = reasonOf(this.#options.signal!);
    if (this.#context) {
      this.#note(true, reason);
      const { maxRetries } = this.#policy;
      this.#observeAttempt({ outcome: 'stop', maxRetries, reason: 'aborted' });
    }
    this.#end('aborted', true, reason);
  }

  /** Ends the call. Has an effect once, and does not throw. */
  #end(reason: Reason | undefined, failed: boolean, came: unknown): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#due?.leave();
    this.#endLimit?.();
    this.#unwatch?.();
    const { onEnd } = this.#options;
    if (reason || onEnd) {
      const report = this.#report(reason);
      if (reason) remember(came, report);
      if (onEnd) this.#observe(onEnd, report);
    }
    if (failed) this.#reject(came);
    else this.#resolve(came as T);
  }

  #report(reason: Reason | undefined): Report {
    const latest = this.#log;
    const attempts = recordsOf(latest, !reason);
    let elapsedMs = latest ? endOf(latest) : 0;
    try {
      elapsedMs = Math.round(this.#elapsedMs());
    } catch {
      // The caller's clock throws, which may be why the call ends.
    }
    return {
      ok: !reason,
      attempts,
      droppedAttempts: (latest?.attempt ?? 0) - attempts.length,
      elapsedMs,
      ...defined({ reason, hintMs: latest?.hintMs }),
    };
  }

  /** Logs the attempt that is over. Returns the time since the call began. */
  #note(failed: boolean, came: unknown): number {
    const { attempt } = this.#context!;
    const startMs = this.#beganMs;
    this.#context = undefined;
    this.#endLimit?.();
    const entry: Entry = {
      attempt,
      failed,
      came,
      startMs,
      durationMs: 0,
      delayMs: undefined,
      hintMs: undefined,
      hookError: undefined,
      record: undefined,
      before: this.#log,
    };
    this.#log = thinned(entry);
    const elapsedMs = this.#elapsedMs();
    entry.durationMs = Math.round(elapsedMs) - startMs;
    return elapsedMs;
  }

  #observeAttempt(next: FollowUp): void {
    const { onAttempt, name } = this.#options;
    const latest = this.#log!;
    if (onAttempt) this.#observe(onAttempt, attemptEvent(name, latest, endOf(latest), next));
  }

  /** Calls an observer. What it throws is kept with the latest attempt. */
  #observe<Event>(observer: (event: Event) => unknown, event: Event): void {
    const latest = this.#log;
    void observe(observer, event, (hookError) => keepHookError(latest, hookError));
  }

  /** The error of the attempt before, for a TimeoutError. Every tenth begins a new chain: causes keep errors alive. */
  #cause(): ErrorOptions | undefined {
    const before = this.#log;
    if (!before?.failed) return undefined;
    try {
      if (before.attempt % 10 === 0 && before.came instanceof TimeoutError) return undefined;
    } catch {
      // `instanceof` of a hostile proxy.
    }
    return { cause: before.came };
  }

  #elapsedMs(): number {
    return Math.max(0, this.#clock.now() - this.#startMs);
  }
}
