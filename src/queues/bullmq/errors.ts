import { type ErrorData, errorData } from '../error.js';
import type { DeadReason } from '../types.js';

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

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
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
