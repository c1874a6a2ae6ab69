import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'http/index': 'src/http/index.ts',
    'queues/pg-boss': 'src/queues/pg-boss/index.ts',
    'queues/graphile-worker': 'src/queues/graphile-worker/index.ts',
    'queues/postgres': 'src/queues/postgres/index.ts',
    'queues/bullmq': 'src/queues/bullmq/index.ts',
    'testing/index': 'src/testing/index.ts',
    'testing/fast-check': 'src/testing/fast-check.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  dts: true,
  clean: true,
  sourcemap: true,
  // Without splitting each CJS entry would hold its own copy of the core: marks and reports would not meet.
  splitting: true,
});
