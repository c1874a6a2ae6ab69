import { decide, type RetryPolicy, seeded, type StopReason, type Verdict } from '../index.js';

/** How an attempt ends: at once, or after `durationMs`, in whole milliseconds. */
export type Outcome =
  | Verdict
  | 'success'
  | { readonly outcome: Verdict | 'success'; readonly durationMs: number };

/** One event. `atMs` counts from the start of the call. Each attempt gives two rows: one for its start, one for its end. */
export type TraceRow =
  | { readonly atMs: number; readonly attempt: number; readonly event: 'attempt' }
  | { readonly atMs: number; readonly attempt: number; readonly event: 'success' }
  | { readonly atMs: number; readonly attempt: number; readonly event: 'retry'; readonly delayMs: number }
  | { readonly atMs: number; readonly attempt: number; readonly event: 'stop'; readonly reason: StopReason };

/** The seed of the delays of a trace. */
export interface TraceOptions {
  /** The draws come from `seeded(seed)`. Default 0. */
  readonly seed?: string | number | undefined;
}

/**
 * Lists what a call with this policy would do, without running anything. The k-th outcome belongs to attempt k; attempts
 * after the last outcome succeed. An attempt that takes longer than `attemptTimeoutMs`, or longer than the rest of
 * `maxElapsedMs`, ends there with the verdict `'retry'`, as in `retry`.
 */
export function trace(
  policy: RetryPolicy,
  outcomes: readonly Outcome[],
  { seed = 0 }: TraceOptions = {},
): TraceRow[] {
  const random = seeded(seed);
  const rows: TraceRow[] = [];
  let atMs = 0;
  for (let attempt = 1; ; attempt++) {
    rows.push({ atMs, attempt, event: 'attempt' });
    const { outcome, durationMs } = ending(outcomes[attempt - 1]);
    const limitMs = Math.min(policy.attemptTimeoutMs, policy.maxElapsedMs - atMs);
    atMs += Math.min(durationMs, limitMs);
    const verdict = durationMs > limitMs ? 'retry' : outcome;
    if (verdict === 'success') return [...rows, { atMs, attempt, event: 'success' }];
    const decision = decide(policy, { verdict, attempt, elapsedMs: atMs }, random);
    if (!decision.retry) return [...rows, { atMs, attempt, event: 'stop', reason: decision.reason }];
    rows.push({ atMs, attempt, event: 'retry', delayMs: decision.delayMs });
    atMs += decision.delayMs;
  }
}

function ending(outcome: Outcome = 'success'): { outcome: Verdict | 'success'; durationMs: number } {
  return typeof outcome === 'object' && 'outcome' in outcome ? outcome : { outcome, durationMs: 0 };
}
