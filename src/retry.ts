import { type Abortable, unwatch, watch } from './abort.js';
import { Attempt, type AttemptContext } from './attempt.js';
import { burstNow, type Clock, MAX_TIMER_MS, ownTick, sharedTick, systemClock, type Tick } from './clock.js';
import { nextDelay, pastDeadline, type StopReason } from './decide.js';
import { checkOptions, type RetryOptions } from './options.js';
import { resolvePolicy } from './policy/define.js';
import type { PolicySpec, RetryPolicy } from './policy/policy.js';
import { freshStream, type Random } from './random.js';
import { type AttemptRecord, type Reason, remember, type Report } from './report.js';
import { timeoutError } from './timeout.js';
import { judge } from './verdict/classify.js';
import { checkVerdict, hintOf } from './verdict/verdict.js';

/** A report tells of the first so many attempts, and of the last. */
const KEPT = 10;

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
    return new Promise((resolve, reject) => {
      new Call(operation, resolved, options ?? {}).start(resolve, reject);
    });
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Where nothing can interrupt an attempt, all the rest is made when the first one has failed: most calls never fail. */
function unwatched<T>(operation: Operation<T>, policy: RetryPolicy): Promise<T> {
  const startMs = burstNow();
  const context = new Attempt(1);
  const goOn = (error: unknown): PromiseLike<T> =>
    new Call(operation, policy, {}, startMs, context, error) as unknown as PromiseLike<T>;
  return run(operation, context).then<T, T>(undefined, goOn);
}

