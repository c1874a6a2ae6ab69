/** The one error of all failures: creating it, with its stack, would cost more than everything that is measured. */
export const ERROR = Object.assign(new Error('connection reset'), { code: 'ECONNRESET' });

/** An operation that fails so many times, then succeeds. */
export function failing(times) {
  let left = times;
  return async () => {
    if (left-- > 0) throw ERROR;
    return 42;
  };
}
