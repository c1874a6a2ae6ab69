import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../src');
const queues = join(root, 'queues');

const files = readdirSync(queues, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(queues, name));

const imports = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'/gm)].map(
    ([, from = '']) => ({
      file: relative(root, file),
      from: from.startsWith('.') ? relative(root, resolve(file, '..', from)) : from,
    }),
  ),
);

/** Which adapter a file belongs to, if it is not shared. */
const adapter = (path: string): string | undefined =>
  /^queues\/([^/]+)\//.exec(path.split(sep).join('/'))?.[1];

test('no adapter imports its host, nor anything else that is not ours', () => {
  expect(imports.length).toBeGreaterThan(20);
  expect(imports.filter(({ from }) => !/^(queues|index\.js|internal\.js)/.test(from))).toEqual([]);
});

test('no adapter imports another, and what they share imports none', () => {
  const crossing = imports.filter(
    ({ file, from }) => adapter(from) !== undefined && adapter(file) !== adapter(from),
  );
  expect(crossing).toEqual([]);
});