/** A promise of what the operation comes to, synchronous or not. */
function run<T>(operation: Operation<T>, context: AttemptContext): Promise<T> {
  try {
    return Promise.resolve(operation(context));
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
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #startMs: number;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #isOver = false;
  #tick: Tick | undefined;
  /** Counts the waits, so that one that was left goes unheard. */
  #turn = 0;
  #endByAbort: (() => void) | undefined;

  // The attempt under way, or the last one, and what it has come to; then those before it.
  #context: Attempt | undefined;
  #isRunning = false;
  #beganMs = 0;
  #endedMs = 0;
  #failed = true;
  #outcome: unknown;
  #hintMs: number | undefined;
  #delayMs: number | undefined;
  #log: AttemptRecord[] | undefined;
  #droppedAttempts = 0;

  constructor(
    operation: Operation<T>,
    policy: RetryPolicy,
    options: RetryOptions<T>,
    startMs?: number,
    context?: Attempt,
    failure?: unknown,
  ) {
    this.#operation = operation;
    this.#policy = policy;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? freshStream();
    this.#startMs = startMs ?? this.#clock.now();
    this.#context = context;
    this.#outcome = failure;
  }

  /** Goes on after a first attempt that has failed: as a thenable the call settles a promise the caller already has. */
  then(resolve: (value: T) => void, reject: (error: unknown) => void): void {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#settled(true, this.#outcome);
  }

  start(resolve: (value: T) => void, reject: (error: unknown) => void): void {
    this.#resolve = resolve;
    this.#reject = reject;
    const { signal } = this.#options;
    if (signal?.aborted) {
      this.#end('aborted', true, signal.reason);
      return;
    }
    if (signal) {
      watch(signal, this);
      void new Promise<void>((go) => (this.#endByAbort = go)).then(() =>
        this.#end('aborted', true, signal.reason),
      );
    }
    this.#begin();
  }

  /** Of the shared listener. Nothing that happens from here on counts. */
  aborted(reason: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isRunning) {
      this.#note(true, reason);
      this.#context!.abort(reason);
    }
    this.#endByAbort!();
  }

  #begin(): void {
    this.#log = this.#attempts();
    const context = new Attempt((this.#context?.attempt ?? 0) + 1);
    const beganMs = this.#elapsedMs();
    this.#context = context;
    this.#beganMs = beganMs;
    this.#isRunning = true;
    // Whatever comes after the end of this attempt is late: ignored, and never an unhandled rejection.
    const settle = (failed: boolean, outcome: unknown): void => {
      if (this.#isRunning && this.#context === context) this.#settled(failed, outcome);
    };
    run(this.#operation, context).then(
      (value) => settle(false, value),
      (error: unknown) => settle(true, error),
    );

    const { attemptTimeoutMs, maxElapsedMs } = this.#policy;
    const limitMs = Math.min(attemptTimeoutMs, maxElapsedMs - beganMs);
    if (limitMs === Infinity || this.#isOver) return;
    this.#wait(Math.max(0, beganMs + limitMs - this.#elapsedMs()), () => {
      const why =
        limitMs < attemptTimeoutMs
          ? `maxElapsedMs (${maxElapsedMs})`
          : `attemptTimeoutMs (${attemptTimeoutMs})`;
      const before = this.#log?.at(-1);
      const error = timeoutError(
        `Attempt ${context.attempt} was cut off by ${why}`,
        before && 'error' in before ? { cause: before.error } : undefined,
      );
      context.abort(error);
      settle(true, error);
    });
  }

  /** An attempt is over. Each guard is one paragraph, in the order in which they win; an abort has won before. */
  #settled(failed: boolean, outcome: unknown): void {
    this.#note(failed, outcome);

    // Judged, by the caller first, and decided.
    let next: number | StopReason | undefined;
    try {
      next = this.#decided(failed, outcome);
    } catch (error) {
      this.#end('hook-failed', true, error);
    }
    if (this.#isOver) return;

    // Succeeded: a value that nobody objects to.
    if (next === undefined) return this.#end(undefined, false, outcome);

    // Not retryable, out of retries, told to wait too long, or out of time.
    if (typeof next === 'string') return this.#end(next, failed, outcome);

    this.#delayMs = next;
    const { onRetry } = this.#options;
    if (!onRetry) return this.#pause();

    // Announced. A hook may take its time, and that counts.
    const event = {
      error: failed ? outcome : undefined,
      attempt: this.#context!.attempt,
      delayMs: next,
      elapsedMs: this.#endedMs,
    };
    new Promise((resolve) => resolve(onRetry(event))).then(
      () => this.#isOver || this.#pause(),
      (error: unknown) => this.#isOver || this.#end('hook-failed', true, error),
    );
  }

  /** The delay, or the reason to stop; undefined for a value that nobody objects to. */
  #decided(failed: boolean, outcome: unknown): number | StopReason | undefined {
    const { classify, classifyResult } = this.#options;
    const context = this.#context!;
    const verdict = failed
      ? (checkVerdict(classify?.(outcome, context)) ?? judge(outcome, this.#policy, this.#clock))
      : checkVerdict(classifyResult?.(outcome as T, context));
    this.#hintMs = hintOf(verdict);
    return verdict && nextDelay(this.#policy, verdict, context.attempt, this.#elapsedMs(), this.#random);
  }

  /** The delay, and on both sides of it the deadline: a hook may have been slow, and a timer late. */
  #pause(): void {
    if (this.#isPast(this.#delayMs!)) return;
    this.#wait(this.#delayMs!, () => this.#isPast(0) || this.#begin());
  }

  /** Ends the call if an attempt that begins in `ms` would begin too late. */
  #isPast(ms: number): boolean {
    const isPast = pastDeadline(this.#policy, this.#elapsedMs(), ms);
    if (isPast) this.#end('deadline', this.#failed, this.#outcome);
    return isPast;
  }

  /** Never less than `ms`; in steps, where that is longer than any timer. */
  #wait(ms: number, then: () => void): void {
    const timerMs = Math.min(Math.ceil(ms), MAX_TIMER_MS);
    const { clock, unref = false } = this.#options;
    const tick = clock ? ownTick(clock, timerMs, unref) : sharedTick(timerMs, unref);
    const turn = ++this.#turn;
    this.#tick = tick;
    void tick.reached.then(() => {
      if (turn !== this.#turn) return;
      this.#tick = undefined;
      if (ms > timerMs) this.#wait(ms - timerMs, then);
      else then();
    });
  }

  #leave(): void {
    this.#turn++;
    this.#tick?.leave();
    this.#tick = undefined;
  }

  #elapsedMs(): number {
    return Math.max(0, this.#clock.now() - this.#startMs);
  }

  /** What the attempt has come to. */
  #note(failed: boolean, outcome: unknown): void {
    this.#leave();
    this.#isRunning = false;
    this.#failed = failed;
    this.#outcome = outcome;
    this.#endedMs = this.#elapsedMs();
    this.#delayMs = undefined;
  }

  /** The attempts so far: the first ten, and the last ten. */
  #attempts(): AttemptRecord[] {
    const log = this.#log ?? [];
    if (!this.#context) return log;
    const startMs = Math.round(this.#beganMs);
    const durationMs = Math.round(this.#endedMs) - startMs;
    log.push({
      attempt: this.#context.attempt,
      ...(this.#failed && { error: this.#outcome }),
      startMs,
      durationMs,
      ...(this.#delayMs !== undefined && { delayMs: this.#delayMs }),
    });
    if (log.length > 2 * KEPT) {
      log.splice(KEPT, 1);
      this.#droppedAttempts++;
    }
    return log;
  }

  #end(reason: Reason | undefined, failed: boolean, outcome: unknown): void {
    const { signal, onEnd } = this.#options;
    this.#isOver = true;
    this.#leave();
    if (signal) unwatch(signal, this);
    if (reason || onEnd) {
      const report: Report = {
        ok: !reason,
        ...(reason && { reason }),
        attempts: this.#attempts(),
        droppedAttempts: this.#droppedAttempts,
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
