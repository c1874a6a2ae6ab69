import { expect, test } from 'vitest';
import { classifyFailure, retryFetch } from '../../src/http/index.js';
import { type PolicySpec, type Report, retry, type RetryOptions } from '../../src/index.js';
import { virtualClock } from '../../src/testing/index.js';

const statuses = [400, 403, 404, 408, 409, 413, 422, 425, 429, 430, 500, 501, 502, 503, 504, 529, 600, 999];
const fields: readonly Record<string, string>[] = [
  {},
  { 'retry-after': '7' },
  { 'retry-after': '7200' },
  { 'retry-after-ms': '45' },
  { 'x-ratelimit-retry-after': '3' },
  { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '45' },
  { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': '45' },
  { ratelimit: '"a";r=0;t=45' },
  { 'x-should-retry': 'true', 'retry-after-ms': '9' },
  { 'stripe-should-retry': 'false' },
];

/** The delay after the first attempt, or the reason to stop. */
async function outcome(
  call: (options: RetryOptions<any>, run: ReturnType<typeof virtualClock>) => Promise<unknown>,
) {
  const clock = virtualClock();
  let waited: number | undefined;
  let report: Report | undefined;
  const options = {
    clock,
    onRetry: ({ delayMs }: { delayMs: number }) => (waited = delayMs),
    onEnd: (it: Report) => (report = it),
  };
  await clock.runAll(call(options, clock)).catch(() => {});
  return waited ?? report?.reason;
}

test.each(statuses)('%i is answered alike by retryFetch and by classifyFailure', async (status) => {
  const policies: PolicySpec[] = [{}, { retryStatuses: [408, 409, 425, 429, 999, '5xx'] }];
  for (const spec of policies) {
    const policy = { maxRetries: 1, baseDelayMs: 5, jitter: 'none', ...spec } as const;
    for (const headers of fields) {
      // The constructor of Response takes no status above 599, but a server may send it.
      const answer = (): Response =>
        Object.defineProperty(new Response('x', { headers }), 'status', { value: status });
      const byFetch = await outcome((options) =>
        retryFetch(policy, { ...options, fetch: async (_input: unknown) => answer() })('http://x.test/'),
      );
      const byRetry = await outcome((options) =>
        retry(() => Promise.reject(answer()), policy, { ...options, classify: classifyFailure }),
      );
      expect([status, headers, byRetry]).toEqual([status, headers, byFetch]);
    }
  }
});
