import { expect, type TestAPI } from 'vitest';
import type { PolicySpec } from '../../../src/index.js';
import type { Payload, Step } from '../handler.js';
import type { Subject } from '../subject.js';
import type { Trial } from '../trial.js';

/** How much of everything. */
export interface Size {
  readonly jobs: number;
  readonly kills: number;
  readonly lateJobs: number;
  /** Over what time those are enqueued. */
  readonly lateOverMs: number;
  /** Which share of jobs may be late by no more than `worstMs`. */
  readonly lateShare: number;
  readonly worstMs: number;
}

/** What each part of the suite is given. */
export interface Given {
  /** `test`, with a way to open trials that are closed when the test ends. */
  readonly it: TestAPI<{ open: (spec: PolicySpec, at?: string) => Promise<Trial> }>;
  /** Known once the tests run. */
  readonly subject: () => Subject;
  readonly size: Size;
  /** What a soak run leaves for the documentation. */
  readonly figures: Record<string, unknown>;
}

/** A job that is early by no more than this is not early: clocks are read in whole milliseconds. */
export const EARLY_MS = 2;

/** A job that does these things, one in each attempt. */
export function job(...steps: Step[]): Payload {
  return { key: 'job', steps };
}

/** Between the first two runs of a job lies at least the delay. */
export function expectGap(trial: Trial, id: string, delayMs: number): void {
  const [first, second] = trial.ledgerOf(id).filter(({ what }) => what === 'begin');
  expect((second?.atMs ?? NaN) - (first?.atMs ?? NaN)).toBeGreaterThanOrEqual(delayMs - EARLY_MS);
}
