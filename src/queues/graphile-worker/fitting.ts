import { errorData } from '../error.js';

/**
 * The error as graphile-worker can stand it: it reads `message` and `stack`, and stores the message. What is an error
 * like any other passes unchanged; anything else (a getter that throws, a text that Postgres refuses, a value that is no
 * error) comes as the cause of one.
 */
export function fitting(thrown: unknown): Error {
  const data = errorData(thrown);
  try {
    if (thrown instanceof Error && thrown.message === data.message && typeof thrown.stack !== 'object')
      return thrown;
  } catch {
    // The reading failed: `errorData` knows what could be read.
  }
  return Object.assign(new Error(data.message, { cause: thrown }), { name: data.name });
}
