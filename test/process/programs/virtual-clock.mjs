// A virtual clock leaves no port open: this program ends although it never exits, and closes nothing.
import assert from 'node:assert/strict';
import { retry } from '../../../dist/index.js';
import { virtualClock } from '../../../dist/testing/index.js';

const fail = () => Promise.reject(new Error('down'));
const clock = virtualClock();
await assert.rejects(clock.runAll(retry(fail, { maxRetries: 3 }, { clock, onRetry: async () => {} })));
await clock.advance(1_000);
// This one is never settled. It must not keep the process alive either.
void clock.runAll(new Promise(() => {}));
setTimeout(() => {
  assert.ok(!process.getActiveResourcesInfo().includes('MessagePort'));
  console.log('ended');
}, 50);
