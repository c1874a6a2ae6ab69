import { watch } from './abort.js';
import { Attempt, type AttemptContext } from './attempt.js';
import { burstReading, type Reading } from './burst.js';
import { platform } from './clock.js';
import { nextDelay, pastDeadline, type StopReason } from './decide.js';
import { type Entry, records, thinned } from './log.js';
import { checkFunction, checkOptions } from './check-options.js';
import type { RetryOptions } from './options.js';
import { resolvePolicy } from './policy/define.js';
import type { PolicySpec, RetryPolicy } from './policy/policy.js';
import { freshSeed, streamOf } from './random.js';
import { type Reason, remember, type Report } from './report.js';
import { type Tick, tickIn } from './tick.js';
import { TimeoutError } from './timeout.js';
import { judge } from './verdict/classify.js';
import { checkVerdict, hintOf } from './verdict/verdict.js';

/** The options of calls that nothing can interrupt, and of whose success nobody but the caller wants to know. */
const UNWATCHED = {};

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
  if (!options && policy === latestSpec && typeof operation === 'function')
    return unwatched(operation, latestPolicy);
  try {
    checkFunction('operation', operation);
    const resolved = resolvePolicy(policy);
    if (options) checkOptions(options);
    if (options || isTimed(resolved)) return watched(operation, resolved, options ?? {});
    if (Object.isFrozen(policy)) {
      latestSpec = policy;
      latestPolicy = resolved;
    }
    return unwatched(operation, resolved);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * What was passed last, with the policy it stands for, if it is frozen and has no time limits. Most programs pass the
 * same again and again, and to find that out otherwise takes longer than all else up to the call of the operation. At
 * first it is one that nobody can have passed.
 */
let latestSpec: PolicySpec | undefined = {};
let latestPolicy: RetryPolicy;

/** Whether attempts of the policy may be cut off. */
const isTimed = (policy: RetryPolicy): boolean =>
  policy.attemptTimeoutMs < Infinity || policy.maxElapsedMs < Infinity;

/** Where nothing can interrupt an attempt, all the rest is made when the first one has failed: most calls never fail. */
function unwatched<T>(operation: Operation<T>, policy: RetryPolicy): Promise<T> {
  const context = new Attempt(1);
  const start = burstReading();
  return run(operation, context).then<T, T>(
    undefined,
    (error: unknown) =>
      new Call(operation, policy, UNWATCHED, start, context, error) as unknown as PromiseLike<T>,
  );
}

function watched<T>(operation: Operation<T>, policy: RetryPolicy, options: RetryOptions<T>): Promise<T> {
  const start = { ms: (options.clock ?? platform).now() };
  return new Promise((resolve, reject) => new Call(operation, policy, options, start).then(resolve, reject));
}

/** A promise of what the operation comes to, synchronous or not. */
function run<T>(operation: Operation<T>, context: AttemptContext): Promise<T> {
  try {
    const result = operation(context) as Promise<T> | undefined;
    // What `resolve` would do as well, and takes longer for.
    return result?.constructor === Promise ? result : Promise.resolve(result as T);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Stands for the contexts that no option of a call gets to see: an old object that points to a new one costs the collector. */
const UNSEEN = /* @__PURE__ */ new Attempt(0);

/**
 * One call under way. No rule of retrying is here: `decide` has those; this measures, asks and obeys.
 *
 * It is a state machine and not an async function, because calls wait by the hundred thousand, and the frames of async
 * functions add up. Every wait is a reaction of its own to a promise: so whatever is the user's runs in the async
 * context of this call, whoever fires the timer or the abort.
 */
class Call<T> {
  readonly #operation: Operation<T>;
  readonly #policy: RetryPolicy;
  readonly #options: RetryOptions<T>;
  readonly #start: Reading;
  readonly #seed = freshSeed();
  // Made once: a call that waits for seconds is old, and what it makes anew is moved by the collector.
  readonly #step = this.#goOn.bind(this);
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #isOver = false;
  #unwatch: (() => void) | undefined;
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

  /** Begins, or goes on after a first attempt that has failed: as a thenable, it settles a promise the caller already has. */
  // oxlint-disable-next-line unicorn/no-thenable -- being one is the point: nobody but `unwatched` ever holds a call.
  then(resolve: (value: T) => void, reject: (error: unknown) => void): void {
    this.#resolve = resolve;
    this.#reject = reject;
    if (this.#context) {
      this.#attempt = 1;
      return this.#settled(true, this.#outcome);
    }
    const { signal } = this.#options;
    if (signal) {
      const end = (): void => this.#end('aborted', true, signal.reason);
      if (signal.aborted) return end();
      void new Promise<void>((go) => {
        this.#unwatch = watch(signal, () => {
          const context = this.#context;
          // Nothing that happens from here on counts.
          this.#isOver = true;
          if (context) {
            this.#note(true, signal.reason);
            context.abort(signal.reason);
          }
          go();
        });
      }).then(end);
    }
    this.#begin(0);
  }

  #begin(nowMs: number): void {
    if (this.#attempt) this.#keep();
    const context = new Attempt(++this.#attempt);
    const isWatched = this.#options !== UNWATCHED;
    this.#context = isWatched ? context : UNSEEN;
    this.#beganMs = Math.round(nowMs);
    let result = run(this.#operation, context);
    if (isTimed(this.#policy)) result = this.#limited(result, context, nowMs);
    result.then(
      isWatched ? (value) => this.#context && this.#settled(false, value) : this.#resolve,
      this.#step,
    );
  }

  /** What the attempt comes to, or that its time was over first. What comes later is ignored, and no unhandled rejection. */
  #limited(result: Promise<T>, context: Attempt, beganMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      result.then(resolve, reject);
      const isUnderWay = (): boolean => this.#context === context;
      // The operation may have aborted the call.
      if (!isUnderWay()) return;
      const { attemptTimeoutMs, maxElapsedMs } = this.#policy;
      const limit = maxElapsedMs - beganMs < attemptTimeoutMs ? 'maxElapsedMs' : 'attemptTimeoutMs';
      const nowMs = this.#elapsedMs();
      const leftMs = Math.min(attemptTimeoutMs + beganMs, maxElapsedMs) - nowMs;
      const end = (): void => {
        if (!isUnderWay()) return;
        const cause = this.#log?.error;
        // Without end, causes would keep the errors of all attempts.
        const isTold = this.#log?.failed && !(cause instanceof TimeoutError && this.#attempt % 10 === 1);
        const message = `Attempt ${this.#attempt} was cut off by ${limit} (${this.#policy[limit]})`;
        const error = new TimeoutError(message, isTold ? { cause } : undefined);
        reject(error);
        context.abort(error);
      };
      void this.#wait(Math.max(0, leftMs), nowMs).then(end);
    });
  }

  /** An attempt is over: judged, by the caller first, decided, and announced. An abort has won before. */
  #settled(failed: boolean, outcome: unknown): void {
    const context = this.#context!;
    const elapsedMs = this.#note(failed, outcome);
    const { classify, classifyResult, onRetry, random } = this.#options;
    const clock = this.#options.clock ?? platform;
    const attempt = this.#attempt;
    let next: number | StopReason | undefined;
    try {
      const verdict = failed
        ? (checkVerdict(classify?.(outcome, context)) ?? judge(outcome, this.#policy, clock))
        : checkVerdict(classifyResult?.(outcome as T, context));
      this.#hintMs = hintOf(verdict);
      next = verdict && nextDelay(this.#policy, verdict, attempt, elapsedMs, random ?? streamOf(this.#seed));
    } catch (error) {
      return this.#end('hook-failed', true, error);
    }
    if (this.#isOver) return;
    // A reason to stop, or none: a value that nobody objects to.
    if (typeof next !== 'number') return this.#end(next, failed, outcome);
    const delayMs = next;
    if (!onRetry) return this.#pause(delayMs, elapsedMs);
    const error = failed ? outcome : undefined;
    const hook = new Promise((resolve) =>
      resolve(onRetry({ error, attempt, delayMs, elapsedMs: this.#endedMs })),
    );
    // A hook may take its time, and that counts; one that never ends has until the deadline.
    const leftMs = this.#policy.maxElapsedMs - elapsedMs;
    Promise.race(leftMs < Infinity ? [hook, this.#wait(leftMs, elapsedMs)] : [hook]).then(
      () => {
        this.#leave();
        return this.#pause(delayMs, this.#elapsedMs());
      },
      (failure: unknown) => this.#end('hook-failed', true, failure),
    );
  }

  /** The delay; and on both sides of it the deadline, since a hook may have been slow, and a timer late. */
  #pause(ms: number, nowMs: number): void {
    if (this.#isPast(ms, nowMs)) return;
    this.#delayMs = ms;
    void this.#wait(ms, nowMs).then(this.#step);
  }

  /** Goes on after a failure, or after a delay: there is never one while the other is awaited. */
  #goOn(error?: unknown): void {
    if (this.#context) return this.#settled(true, error);
    const nowMs = this.#elapsedMs();
    if (!this.#isPast(0, nowMs)) this.#begin(nowMs);
  }

  /** Ends the call if an attempt that begins `ms` after `nowMs` would begin too late. */
  #isPast(ms: number, nowMs: number): boolean {
    if (pastDeadline(this.#policy, nowMs + ms)) this.#end('deadline', this.#failed, this.#outcome);
    return this.#isOver;
  }

  #wait(ms: number, nowMs: number): Promise<void> {
    const { clock, unref } = this.#options;
    const tick = tickIn(ms, clock ?? platform, this.#start.ms + nowMs, unref ?? false);
    // Nobody else ever leaves before the time.
    if (this.#options !== UNWATCHED) this.#tick = tick;
    return tick.reached;
  }

  #elapsedMs(): number {
    return Math.max(0, (this.#options.clock ?? platform).now() - this.#start.ms);
  }

  /** What the attempt has come to. Returns when that was. */
  #note(failed: boolean, outcome: unknown): number {
    const elapsedMs = this.#elapsedMs();
    this.#leave();
    this.#context = undefined;
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
    const entry: Entry = {
      attempt: this.#attempt,
      failed: this.#failed,
      error: this.#outcome,
      startMs: this.#beganMs,
      durationMs: this.#endedMs - this.#beganMs,
      delayMs: this.#delayMs,
      before: this.#log,
    };
    this.#log = thinned(entry);
  }

  #end(reason: Reason | undefined, failed: boolean, outcome: unknown): void {
    if (this.#isOver && reason !== 'aborted') return;
    const { onEnd } = this.#options;
    this.#isOver = true;
    this.#leave();
    this.#unwatch?.();
    if (reason || onEnd) {
      if (this.#attempt) this.#keep();
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
        return this.#reject(error);
      }
    }
    if (failed) this.#reject(outcome);
    else this.#resolve(outcome as T);
  }
}
