import { type Abortable, unwatch, watch } from './abort.js';
import { Attempt, type AttemptContext } from './attempt.js';
import { type Clock, MAX_TIMER_MS, sleep, type Sleeper, systemClock, type Tick } from './clock.js';
import type { RetryOptions } from './options.js';
import type { RetryPolicy } from './policy/policy.js';
import { type Chance, freshSeed } from './random.js';
import { AttemptLog, type AttemptRecord, type Reason, remember, type Report } from './report.js';
import { timeoutError } from './timeout.js';
import { judge } from './verdict/classify.js';
import { checkVerdict, hintOf, type Verdict } from './verdict/verdict.js';

/** The user's function: called once for each attempt. It may be synchronous. */
export type Operation<T> = (context: AttemptContext) => T | PromiseLike<T>;

/**
 * One call of `retry` while it is under way: what it has measured, and what it waits for. No rule of retrying is here;
 * the loop in `retry.ts` reads them off `decide`.
 *
 * It waits for one thing at a time (an attempt, a hook, a delay), always through a promise of its own: so whoever ends
 * the wait, a shared timer or somebody's abort, lends it nothing of its own async context.
 */
export class Call<T> implements Sleeper, Abortable {
  /** Set once the caller has aborted: nothing else counts from then on. */
  isAborted = false;
  abortReason: unknown;
  /** The hint of the last failure. */
  hintMs: number | undefined;
  readonly chance: Chance;
  tick: Tick | undefined;
  place = 0;

