// What people see of a TimeoutError, and what an uncaught one prints: `node timeout-error.mjs esm` or `cjs`.
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import * as esm from '../../../dist/index.js';

const cjs = createRequire(import.meta.url)('../../../dist/index.cjs');
const { retry } = process.argv[2] === 'cjs' ? cjs : esm;
const hangs = () => new Promise(() => {});
const error = await retry(hangs, { maxRetries: 0, attemptTimeoutMs: 5 }).catch((thrown) => thrown);
console.log(error.name, error.constructor.name, String(error), error instanceof Error);
console.log(inspect(error).split('\n')[0]);
console.log(error.stack.split('\n')[0]);
console.log(JSON.stringify(Object.keys(error)));
error.name = 'Renamed';
console.log(String(error), JSON.stringify(Object.keys(error)));

// Ends the process.
await retry(hangs, { maxRetries: 0, attemptTimeoutMs: 5 });
