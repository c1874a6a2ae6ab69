import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { entries } from './entries.js';

const project = join(inject('blank'), 'typed');

/** What users write, and what must not compile. */
const consumer = `
  import { definePolicy, presets, reportOf, retry, schedule, withRetry } from 'ostinato';
  import type { Report, RetryPolicy, Verdict } from 'ostinato';
  import { processor } from 'ostinato/bullmq';
  import { task } from 'ostinato/graphile-worker';
  import { readRetryHint, retryFetch } from 'ostinato/http';
  import { work } from 'ostinato/pg-boss';
  import { tableQueue } from 'ostinato/postgres';
  import { assertSchedule, virtualClock } from 'ostinato/testing';

  const policy: RetryPolicy = definePolicy({ maxRetries: 3, backoff: [100, 200], jitter: 'full' }, presets.aggressive);
  const count: Promise<number> = retry(({ attempt, signal }) => (signal.aborted ? 0 : attempt), policy);
  const parse: (text: string) => Promise<{ id: number }> = withRetry(async (text: string) => ({ id: text.length }));
  const report: Report | undefined = reportOf(new Error('x'));
  const verdict: Verdict = { retryAfterMs: 100 };
  const longest: number | undefined = schedule(policy).at(-1)?.totalMaxMs;
  const get: typeof fetch = retryFetch(policy);
  const hint: number | undefined = readRetryHint({ 'retry-after': '1' });
  assertSchedule(policy);
  export { count, get, hint, longest, parse, processor, report, tableQueue, task, verdict, virtualClock, work };

  // @ts-expect-error a foreign name
  definePolicy({ maxAttempts: 3 });
  // @ts-expect-error a number is not a policy
  export const wrong: Promise<string> = retry(() => 'x', 3);
`;

/** Every entry point whose declarations need no other package. */
const everything = entries
  .filter(({ importsPeer }) => !importsPeer)
  .map(({ name }, index) => `export * as entry${index} from '${name}';`)
  .join('\n');

const withPeer = `
  import fc from 'fast-check';
  import type { RetryPolicy } from 'ostinato';
  import { arbitraryPolicy } from 'ostinato/testing/fast-check';
  export const policies: fc.Arbitrary<RetryPolicy> = arbitraryPolicy({ maxRetries: 3 });
`;

/** For either kind of decorators. */
const decorated = `
  import { retried } from 'ostinato/decorators';
  export class Client {
    @retried({ maxRetries: 1 })
    async get(path: string): Promise<string> {
      return path;
    }
    // @ts-expect-error the method would return a promise
    @retried()
    size(): number {
      return 1;
    }
  }
`;

const both = ['consumer.mts', 'consumer.cts', 'everything.mts', 'everything.cts'];

const resolutions = {
  node16: { module: 'node16', files: both },
  nodenext: { module: 'nodenext', files: both },
  bundler: { module: 'esnext', files: ['consumer.mts', 'everything.mts'] },
};

/** TypeScript 7 has it no more. */
const withNode10 = ['@typescript/v5.4', '@typescript/v5.9'];

beforeAll(() => {
  const types = join(project, 'node_modules/@types');
  mkdirSync(types, { recursive: true });
  symlinkSync(resolve('node_modules/@types/node'), join(types, 'node'), 'junction');
  writeFileSync(join(project, 'consumer.mts'), consumer);
  writeFileSync(join(project, 'consumer.cts'), consumer);
  writeFileSync(join(project, 'consumer.ts'), consumer);
  for (const kind of ['mts', 'cts', 'ts']) writeFileSync(join(project, `everything.${kind}`), everything);
  writeFileSync(join(project, 'decorated.mts'), decorated);
  writeFileSync(join(project, 'peer.mts'), withPeer);
});

describe.each(['@typescript/v5.4', '@typescript/v5.9', '@typescript/native'])('%s', (compiler) => {
  test.each(Object.entries(resolutions))(
    'accepts all declarations under %s',
    (moduleResolution, { module, files }) => {
      expect(errorsOf(compiler, files, { module, moduleResolution })).toBe('');
    },
  );

  if (withNode10.includes(compiler)) {
    test('finds every entry point under node10', () => {
      const options = { module: 'commonjs', moduleResolution: 'node10' };
      expect(errorsOf(compiler, ['consumer.ts', 'everything.ts'], options)).toBe('');
    });
  }

  test('accepts all declarations where Node is the only platform', () => {
    const options = { module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022'], types: ['node'] };
    expect(errorsOf(compiler, ['consumer.mts', 'everything.mts'], options)).toBe('');
  });

  test.each([true, false])('accepts decorators, experimental: %s', (experimentalDecorators) => {
    const options = { module: 'nodenext', moduleResolution: 'nodenext', experimentalDecorators };
    const emitDecoratorMetadata = experimentalDecorators;
    expect(errorsOf(compiler, ['decorated.mts'], { ...options, emitDecoratorMetadata })).toBe('');
  });

  test('accepts the arbitraries where fast-check is installed', () => {
    const options = { module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: true };
    expect(errorsOf(compiler, ['peer.mts'], options)).toBe('');
  });
});

/** What the compiler says of a project without any types but its own and the platform's; nothing is skipped. */
function errorsOf(compiler: string, files: readonly string[], options: object): string {
  const config = join(project, 'tsconfig.json');
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    strict: true,
    noEmit: true,
    ...options,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const tsc = resolve('node_modules', compiler, 'bin/tsc');
  const { stdout, stderr, error } = spawnSync(process.execPath, [tsc, '--project', config], {
    encoding: 'utf8',
  });
  if (error) throw error;
  return stdout + stderr;
}
