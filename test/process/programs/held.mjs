import { retry } from '../../../dist/index.js';

let attempts = 0;
void retry(
  () => {
    if (++attempts < 3) throw new Error('boom');
  },
  { baseDelayMs: 20 },
).then(() => console.log('done'));
console.log('waiting');
