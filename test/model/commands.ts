import fc from 'fast-check';
import { expect } from 'vitest';
import { type Ending, type Hooks, type RetryModel, TimeLimit } from './model.js';
import { RetrySubject } from './subject.js';

/** One thing that happens to a call; afterwards `retry` and the model must look the same. */
abstract class Command implements fc.AsyncCommand<RetryModel, RetrySubject> {
  abstract check(model: Readonly<RetryModel>): boolean;
  abstract apply(model: RetryModel, subject: RetrySubject): void | Promise<void>;
  abstract toString(): string;

  async run(model: RetryModel, subject: RetrySubject): Promise<void> {
    await this.apply(model, subject);
    // Delays of 0, and limits that are reached at once.
    model.step(0);
    await subject.clock.advance(0);
    expect(seen(subject, model)).toEqual(expected(model));
  }
}

class Settle extends Command {
  constructor(readonly ending: Ending) {
    super();
  }
  check = (model: Readonly<RetryModel>): boolean => model.phase === 'attempt';
  apply(model: RetryModel, subject: RetrySubject): void {
    model.settle(this.ending);
    subject.settle(this.ending);
  }
  toString = (): string =>
    `attempt ends with ${this.ending.kind}${'hintMs' in this.ending ? ` ${this.ending.hintMs}` : 'delayMs' in this.ending ? ` ${this.ending.delayMs}` : ''}`;
}

/** An attempt that was cut, or whose call was aborted, ends at last: nobody may care. */
class SettleLate extends Command {
  constructor(readonly ending: Ending) {
    super();
  }
  check = (): boolean => true;
  apply(model: RetryModel, subject: RetrySubject): void {
    const late = subject.unsettled.length - (model.phase === 'attempt' ? 1 : 0);
    if (late > 0) subject.settle(this.ending, 0);
  }
  toString = (): string => `an earlier attempt ends late with ${this.ending.kind}`;
}

class Step extends Command {
  constructor(readonly ms: number) {
    super();
  }
  check = (): boolean => true;
  async apply(model: RetryModel, subject: RetrySubject): Promise<void> {
    model.step(this.ms);
    await subject.clock.advance(this.ms);
  }
  toString = (): string => `${this.ms} ms go by`;
}

class Abort extends Command {
  check = (model: Readonly<RetryModel>): boolean => !model.isAborted;
  apply(model: RetryModel, subject: RetrySubject): void {
    model.abort();
    subject.abort();
  }
  toString = (): string => 'the caller aborts';
}

class SetHooks extends Command {
  constructor(readonly hooks: Partial<Hooks>) {
    super();
  }
  check = (model: Readonly<RetryModel>): boolean => model.phase !== 'hook';
  apply(model: RetryModel, subject: RetrySubject): void {
    Object.assign(model.hooks, this.hooks);
    Object.assign(subject.hooks, this.hooks);
  }
  toString = (): string => `from now on, hooks: ${JSON.stringify(this.hooks)}`;
}

class FinishHook extends Command {
  check = (model: Readonly<RetryModel>): boolean => model.phase === 'hook';
  apply(model: RetryModel, subject: RetrySubject): void {
    model.finishHook();
    subject.finishHook();
  }
  toString = (): string => 'the slow hook is done';
}

function expected(model: RetryModel): object {
  const { end, attempts, nowMs } = model;
  return {
    calls: attempts.length,
    liveTimers: model.liveTimers,
    listeners: end ? 0 : 1,
    settled: end && (end.resolved ? { resolved: true, value: end.value } : { resolved: false }),
    observed: model.observed,
    report: end && { ok: end.reason === undefined, reason: end.reason, attempts },
    nowMs,
  };
}

function seen(subject: RetrySubject, model: RetryModel): object {
  const { settled, reports, clock } = subject;
  if (settled && !settled.resolved && model.end && !model.end.resolved)
    sameError(settled.error, model.end.error);
  const report = reports[0];
  expect(reports.length).toBeLessThanOrEqual(1);
  return {
    calls: subject.calls,
    liveTimers: clock.liveTimers,
    listeners: subject.listeners,
    settled: settled && (settled.resolved ? settled : { resolved: false }),
    observed: subject.observed,
    report: report && {
      ok: report.ok,
      reason: report.reason,
      attempts: report.attempts.map(({ startMs, durationMs, delayMs }) => ({
        startMs,
        durationMs,
        ...(delayMs !== undefined && { delayMs }),
      })),
    },
    nowMs: clock.now(),
  };
}

/** The thrown value itself, unchanged; of a time limit its name, and what it was caused by. */
function sameError(error: unknown, wanted: unknown): void {
  if (wanted instanceof TimeLimit) {
    expect(error).toMatchObject({ name: 'TimeoutError' });
    sameError((error as Error).cause, wanted.cause);
  } else {
    expect(error).toBe(wanted);
  }
}

const arbitraryEnding: fc.Arbitrary<Ending> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('boom', 'again')
      .map((text): Ending => ({ kind: 'error', error: new Error(text) })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<unknown>(undefined, null, 0, 'text')
      .map((error): Ending => ({ kind: 'error', error })),
  },
  { weight: 1, arbitrary: fc.nat().map((value): Ending => ({ kind: 'value', value })) },
  {
    weight: 2,
    arbitrary: fc.constant(null).map((): Ending => ({ kind: 'refused', value: RetrySubject.refused() })),
  },
  {
    weight: 1,
    arbitrary: fc.constant(null).map((): Ending => ({ kind: 'permanent', error: new Error('no') })),
  },
  {
    weight: 2,
    arbitrary: fc
      .nat({ max: 2_000 })
      .map((delayMs): Ending => ({ kind: 'exact', error: new Error('exact'), delayMs })),
  },
  {
    weight: 2,
    arbitrary: fc
      .nat({ max: 6_000 })
      .map((hintMs): Ending => ({ kind: 'hint', error: new Error('wait'), hintMs })),
  },
);

/** Sequences of all that can happen to a call. */
export const arbitraryCommands = fc.commands<RetryModel, RetrySubject, false>(
  [
    arbitraryEnding.map((ending) => new Settle(ending)),
    arbitraryEnding.map((ending) => new Settle(ending)),
    arbitraryEnding.map((ending) => new SettleLate(ending)),
    fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 5_000 })).map((ms) => new Step(ms)),
    fc.constantFrom(100, 1_000).map((ms) => new Step(ms)),
    fc.constant(new Abort()),
    fc
      .constantFrom<Hooks['onRetry']>('fine', 'fine', 'slow', 'throws')
      .map((onRetry) => new SetHooks({ onRetry })),
    fc
      .constantFrom<Hooks['classify']>('fine', 'fine', 'throws')
      .map((classify) => new SetHooks({ classify })),
    fc.constantFrom<Hooks['policyFor']>('none', 'chosen').map((policyFor) => new SetHooks({ policyFor })),
    fc
      .constantFrom<Hooks['onAttempt']>('fine', 'throws', 'rejects', 'slow')
      .map((onAttempt) => new SetHooks({ onAttempt })),
    fc.constant(new FinishHook()),
  ] as fc.Arbitrary<fc.AsyncCommand<RetryModel, RetrySubject>>[],
  { maxCommands: 40 },
);
