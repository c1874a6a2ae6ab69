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

/** Marks a call without options and without a time limit. The code compares it by identity. */
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
    if (!options && policy === latestSpec) return plain(operation, latestPolicy);
    if (options) checkOptions(options);
    const resolved = resolvePolicy(policy);
    if (options || isTimed(resolved)) {
      const { call, promise } = stateful(operation, resolved, options ?? {});
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
 * it up would take a tenth of a call that succeeds. The first value is an object that no caller can pass.
 */
let latestSpec: PolicySpec | undefined = {};
let latestPolicy: RetryPolicy;

/** A call that has its state from the start. (A function of its own: a closure in `retry` would cost every call memory.) */
function stateful<T>(
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
        new Call(operation, policy, NO_OPTIONS, resolve, reject).startAfterFailure(
          startMs,
          context,
          error,
        )) as never,
    }),
  );
}

/** What a call waits for, or why it waits for nothing. */
type State =
  /** No attempt has begun. */
  | 'new'
  /** The operation runs; a timer may limit it. */
  | 'running'
  /** The attempt is over: its outcome is judged. */
  | 'judging'
  /** The call waits for the promise of `onRetry`. */
  | 'announcing'
  /** The call waits for its delay to end. */
  | 'waiting'
  /** The delay is over: the next attempt begins in the next microtask. */
  | 'awake'
  /** The caller has aborted. The call ends in the next microtask. */
  | 'aborting'
  | 'over';

/** A handler of `then` that returns this leaves the promise of that `then` pending. Nothing is kept. */
// oxlint-disable-next-line unicorn/no-thenable -- a thenable that never settles is what is needed
const NEVER = { then(): void {} };

const READY = /* @__PURE__ */ Promise.resolve();

/**
 * One call under way: run, judge, announce, wait, run again. `decide` has the rules; this class measures, asks and obeys.
 *
 * It is a state machine, because a call that waits in an async function takes more memory. Whatever the call waits for is a
 * promise, and `step` runs when that promise settles.
 */
