import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'json-summary'],
    },
    projects: [
      {
        // Everything that needs neither a build nor a server.
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{process,package,docs,servers}/**'],
          testTimeout: 30_000,
        },
      },
      {
        // Real queues on real servers, one after the other: they share two of them and the machine.
        test: {
          name: 'servers',
          include: ['test/servers/**/*.test.ts'],
          globalSetup: ['test/servers/services.ts'],
          fileParallelism: false,
          testTimeout: 45_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/**/*.test-d.ts'],
            checker: './node_modules/@typescript/native/bin/tsc',
          },
        },
      },
    ],
  },
});
