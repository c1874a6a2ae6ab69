import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { definePolicy } from '../../src/index.js';
import { checkSchedule, type LawName, type ScheduleCheck } from '../../src/testing/index.js';
import { judge } from './judge.js';
import { peers } from './peers.js';
import { claims, pgBossDelays, settings } from './pg-boss.js';
import { type Judged, verifiedPeers } from './table.js';

const root = new URL('../../', import.meta.url);
const judged: Judged[] = [];

function write(library: string, setting: string, check: ScheduleCheck): void {
  const folder = library === 'ostinato' ? '' : `node_modules/${library}/`;
  const { version } = JSON.parse(readFileSync(new URL(`${folder}package.json`, root), 'utf8')) as {
    version: string;
  };
  judged.push({ library, version, setting, violations: check.violations });
}

const broken = (library: string, words: string): LawName[] =>
  judged
    .filter((row) => row.library === library && row.setting.includes(words))
    .flatMap(({ violations }) => violations.map(({ law }) => law));

beforeAll(async () => {
  for (const peer of peers) write(peer.library, peer.setting, await judge(peer, { seed: 1 }));

  const retries = Array.from({ length: 12 }, (_, index) => index + 1);
  const delays = await pgBossDelays(retries.length);
  let asked = 0;
  const delay = (retry: number): number => delays[retry - 1]![asked++ % delays[retry - 1]!.length]!;
  const { retryDelay, retryDelayMax } = settings;
  write(
    'pg-boss',
    `retryBackoff, retryDelay ${retryDelay} s, retryDelayMax ${retryDelayMax} s, in PostgreSQL`,
    checkSchedule({ ...claims, delay }, { seed: 1, retries }),
  );

  for (const jitter of ['none', 'full', 'equal', [1, 1.25]] as const) {
    const policy = definePolicy({ baseDelayMs: 100, maxDelayMs: 1_000, jitter });
    const setting = `jitter ${JSON.stringify(jitter)}, baseDelayMs 100, maxDelayMs 1000`;
    write('ostinato', setting, checkSchedule(policy, { seed: 1 }));
  }
  const decorrelated = definePolicy({ backoff: 'decorrelated', baseDelayMs: 100, maxDelayMs: 1_000 });
  write(
    'ostinato',
    'decorrelated, baseDelayMs 100, maxDelayMs 1000',
    checkSchedule(decorrelated, { seed: 1 }),
  );
}, 600_000);

afterAll(() => writeFileSync(new URL('docs/verified-peers.md', root), verifiedPeers(judged)));

test('finds the jitter that collapses at the cap', () => {
  expect(broken('p-retry', 'randomize')).toContain('spread-at-cap');
  expect(broken('retry', 'randomize')).toContain('spread-at-cap');
  expect(broken('async-retry', '')).toContain('spread-at-cap');
  expect(broken('ky', '')).toContain('spread-at-cap');
  expect(broken('cockatiel', 'default')).toContain('spread-at-cap');
  expect(broken('effect', 'min([jittered')).toContain('spread-at-cap');
  expect(broken('pg-boss', '')).toContain('spread-at-cap');
});

test('finds the jitter that goes over the cap', () => {
  expect(broken('got', '')).toContain('within-cap');
  expect(broken('effect', 'jittered(min')).toContain('within-cap');
});

test('finds the delays that are past all numbers', () => {
  const rows = judged.filter(({ library }) => library === 'bullmq');
  const retries = rows.flatMap(({ violations }) => violations.map(({ law, retry }) => ({ law, retry })));
  expect(retries).toEqual([
    { law: 'finite', retry: 1_016 },
    { law: 'finite', retry: 1_016 },
  ]);
});

test('acquits full jitter of exponential-backoff and of the AWS strategy', () => {
  expect(broken('exponential-backoff', 'full')).toEqual([]);
  expect(broken('@smithy/util-retry', '')).toEqual([]);
});

test('acquits what this library makes of the same question', () => {
  expect(broken('ostinato', '')).toEqual([]);
});
