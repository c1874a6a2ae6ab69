import { once } from 'node:events';
import { writeFileSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { blocksOf } from './blocks.js';

test('the first program of the README gets its answer from a server that fails twice', async () => {
  const first = blocksOf('README.md')[0]!.code.trim();
  expect(first.split('\n').filter((line) => line !== '').length).toBeLessThanOrEqual(8);

  let requests = 0;
  const server = createServer((_, response) => {
    response.statusCode = ++requests < 3 ? 503 : 200;
    response.end('{"name":"Ada"}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const folder = resolve('.cache/docs/first');
    mkdirSync(folder, { recursive: true });
    const file = resolve(folder, 'first.mts');
    writeFileSync(file, first.replace('https://api.example.com', `http://127.0.0.1:${port}`));
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', file]);
    expect(stdout).toBe('Ada\n');
    expect(requests).toBe(3);
  } finally {
    server.close();
  }
}, 30_000);
