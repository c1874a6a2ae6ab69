import { type ErrorData, errorData } from '../error.js';
import type { DeadReason } from '../types.js';
import type { BullJob } from './host.js';

/** By which BullMQ itself knows its rate-limit error. */
const RATE_LIMITED = 'bullmq:rateLimitExceeded';
const MESSAGES = new Set(['DelayedError', 'WaitingError', 'WaitingChildrenError']);

/** Whether an error is a message to BullMQ ("I have moved the job elsewhere") and no failure; it is known by name there too. */
export const isMessage = (error: unknown): boolean =>
  MESSAGES.has(text(error, 'name') ?? '') || text(error, 'message') === RATE_LIMITED;

/** BullMQ's own way to say that no further attempt makes sense. */
export const isUnrecoverable = (error: unknown): boolean => text(error, 'name') === 'UnrecoverableError';

/** Longer stacks are cut: BullMQ stores the stack of every attempt in the job. */
const STACK_LENGTH = 16_000;

/**
 * The error as BullMQ can take it. It reads `message` and `stack` of whatever was thrown, and where it cannot, the job
 * is not settled but left to stall; so what is no error, and what cannot be read, is put into one, as its `cause`.
 */
export function fit(thrown: unknown): Error {
  const stack = text(thrown, 'stack');
  const readable = text(thrown, 'message') !== undefined && text(thrown, 'name') !== undefined;
  if (readable && stack !== undefined && stack.length <= STACK_LENGTH) return thrown as Error;
  const { name, message } = errorData(thrown);
  const error = new Error(message, { cause: thrown });
  // A string's type is no name for an error; BullMQ shows the message.
  if (readable) error.name = name;
  error.stack = stack?.slice(0, STACK_LENGTH) ?? `${error.name}: ${message}`;
  return error;
}

/** Tells BullMQ that the job went back to wait, and that this was no attempt. */
export function released(): Error {
  return named('WaitingError', 'Released by shutdown: the attempt does not count');
}

/** What a job fails with that was buried without running: `stalled`, or past its deadline. */
export function notRun(reason: DeadReason, attempts: number): Error {
  return reason === 'stalled'
    ? named('StalledError', `All ${attempts} attempts are used up; the last was never settled`)
    : named('DeadlineError', `After ${attempts} attempts the time for the whole job is over (${reason})`);
}

/** The error a job was buried with, for the settling that its worker did not live to do. */
export function recalled({ name, message }: ErrorData): Error {
  return named(name, message);
}

/** What is known of a job that is dead. */
export interface Death {
  readonly reason: DeadReason;
  readonly attempts: number;
  /** What it died of, if an attempt has ended it. */
  readonly error?: ErrorData | undefined;
}

/** What a job fails with, for the moment, that is dead and whose letter could not be written. */
export function unburied({ reason, attempts, error }: Death, cause: unknown): Error {
  const diedOf = error ? `; the job died of: ${error.message}` : '';
  const trouble = `The dead letter could not be written (${reason}, attempts ${attempts}): `;
  return named('UnburiedError', trouble + errorData(cause).message + diedOf, { cause });
}

/**
 * The death of a job that comes back because its letter could not be written: BullMQ keeps the message of the last
 * failure, and takes it away when a job is put back by hand.
 */
export function deathOf({ failedReason }: BullJob): Death | undefined {
  const [, reason, attempts] =
    /^The dead letter could not be written \(([a-z-]+), attempts (\d+)\): /.exec(failedReason ?? '') ?? [];
  if (!reason) return undefined;
  const [, message] = /; the job died of: (.*)$/s.exec(failedReason ?? '') ?? [];
  return {
    reason: reason as DeadReason,
    attempts: Number(attempts),
    ...(message !== undefined && { error: { name: 'Error', message } }),
  };
}

function named(name: string, message: string, options?: ErrorOptions): Error {
  return Object.assign(new Error(message, options), { name });
}

function text(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    const property: unknown = Reflect.get(value, key);
    return typeof property === 'string' ? property : undefined;
  } catch {
    return undefined;
  }
}
