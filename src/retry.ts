import { type Abortable, unwatch, watch } from './abort.js';
import { Attempt, type AttemptContext } from './attempt.js';
import { burstNow, MAX_TIMER_MS, ownTick, sharedTick, systemClock, type Tick } from './clock.js';
import { nextDelay, pastDeadline, type StopReason } from './decide.js';
import { checkOptions, type RetryEvent, type RetryOptions } from './options.js';
import { resolvePolicy } from './policy/define.js';
import type { PolicySpec, RetryPolicy } from './policy/policy.js';
import { freshSeed, streamOf } from './random.js';
import { type AttemptRecord, type Reason, remember, type Report } from './report.js';
import { timeoutError } from './timeout.js';
import { judge } from './verdict/classify.js';
import { checkVerdict, hintOf } from './verdict/verdict.js';

/** A report tells of the first so many attempts, and of the last. */
const KEPT = 10;

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
    else if (resolved.attemptTimeoutMs === Infinity && resolved.maxElapsedMs === Infinity) {
      return unwatched(operation, resolved);
    }
    return watched(operation, resolved, options ?? NO_OPTIONS);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Where nothing can interrupt an attempt, all the rest is made when the first one has failed: most calls never fail. */
function unwatched<T>(operation: Operation<T>, policy: RetryPolicy): Promise<T> {
  const startMs = burstNow();
  const context = new Attempt(1);
  const goOn = (error: unknown): PromiseLike<T> =>
    new Call(operation, policy, NO_OPTIONS, startMs, context, error) as unknown as PromiseLike<T>;
  return run(operation, context).then<T, T>(undefined, goOn);
}

