import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const demo = (...options: string[]): { status: number | null; stdout: string } =>
  spawnSync(process.execPath, [...options, 'demo/demo.mjs'], { encoding: 'utf8', timeout: 110_000 });

test('the demo runs as told, in 80 columns, and without colours where nobody asked for them', () => {
  const { status, stdout } = demo();
  expect(status, stdout).toBe(0);
  expect(stdout).not.toContain('\u001B');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(stdout).toContain('5 attempts');
}, 120_000);

test('the demo fails if anything goes otherwise than told', () => {
  const isWellBehaved = 'data:text/javascript,globalThis.fetch = async () => new Response("hello")';
  expect(demo('--import', isWellBehaved).status).toBe(1);
}, 120_000);