class Call<T> {
  readonly #operation: Operation<T>;
  readonly #policy: RetryPolicy;
  readonly #options: RetryOptions<T>;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onFulfilled = this.step.bind(this, false);
  readonly #onRejected = this.step.bind(this, true);
  readonly #clock: Clock;
  readonly #seed = freshSeed();
  #startedAtMs = 0;
  #state: State = 'new';
  /** The attempt under way (undefined between attempts), and when it began, in whole milliseconds since the call began. */
  #context: Attempt | undefined;
  #beganMs = 0;
  /** Cancels the timer that limits the attempt or `onRetry`. */
  #cancelLimit: (() => void) | undefined;
  /** The delay that `decide` returned, and its timer. */
  #delayMs = 0;
  #tick: Tick | undefined;
  /** The caller's signal, and what ends listening to it. */
  #signal: AbortSignal | undefined;
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
      this.#startedAtMs = this.#clock.now();
      const { signal } = this.#options;
      if (signal?.aborted) return this.#end('aborted', true, reasonOf(signal));
      if (signal) this.#listen(signal);
      this.#runAttempt(0);
    } catch (error) {
      // The caller's clock or signal has thrown.
      this.#end('hook-failed', true, error);
    }
  }

  /** Goes on after a first attempt that has failed. */
  startAfterFailure(startMs: number, context: Attempt, error: unknown): void {
    this.#startedAtMs = startMs;
    this.#context = context;
    this.#state = 'running';
    this.step(true, error);
  }

  /** The next step: the promise that the call has waited for is settled. */
  step(failed: boolean, came?: unknown): typeof NEVER {
    const state = this.#state;
    try {
      if (state === 'running') this.#judge(failed, came);
      else if (state === 'aborting') this.#abort();
      // Only `onRetry`, which vetoes the retry, and the caller's clock can reject here.
      else if (failed) this.#end('hook-failed', true, came);
      else if (state === 'announcing') this.#wait(this.#elapsedMs());
      else if (state === 'waiting' && this.#options !== NO_OPTIONS) this.#wake();
      else if (state === 'waiting' || state === 'awake') this.#runAttempt(this.#elapsedMs());
    } catch (error) {
      // Only the caller's clock can throw here.
      this.#end('hook-failed', true, error);
    }
    return NEVER;
  }

  /**
   * Takes the next step when the promise settles. The last `then(resolve)` never calls `resolve`: V8 follows it to the
   * caller's promise, and so stack traces show the caller.
   */
  #after(promise: Promise<any>): void {
    // No hook can refuse the value: it resolves the call directly.
    if (this.#options === NO_OPTIONS) void settle(promise, this.#resolve, this.#onRejected);
    else void settle(promise, this.#onFulfilled, this.#onRejected).then(this.#resolve as () => void);
  }

  /** Runs the next attempt, unless it would begin too late. */
  #runAttempt(elapsedMs: number): void {
    this.#tick?.leave();
    this.#tick = undefined;
    // The caller's clock may have aborted the call.
    if (this.#state === 'aborting') return;
    if (this.#log && this.#endIfTooLate(elapsedMs)) return;
    const context = new Attempt((this.#log?.attempt ?? 0) + 1);
    this.#context = context;
    this.#beganMs = Math.round(elapsedMs);
    this.#state = 'running';
    let result = run(this.#operation, context);
    // The operation may have aborted the call: then it has no time to be limited.
    if (isTimed(this.#policy) && (this.#state as State) === 'running') {
      const beganAtMs = this.#startedAtMs + elapsedMs;
      const { unref } = this.#options;
      const causeOf = (): ErrorOptions | undefined => this.#cause();
      const limit = limited(result, context, this.#policy, beganAtMs, elapsedMs, this.#clock, unref, causeOf);
      ({ result, cancel: this.#cancelLimit } = limit);
    }
    this.#after(result);
  }

  /** The attempt is over: judges it, tells the observer, and ends the call or announces the retry. */
  #judge(failed: boolean, came: unknown): void {
    const context = this.#context!;
    this.#state = 'judging';
    const elapsedMs = this.#logAttempt(failed, came);
    const { random } = this.#options;
    const next = followUp(failed, came, context, elapsedMs, {
      policy: this.#policy,
      deciders: this.#options,
      random: random ?? streamOf(this.#seed),
      clock: this.#clock,
    });
    this.#log!.hintMs = next.hintMs;
    this.#log!.isAccepted = next.outcome === 'done';
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
    const deadlineMs = this.#startedAtMs + this.#policy.maxElapsedMs;
    this.#cancelLimit = at(deadlineMs, () => this.#endIfTooLate(Infinity), this.#clock, this.#options.unref);
  }

  /** Waits for the delay, unless the next attempt would begin too late. */
  #wait(elapsedMs: number): void {
    this.#cancelLimit?.();
    // The caller's clock may have aborted the call.
    if (this.#state === 'aborting') return;
    const dueMs = elapsedMs + this.#delayMs;
    if (this.#endIfTooLate(dueMs)) return;
    this.#log!.delayMs = this.#delayMs;
    this.#state = 'waiting';
    this.#tick = tickAt(this.#startedAtMs + dueMs, this.#clock, this.#options.unref);
    void this.#tick.reached.then(this.#onFulfilled, this.#onRejected);
  }

  /**
   * Runs the attempt in a reaction that V8 follows to the caller, for operations that throw at once. Linked here and not
   * in `#wait`, a waiting call takes no memory for it. It doubles the cost of a retry, so a call without options skips it.
   */
  #wake(): void {
    this.#state = 'awake';
    void READY.then(this.#onFulfilled).then(this.#resolve as () => void);
  }

  /** Ends the call if an attempt at `beginsMs` would begin at or after the deadline. Returns whether it did. */
  #endIfTooLate(beginsMs: number): boolean {
    if (!pastDeadline(this.#policy, beginsMs)) return false;
    const latest = this.#log!;
    latest.delayMs = undefined;
    this.#end('deadline', latest.failed, latest.came);
    return true;
  }

  /** The caller may abort in any async context. A promise brings the call back to its own. */
  #listen(signal: AbortSignal): void {
    this.#signal = signal;
    let abort!: () => void;
    void new Promise<void>((resolve) => (abort = resolve)).then(this.#onFulfilled);
    this.#unwatch = watch(signal, () => {
      if (this.#state === 'running') this.#context!.abort(reasonOf(signal));
      this.#state = 'aborting';
      abort();
    });
  }

  /** Ends the call after an abort. An attempt that was running is over, too. */
  #abort(): void {
    const reason = reasonOf(this.#signal!);
    if (this.#context) {
      this.#logAttempt(true, reason);
      const { maxRetries } = this.#policy;
      this.#observeAttempt({ outcome: 'stop', maxRetries, reason: 'aborted' });
    }
    this.#end('aborted', true, reason);
  }

  /** Ends the call. Has an effect once, and does not throw. */
  #end(reason: Reason | undefined, failed: boolean, came: unknown): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#tick?.leave();
    this.#cancelLimit?.();
    this.#unwatch?.();
    try {
      const { onEnd } = this.#options;
      if (reason || onEnd) {
        const report = this.#report(reason);
        if (reason) remember(came, report);
        if (onEnd) this.#observe(onEnd, report);
      }
    } catch {
      // An option that throws when it is read does not keep the call from ending.
    }
    if (failed) this.#reject(came);
    else this.#resolve(came as T);
  }

  #report(reason: Reason | undefined): Report {
    const latest = this.#log;
    const attempts = recordsOf(latest);
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
  #logAttempt(failed: boolean, came: unknown): number {
    const { attempt } = this.#context!;
    const startMs = this.#beganMs;
    this.#context = undefined;
    this.#cancelLimit?.();
    const entry: Entry = {
      attempt,
      failed,
      came,
      startMs,
      durationMs: 0,
      isAccepted: false,
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

  /**
   * The error of the attempt before, as the cause of a TimeoutError. After a timed-out attempt 10, 20, … a new chain of
   * causes begins, because causes keep errors alive.
   */
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
    return Math.max(0, this.#clock.now() - this.#startedAtMs);
  }
}
