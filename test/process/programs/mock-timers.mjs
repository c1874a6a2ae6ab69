// What is tested with the mock timers of node:test, which replace timers and Date but not `performance`.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

const settle = async () => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
};

const fails = (times) => {
  let calls = 0;
  return async () => {
    if (++calls <= times) throw new Error('boom');
    return calls;
  };
};

export function testWithMockTimers({ retry, reportOf }) {
  const policy = { backoff: [1_000, 1_000], jitter: 'none' };

  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setImmediate', 'Date'] }));
  afterEach(() => mock.timers.reset());

  // The same twice: the second time the timers are others, and nobody may wait for those of the first time.
  for (const round of ['first', 'second']) {
    void test(`calls that share a tick go on when it is reached, the ${round} time`, async () => {
      const settled = [];
      for (let call = 0; call < 10; call++) void retry(fails(2), policy).then((calls) => settled.push(calls));
      await settle();
      for (const expected of [0, 10]) {
        // One millisecond more than the delay: calls that began in two different ones are all due then.
        mock.timers.tick(1_000);
        mock.timers.tick(1);
        await settle();
        assert.equal(settled.length, expected);
      }
      assert.deepEqual(new Set(settled), new Set([3]));
    });

    void test(`calls that are left waiting keep nobody from going on, the ${round} time`, async () => {
      // As if both tests ran in the same millisecond.
      const { mock: frozen } = mock.method(performance, 'now', () => 1_234_567.25);
      try {
        let isDone = false;
        void retry(fails(1), policy).then(() => (isDone = true));
        await settle();
        mock.timers.tick(1_000);
        await settle();
        assert.equal(isDone, true);
        // This one waits for ever: its timer goes with the mock.
        void retry(fails(1), policy);
        await settle();
      } finally {
        frozen.restore();
      }
    });
  }

  void test('a report after the mock does not begin in its time', async () => {
    let nowMs = 1_000;
    const { mock: ours } = mock.method(performance, 'now', () => (nowMs += 0.01));
    try {
      // So fast that not each of them looks at the clock.
      for (let call = 0; call < 5; call++) await retry(() => call);
      mock.timers.reset();
      nowMs += 60_000;
      const error = new Error('boom');
      await assert.rejects(retry(() => Promise.reject(error), { maxRetries: 0 }));
      assert.equal(reportOf(error).elapsedMs, 0);
    } finally {
      ours.restore();
    }
  });
}