function watched<T>(operation: Operation<T>, policy: RetryPolicy, options: RetryOptions<T>): Promise<T> {
  const startMs = (options.clock ?? systemClock).now();
  const call = new Call(operation, policy, options, startMs);
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
  readonly #startMs: number;
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
  #log: AttemptRecord[] | undefined;

  constructor(
    operation: Operation<T>,
    policy: RetryPolicy,
    options: RetryOptions<T>,
    startMs: number,
    context?: Attempt,
    failure?: unknown,
  ) {
    this.#operation = operation;
    this.#policy = policy;
    this.#options = options;
    this.#startMs = startMs;
    this.#context = context;
    this.#outcome = failure;
  }

  /** Goes on after a first attempt that has failed: as a thenable the call settles a promise the caller already has. */
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
    this.#begin();
  }

  /** Of the shared listener. Nothing that happens from here on counts. */
  aborted(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cutOff(reason);
    this.#endByAbort!();
  }

  #begin(): void {
    if (this.#attempt > 0) this.#log = this.#attempts();
    const { attemptTimeoutMs, maxElapsedMs } = this.#policy;
    const beganMs = this.#elapsedMs();
    const context = new Attempt(++this.#attempt);
    this.#context = context;
    this.#beganMs = Math.round(beganMs);
    // Whatever comes after the end of this attempt is late: ignored, and never an unhandled rejection.
    const settle = (failed: boolean, outcome: unknown): void => {
      if (this.#context === context) this.#settled(failed, outcome);
    };
    run(this.#operation, context).then(
      (value) => settle(false, value),
      (error: unknown) => settle(true, error),
    );

    const limitMs = Math.min(attemptTimeoutMs, maxElapsedMs - beganMs);
    if (limitMs === Infinity || this.#isOver) return;
    this.#wait(Math.max(0, beganMs + limitMs - this.#elapsedMs()), () => {
      if (this.#context !== context) return;
      const why =
        limitMs < attemptTimeoutMs
          ? `maxElapsedMs (${maxElapsedMs})`
          : `attemptTimeoutMs (${attemptTimeoutMs})`;
      const before = this.#log?.at(-1);
      const error = timeoutError(
        `Attempt ${this.#attempt} was cut off by ${why}`,
        before && 'error' in before ? { cause: before.error } : undefined,
      );
      this.#cutOff(error);
      this.#settled(true, error);
    });
  }

  /** An attempt is over. Each guard is one paragraph, in the order in which they win; an abort has won before. */
  #settled(failed: boolean, outcome: unknown): void {
    const context = this.#context!;
    this.#note(failed, outcome);

    // Judged, by the caller first, and decided.
    let next: number | StopReason | undefined;
    try {
      next = this.#decided(context);
    } catch (error) {
      if (!this.#isOver) this.#end('hook-failed', true, error);
    }
    if (this.#isOver) return;

    // Succeeded: a value that nobody objects to.
    if (next === undefined) return this.#end(undefined, false, outcome);

    // Not retryable, out of retries, told to wait too long, or out of time.
    if (typeof next === 'string') return this.#end(next, failed, outcome);

    const { onRetry } = this.#options;
    if (!onRetry) return this.#pause(next);

    // Announced. A hook may take its time, and that counts.
    const event: RetryEvent = {
      error: failed ? outcome : undefined,
      attempt: this.#attempt,
      delayMs: next,
      elapsedMs: this.#endedMs,
    };
    new Promise((resolve) => resolve(onRetry(event))).then(
      () => this.#isOver || this.#isPast(next) || this.#pause(next),
      (error: unknown) => this.#isOver || this.#end('hook-failed', true, error),
    );
  }

  /** The delay, or the reason to stop; undefined for a value that nobody objects to. */
  #decided(context: Attempt): number | StopReason | undefined {
    const { classify, classifyResult, random, clock = systemClock } = this.#options;
    const outcome = this.#outcome;
    const verdict = this.#failed
      ? (checkVerdict(classify?.(outcome, context)) ?? judge(outcome, this.#policy, clock))
      : checkVerdict(classifyResult?.(outcome as T, context));
    this.#hintMs = hintOf(verdict);
    return (
      verdict &&
      nextDelay(this.#policy, verdict, this.#attempt, this.#elapsedMs(), random ?? streamOf(this.#seed))
    );
  }

  #pause(ms: number): void {
    this.#delayMs = ms;
    // After it the deadline once more: a timer may be late.
    this.#wait(ms, () => this.#isOver || this.#isPast(0) || this.#begin());
  }

  /** Ends the call if an attempt that begins in `ms` would begin too late. */
  #isPast(ms: number): boolean {
    const isPast = pastDeadline(this.#policy, this.#elapsedMs(), ms);
    if (isPast) this.#end('deadline', this.#failed, this.#outcome);
    return isPast;
  }

  /** Never less than `ms`; in steps, where that is longer than any timer. `then` has to see by itself if it comes too late. */
  #wait(ms: number, then: () => void): void {
    const timerMs = Math.min(Math.ceil(ms), MAX_TIMER_MS);
    const { clock, unref = false } = this.#options;
    const tick = clock ? ownTick(clock, timerMs, unref) : sharedTick(timerMs, unref);
    this.#tick = tick;
    void tick.reached.then(
      ms <= timerMs ? then : () => this.#tick === tick && this.#wait(ms - timerMs, then),
    );
  }

  #elapsedMs(): number {
    return Math.max(0, (this.#options.clock ?? systemClock).now() - this.#startMs);
  }

  /** Ends the attempt under way from outside. */
  #cutOff(reason: unknown): void {
    const context = this.#context;
    if (!context) return;
    this.#note(true, reason);
    context.abort(reason);
  }

  /** What the attempt has come to. */
  #note(failed: boolean, outcome: unknown): void {
    this.#context = undefined;
    this.#leave();
    this.#failed = failed;
    this.#outcome = outcome;
    this.#endedMs = Math.round(this.#elapsedMs());
    this.#delayMs = undefined;
  }

  #leave(): void {
    this.#tick?.leave();
    this.#tick = undefined;
  }

  /** The attempts so far: the first ten, and the last ten. */
  #attempts(): AttemptRecord[] {
    const log = this.#log ?? [];
    const record: { -readonly [Key in keyof AttemptRecord]: AttemptRecord[Key] } = {
      attempt: this.#attempt,
      startMs: this.#beganMs,
      durationMs: this.#endedMs - this.#beganMs,
    };
    if (this.#failed) record.error = this.#outcome;
    if (this.#delayMs !== undefined) record.delayMs = this.#delayMs;
    if (log.push(record) > 2 * KEPT) log.splice(KEPT, 1);
    return log;
  }

  #end(reason: Reason | undefined, failed: boolean, outcome: unknown): void {
    const { signal, onEnd } = this.#options;
    this.#isOver = true;
    this.#leave();
    if (signal) unwatch(signal, this);
    if (reason || onEnd) {
      const attempts = this.#attempt > 0 ? this.#attempts() : [];
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
