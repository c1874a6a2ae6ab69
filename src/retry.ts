import { type Abortable, unwatch, watch } from './abort.js';
import { Attempt, type AttemptContext } from './attempt.js';
import {
  burstReading,
  MAX_TIMER_MS,
  ownTick,
  platform,
  type Reading,
  sharedTick,
  type Tick,
} from './clock.js';
import { nextDelay, pastDeadline, type StopReason } from './decide.js';
import { type Entry, records, trimmed } from './log.js';
import { checkOptions, type RetryEvent, type RetryOptions } from './options.js';
import { resolvePolicy } from './policy/define.js';
import type { PolicySpec, RetryPolicy } from './policy/policy.js';
import { freshSeed, streamOf } from './random.js';
import { type Reason, remember, type Report } from './report.js';
import { timeoutError } from './timeout.js';
import { judge } from './verdict/classify.js';
import { checkVerdict, hintOf } from './verdict/verdict.js';

const NO_OPTIONS = {};

/** The user's function: called once for each attempt. It may be synchronous. */
export type Operation<T> = (context: AttemptContext) => T | PromiseLike<T>;

/**
 * Calls the operation, and calls it again while the policy allows.
 *
 * Resolves with its first value. Rejects with the last thing it threw, unchanged, whatever that is (`reportOf` tells
 * what happened), or at once with `signal.reason` when the caller aborts. A bare spec works as a policy and is checked
 * before the first attempt; without one it is `presets.default`. Wrong input rejects with a TypeError.
 */
