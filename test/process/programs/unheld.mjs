// The call with `unref` would wait for an hour. It is due together with one that holds the process for as long as it runs.
import { retry } from '../../../dist/index.js';

const hour = 3_600_000;
const never = () => new Promise(() => {});
const fail = () => Promise.reject(new Error('boom'));
const policy = { baseDelayMs: hour, maxDelayMs: hour, jitter: 'none' };

const controller = new AbortController();
void retry(fail, policy, { signal: controller.signal }).catch(() => console.log('held call done'));
void retry(fail, policy, { unref: true }).finally(() => console.log('the delay is over'));
void retry(never, { attemptTimeoutMs: hour }, { unref: true }).finally(() => console.log('cut off'));
console.log('waiting');
setTimeout(() => controller.abort(), 20);