  private readonly clock: Clock;
  private readonly log = new AttemptLog();
  private latest: AttemptRecord | undefined;
  private running = false;
  private beganMs = 0;
  /** What is due after the time waited for: the end of a delay, or of an attempt's time. */
  private onTime: (() => void) | undefined;
  private interrupt: ((reason?: any) => void) | undefined;
  private dueMs = 0;
  private restMs = 0;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly operation: Operation<T>,
    readonly policy: RetryPolicy,
    readonly options: RetryOptions<T> = {},
    private readonly startMs = (options.clock ?? systemClock).now(),
    public context?: Attempt,
  ) {
    this.clock = options.clock ?? systemClock;
    this.chance = options.random ?? freshSeed();
    const { signal } = options;
    if (signal?.aborted) this.aborted(signal.reason);
    else if (signal) watch(signal, this);
  }

  elapsedMs(): number {
    return this.clock.now() - this.startMs;
  }

  wallNow(): number {
    return this.clock.wallNow();
  }

  /** The attempt under way, or the last one. */
  get attempt(): number {
    return this.context?.attempt ?? 0;
  }

  /** Calls the operation. What is returned also settles when the caller aborts, or the time for one attempt is over. */
  begin(): T | PromiseLike<T> {
    this.context = new Attempt(this.attempt + 1);
    this.beganMs = this.elapsedMs();
    this.running = true;
    const result = this.operation(this.context);
    const limitMs = Math.min(this.policy.attemptTimeoutMs, this.policy.maxElapsedMs - this.beganMs);
    if (limitMs === Infinity && !this.options.signal) return result;
    const wait = this.watched(result);
    if (limitMs < Infinity) {
      this.onTime = () => this.cut(limitMs < this.policy.attemptTimeoutMs);
      this.arm(Math.max(0, limitMs - (this.elapsedMs() - this.beganMs)));
    }
    return wait;
  }

  /** The attempt is over: writes down what it came to. */
  endAttempt(failed: boolean, error: unknown): void {
    const startMs = Math.round(this.beganMs);
    const durationMs = Math.round(this.elapsedMs()) - startMs;
    const { attempt } = this.context!;
    this.latest = failed ? { attempt, error, startMs, durationMs } : { attempt, startMs, durationMs };
    this.log.add(this.latest);
    this.running = false;
    this.stopWaiting();
  }

  /** The verdict on an error: the caller's word, else the built-in rules. */
  judged(error: unknown): Verdict {
    const verdict =
      checkVerdict(this.options.classify?.(error, this.context!), 'classify') ?? judge(error, this);
    this.hintMs = hintOf(verdict);
    return verdict;
  }

  /** The verdict on a value, where the caller has one. */
  judgedResult(value: T): Verdict | undefined {
    const verdict = checkVerdict(this.options.classifyResult?.(value, this.context!), 'classifyResult');
    this.hintMs = verdict && hintOf(verdict);
    return verdict;
  }

  /** Tells `onRetry`, and waits for what it returns unless the caller aborts. */
  async announce(error: unknown, delayMs: number): Promise<void> {
    const elapsedMs = Math.round(this.elapsedMs());
    const result = this.options.onRetry!({ error, attempt: this.attempt, delayMs, elapsedMs });
    await (this.options.signal ? this.watched(result) : result);
    this.stopWaiting();
  }

  /** Waits, never less than `ms`, unless the caller aborts; a delay of 0 still lets everything else have its turn. */
  delay(ms: number): Promise<void> {
    this.latest!.delayMs = ms;
    return new Promise((resolve) => {
      // The loop looks for an abort when it goes on, so both are the same here.
      this.onTime = this.interrupt = resolve;
      if (this.isAborted) resolve();
      else this.arm(ms);
    });
  }

  /** Of the shared listener: the caller has aborted. */
  aborted(reason: unknown): void {
    this.isAborted = true;
    this.abortReason = reason;
    if (this.running) this.context!.abort(reason);
    this.interrupt?.(reason);
  }

  /** Of the clock: the time is over, or a part of one that is longer than any timer. */
  wake(): void {
    const leftMs = this.clock === systemClock ? this.restMs : this.dueMs - this.clock.now();
    if (leftMs > 0) this.arm(leftMs);
    else this.onTime?.();
  }

  /** Ends the call; throws what `onEnd` throws. */
  end(reason?: Reason, thrown?: unknown): void {
    this.stopWaiting();
    const { signal, onEnd } = this.options;
    if (signal) unwatch(signal, this);
    if (reason === undefined && !onEnd) return;
    const report = this.report(reason);
    if (reason !== undefined) remember(thrown, report);
    try {
      onEnd?.(report);
    } catch (error) {
      remember(error, { ...report, ok: false, reason: 'hook-failed' });
      throw error;
    }
  }

  private report(reason: Reason | undefined): Report {
    return this.log.report({
      ok: reason === undefined,
      ...(reason !== undefined && { reason }),
      elapsedMs: Math.round(this.elapsedMs()),
      ...(this.hintMs !== undefined && { hintMs: this.hintMs }),
    });
  }

  /** The same outcome, unless the caller aborts first. A late one is ignored, and never an unhandled rejection. */
  private watched<V>(outcome: V | PromiseLike<V>): Promise<V> {
    return new Promise((resolve, reject) => {
      this.interrupt = reject;
      if (this.isAborted) reject(this.abortReason);
      Promise.resolve(outcome).then(resolve, reject);
    });
  }

  /** The time of the running attempt is over. */
  private cut(atDeadline: boolean): void {
    const { attemptTimeoutMs, maxElapsedMs } = this.policy;
    const { attempt } = this.context!;
    const error = timeoutError(
      atDeadline
        ? `Attempt ${attempt} was cut off ${maxElapsedMs} ms after the call began (maxElapsedMs)`
        : `Attempt ${attempt} took longer than ${attemptTimeoutMs} ms (attemptTimeoutMs)`,
      this.latest,
    );
    this.context!.abort(error);
    this.interrupt!(error);
  }

  private arm(ms: number): void {
    const timerMs = Math.min(Math.ceil(ms), MAX_TIMER_MS);
    const { unref = false } = this.options;
    this.restMs = ms - timerMs;
    if (this.clock === systemClock) {
      sleep(this, timerMs, unref);
    } else {
      this.dueMs = this.clock.now() + ms;
      this.cancelTimer = this.clock.setTimer(timerMs, () => this.wake(), unref);
    }
  }

  private stopWaiting(): void {
    this.onTime = undefined;
    this.interrupt = undefined;
    this.tick?.leave(this);
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }
}