export function retry<T>(
  operation: Operation<T>,
  policy?: PolicySpec,
  options?: RetryOptions<T>,
): Promise<T> {
  try {
    const resolved = resolvePolicy(policy);
    if (options) checkOptions(options);
    else if (resolved === untimed || isUntimed(resolved)) {
      return unwatched(operation, resolved);
    }
    return watched(operation, resolved, options ?? NO_OPTIONS);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The policy without time limits that was used last: comparing it takes less than asking it again. */
let untimed: RetryPolicy | undefined;

function isUntimed(policy: RetryPolicy): boolean {
  const is = policy.attemptTimeoutMs === Infinity && policy.maxElapsedMs === Infinity;
  if (is) untimed = policy;
  return is;
}

/** Where nothing can interrupt an attempt, all the rest is made when the first one has failed: most calls never fail. */
function unwatched<T>(operation: Operation<T>, policy: RetryPolicy): Promise<T> {
  const start = burstReading();
  const context = new Attempt(1);
  const goOn = (error: unknown): PromiseLike<T> =>
    new Call(operation, policy, NO_OPTIONS, start, context, error) as unknown as PromiseLike<T>;
  return run(operation, context).then<T, T>(undefined, goOn);
}

function watched<T>(operation: Operation<T>, policy: RetryPolicy, options: RetryOptions<T>): Promise<T> {
  const start = { ms: (options.clock ?? platform).now() };
  const call = new Call(operation, policy, options, start);
  return new Promise((resolve, reject) => call.start(resolve, reject));
}

/** A promise of what the operation comes to, synchronous or not. */
function run<T>(operation: Operation<T>, context: AttemptContext): Promise<T> {
  try {
    const result = operation(context);
    return (result as Promise<T> | undefined)?.constructor === Promise
      ? (result as Promise<T>)
      : Promise.resolve(result);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * One call under way. No rule of retrying is here: `decide` has those; this measures, asks and obeys.
 *
 * It is a state machine and not an async function, because calls wait by the hundred thousand, and the frames of async
 * functions add up. Every wait is a reaction of its own to a promise: so whatever is the user's runs in the async
 * context of this call, whoever fires the timer or the abort.
 */
class Call<T> implements Abortable {
  readonly #operation: Operation<T>;
  readonly #policy: RetryPolicy;
  readonly #options: RetryOptions<T>;
  readonly #start: Reading;
  readonly #seed = freshSeed();
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #isOver = false;
  #endByAbort: (() => void) | undefined;
  #tick: Tick | undefined;

  // The attempt under way, or the last one, and what it has come to; times in whole ms from the start of the call.
  #attempt = 0;
  #context: Attempt | undefined;
  #beganMs = 0;
  #endedMs = 0;
  #failed = true;
  #outcome: unknown;
  #hintMs: number | undefined;
  #delayMs: number | undefined;
  // Those before it.
  #log: Entry | undefined;
  // Its reactions, made once: a call that waits for seconds is old, and what it makes anew is moved by the collector.
  // `step` goes on after a failure, or after a delay: there is never one while the other is awaited.
  #step: ((error?: unknown) => void) | undefined;
  #onValue: ((value: T) => void) | undefined;

  constructor(
    operation: Operation<T>,
    policy: RetryPolicy,
    options: RetryOptions<T>,
    start: Reading,
    context?: Attempt,
    failure?: unknown,
  ) {
    this.#operation = operation;
    this.#policy = policy;
    this.#options = options;
    this.#start = start;
    this.#context = context;
    this.#outcome = failure;
  }

  /** Goes on after a first attempt that has failed: as a thenable the call settles a promise the caller already has. */
  // oxlint-disable-next-line unicorn/no-thenable -- being one is the point: nobody but `unwatched` ever holds a call.
  then(resolve: (value: T) => void, reject: (error: unknown) => void): void {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#attempt = 1;
    this.#settled(true, this.#outcome);
  }

  start(resolve: (value: T) => void, reject: (error: unknown) => void): void {
    this.#resolve = resolve;
    this.#reject = reject;
    const { signal } = this.#options;
    if (signal) {
      const end = (): void => this.#end('aborted', true, signal.reason);
      if (signal.aborted) return end();
      watch(signal, this);
      void new Promise<void>((go) => (this.#endByAbort = go)).then(end);
    }
    this.#begin(0);
  }

  /** Of the shared listener. Nothing that happens from here on counts. */
  aborted(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const context = this.#context;
    if (context) {
      this.#note(true, reason);
      context.abort(reason);
    }
    this.#endByAbort!();
  }

  #begin(beganMs: number): void {
    if (this.#attempt > 0) this.#keep();
    const { attemptTimeoutMs, maxElapsedMs } = this.#policy;
    const context = new Attempt(++this.#attempt);
    this.#context = context;
    this.#beganMs = Math.round(beganMs);
    const result = run(this.#operation, context);
    if (attemptTimeoutMs === Infinity && maxElapsedMs === Infinity) {
      // Without time limits no attempt outlives its turn, so the same reactions serve them all; and without options
      // nobody wants to know of success but the caller.
      result.then(
        this.#options === NO_OPTIONS
          ? this.#resolve
          : (this.#onValue ??= (value) => this.#context && this.#settled(false, value)),
        this.#stepOn(),
      );
    } else {
      this.#limit(result, context, beganMs);
    }
  }

  /** Ends the attempt when its time is over. What it comes to later is ignored, and never an unhandled rejection. */
  #limit(result: Promise<T>, context: Attempt, beganMs: number): void {
    const isCurrent = (): boolean => this.#context === context;
    result.then(
      (value) => isCurrent() && this.#settled(false, value),
      (error: unknown) => isCurrent() && this.#settled(true, error),
    );
    if (!isCurrent()) return;
    const { attemptTimeoutMs, maxElapsedMs } = this.#policy;
    const isDeadline = maxElapsedMs - beganMs < attemptTimeoutMs;
    const endsMs = isDeadline ? maxElapsedMs : beganMs + attemptTimeoutMs;
    const nowMs = this.#elapsedMs();
    this.#wait(Math.max(0, endsMs - nowMs), nowMs, () => {
      if (!isCurrent()) return;
      const limit = isDeadline ? `maxElapsedMs (${maxElapsedMs})` : `attemptTimeoutMs (${attemptTimeoutMs})`;
      const error = timeoutError(
        `Attempt ${this.#attempt} was cut off by ${limit}`,
        this.#log?.failed ? { cause: this.#log.outcome } : undefined,
      );
      context.abort(error);
      // Whoever listens to that may have aborted the call.
      if (isCurrent()) this.#settled(true, error);
    });
  }

  /** An attempt is over. Each guard is one paragraph, in the order in which they win; an abort has won before. */
  #settled(failed: boolean, outcome: unknown): void {
    const context = this.#context!;
    const elapsedMs = this.#note(failed, outcome);

    // Judged, by the caller first, and decided.
    let decided: number | StopReason | undefined;
    try {
      decided = this.#decided(context, elapsedMs);
    } catch (error) {
      if (!this.#isOver) this.#end('hook-failed', true, error);
    }
    if (this.#isOver) return;

    // Succeeded: a value that nobody objects to.
    if (decided === undefined) return this.#end(undefined, false, outcome);

    // Not retryable, out of retries, told to wait too long, or out of time.
    if (typeof decided === 'string') return this.#end(decided, failed, outcome);

    const { onRetry } = this.#options;
    if (!onRetry) return this.#pause(decided, elapsedMs);

    // Announced. A hook may take its time, and that counts.
    const event: RetryEvent = {
      error: failed ? outcome : undefined,
      attempt: this.#attempt,
      delayMs: decided,
      elapsedMs: this.#endedMs,
    };
    new Promise((resolve) => resolve(onRetry(event))).then(
      () => this.#isOver || this.#pause(decided, this.#elapsedMs()),
      (error: unknown) => this.#isOver || this.#end('hook-failed', true, error),
    );
  }

  /** The delay, or the reason to stop; undefined for a value that nobody objects to. */
  #decided(context: Attempt, elapsedMs: number): number | StopReason | undefined {
    const { classify, classifyResult, random, clock = platform } = this.#options;
    const outcome = this.#outcome;
    const verdict = this.#failed
      ? (checkVerdict(classify?.(outcome, context)) ?? judge(outcome, this.#policy, clock))
      : checkVerdict(classifyResult?.(outcome as T, context));
    this.#hintMs = hintOf(verdict);
    return (
      verdict && nextDelay(this.#policy, verdict, this.#attempt, elapsedMs, random ?? streamOf(this.#seed))
    );
  }

  /** The delay; and on both sides of it the deadline, since a hook may have been slow, and a timer late. */
  #pause(ms: number, nowMs: number): void {
    if (this.#isPast(ms, nowMs)) return;
    this.#delayMs = ms;
    this.#wait(ms, nowMs, this.#stepOn());
  }

  #stepOn(): (error?: unknown) => void {
    return (this.#step ??= (error) => {
      if (this.#context) this.#settled(true, error);
      else if (!this.#isOver) this.#goOn();
    });
  }

  #goOn(): void {
    const nowMs = this.#elapsedMs();
    if (!this.#isPast(0, nowMs)) this.#begin(nowMs);
  }

  /** Ends the call if an attempt that begins `ms` after `nowMs` would begin too late. */
  #isPast(ms: number, nowMs: number): boolean {
    const isPast = pastDeadline(this.#policy, nowMs, ms);
    if (isPast) this.#end('deadline', this.#failed, this.#outcome);
    return isPast;
  }

  /** Calls `then` at least `ms` after `nowMs`, from a promise of its own; whether that is still wanted, `then` has to see. */
  #wait(ms: number, nowMs: number, then: () => void): void {
    if (ms > MAX_TIMER_MS) this.#waitInParts(ms, nowMs, then);
    else this.#sleep(Math.ceil(ms), nowMs, then);
  }

  #waitInParts(ms: number, nowMs: number, then: () => void): void {
    const tick = this.#sleep(MAX_TIMER_MS, nowMs, () => {
      if (this.#tick === tick) this.#wait(ms - MAX_TIMER_MS, this.#elapsedMs(), then);
    });
  }

  #sleep(ms: number, nowMs: number, then: () => void): Tick {
    const { clock, unref = false } = this.#options;
    const tick = clock ? ownTick(clock, ms, unref) : sharedTick(this.#start.ms + nowMs, ms, unref);
    this.#tick = tick;
    void tick.reached.then(then);
    return tick;
  }

  #elapsedMs(): number {
    return Math.max(0, (this.#options.clock ?? platform).now() - this.#start.ms);
  }

  /** What the attempt has come to. Returns when that was. */
  #note(failed: boolean, outcome: unknown): number {
    const elapsedMs = this.#elapsedMs();
    this.#context = undefined;
    this.#leave();
    this.#failed = failed;
    this.#outcome = outcome;
    this.#endedMs = Math.round(elapsedMs);
    this.#delayMs = undefined;
    return elapsedMs;
  }

  #leave(): void {
    this.#tick?.leave();
    this.#tick = undefined;
  }

  /** Writes down the attempt that is over. */
  #keep(): void {
    this.#log = trimmed({
      attempt: this.#attempt,
      failed: this.#failed,
      outcome: this.#outcome,
      startMs: this.#beganMs,
      endMs: this.#endedMs,
      delayMs: this.#delayMs,
      before: this.#log,
    });
  }

  #end(reason: Reason | undefined, failed: boolean, outcome: unknown): void {
    const { signal, onEnd } = this.#options;
    this.#isOver = true;
    this.#leave();
    if (signal) unwatch(signal, this);
    if (reason || onEnd) {
      if (this.#attempt > 0) this.#keep();
      const attempts = records(this.#log);
      const report: Report = {
        ok: !reason,
        ...(reason && { reason }),
        attempts,
        droppedAttempts: this.#attempt - attempts.length,
        elapsedMs: Math.round(this.#elapsedMs()),
        ...(this.#hintMs !== undefined && { hintMs: this.#hintMs }),
      };
      if (reason) remember(outcome, report);
      try {
        onEnd?.(report);
      } catch (error) {
        remember(error, { ...report, ok: false, reason: 'hook-failed' });
        this.#reject(error);
        return;
      }
    }
    if (failed) this.#reject(outcome);
    else this.#resolve(outcome as T);
  }
}
