import { build } from 'esbuild';
import { builtinModules } from 'node:module';
import { gzipSync } from 'node:zlib';
import { atMost } from './harness/limits.mjs';

// What has to be imported to retry with it; `classifier`: it knows by itself which failures are worth a retry
// (HTTP statuses and network errors), as ours does.
const ENTRIES = {
  ostinato: { code: `export { retry } from 'ostinato'`, classifier: true },
  'p-retry': { code: `export { default } from 'p-retry'` },
  cockatiel: { code: `export { retry, handleAll, ExponentialBackoff } from 'cockatiel'` },
  'exponential-backoff': { code: `export { backOff } from 'exponential-backoff'` },
  'async-retry': { code: `export { default } from 'async-retry'` },
  '@lifeomic/attempt': { code: `export { retry } from '@lifeomic/attempt'` },
  'ts-retry-promise': { code: `export { retry } from 'ts-retry-promise'` },
  effect: {
    code: `export { retry, tryPromise, runPromise } from 'effect/Effect'; export { exponential } from 'effect/Schedule'`,
    classifier: true,
  },
  '@smithy/util-retry': {
    code: `export { StandardRetryStrategy } from '@smithy/util-retry'`,
    classifier: true,
  },
  // A plug-in and three clients: there is no retrying without the whole.
  'axios-retry': {
    code: `export { default as axiosRetry } from 'axios-retry'; export { default as axios } from 'axios'`,
    classifier: true,
  },
  ky: { code: `export { default } from 'ky'`, classifier: true },
  got: { code: `export { default } from 'got'`, classifier: true },
  undici: { code: `export { RetryAgent } from 'undici'`, classifier: true },
};
const WITH_CLASSIFIER = Object.keys(ENTRIES).filter(
  (name) => ENTRIES[name].classifier && name !== 'ostinato',
);

/** What does it cost to have it: the time to import it, and its weight in a bundle? */
export default {
  title: 'Import: time, and weight in a bundle (esbuild, minified, gzip -9)',
  unit: 'ms to import',
  columns: { minBytes: 'min, bytes', gzipBytes: 'gzip, bytes', classifier: 'classifier' },
  rounds: 3,
  contenders: Object.keys(ENTRIES),
  label: (contender) => contender,
  packageName: (contender) => contender,

  async measure(contender) {
    const { code, classifier = false } = ENTRIES[contender];
    const value = await msToImport(code);
    return { value, ...(await weight(code)), classifier };
  },

  mustReach(rows) {
    const row = (name) => rows.find(({ contender }) => contender === name);
    const least = (key) => Math.min(...WITH_CLASSIFIER.map((name) => row(name)[key]));
    const ours = row('ostinato');
    return [
      atMost('import time / least of those with a classifier', ours.value / least('value'), 1),
      atMost('gzip bytes / least of those with a classifier', ours.gzipBytes / least('gzipBytes'), 1),
    ];
  },
};

/** Imports the packages of an entry one after the other, in this process, which has imported none of them before. */
async function msToImport(code) {
  const names = [...code.matchAll(/from '([^']+)'/g)].map(([, name]) => name);
  const before = performance.now();
  for (const name of names) await import(name);
  return performance.now() - before;
}

async function weight(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    // As for a browser, where weight matters most and some packages are lighter.
    platform: 'browser',
    external: ['node:*', ...builtinModules],
    logLevel: 'error',
  });
  const bytes = outputFiles[0].contents;
  return { minBytes: bytes.length, gzipBytes: gzipSync(bytes, { level: 9 }).length };
}
