import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, inject, test } from 'vitest';

const missing = inject('missingPackages');

test.skipIf(missing)(
  'every recipe and every test compiles against the packages and the build',
  () => {
    const compiler = resolve('node_modules/@typescript/native/bin/tsc');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [compiler, '--noEmit', '--project', import.meta.dirname],
      { encoding: 'utf8' },
    );
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' });
  },
  120_000,
);
