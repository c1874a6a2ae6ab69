import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { namesOf } from '../../../src/queues/graphile-worker/names.js';
import { statements } from '../../../src/queues/graphile-worker/statements.js';

const queues = join(import.meta.dirname, '../../../src/queues');

test('graphile-worker’s private tables are touched by six statements, all in one file', () => {
  const sql = Object.entries(statements(namesOf({})));
  expect(sql.filter(([, text]) => text.includes('_private_')).map(([name]) => name)).toEqual([
    'retry',
    'due',
    'bury',
    'done',
    'free',
    'sweep',
  ]);
  const files = readdirSync(queues, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const touching = files.filter((name) => readFileSync(join(queues, name), 'utf8').includes('_private_'));
  expect(touching).toEqual([join('graphile-worker', 'statements.ts')]);
});

test('every name is quoted wherever it stands', () => {
  const evil = 'x"; drop table jobs; --';
  const texts = Object.values(statements({ worker: evil, history: evil, dead: evil, pools: evil }));
  for (const text of texts) expect(text.replaceAll('"x""; drop table jobs; --"', '')).not.toContain('drop');
});
