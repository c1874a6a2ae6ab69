import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'json-summary'],
      // The rules of retrying. Each line and each branch of them is there for a test that fails without it.
      thresholds: {
        'src/{policy,verdict}/*.ts': { 100: true },
        'src/{attempt,time}/*.ts': { 100: true },
        'src/{check-options,decide,decider,random,realm,retry,show,with-retry}.ts': { 100: true },
      },
    },
    projects: [
      {
        // Everything that needs neither a build nor a server.
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{process,package,docs,servers,integrations}/**'],
          testTimeout: 30_000,
        },
      },
      {
        // What only a whole process shows: whether it ends, what it holds, what it warns of. Against the build.
        test: {
          name: 'process',
          include: ['test/process/**/*.test.ts'],
          globalSetup: ['test/process/built.ts'],
          testTimeout: 90_000,
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
        // The recipes of the documentation with the real packages, which have a lockfile of their own. Each file starts the
        // servers it needs.
        test: {
          name: 'integrations',
          include: ['test/integrations/*.test.ts'],
          globalSetup: ['test/integrations/setup.ts'],
          sequence: { groupOrder: 2 },
          fileParallelism: false,
          testTimeout: 45_000,
          hookTimeout: 60_000,
        },
      },
      {
        // README and docs, against the built package.
        test: { name: 'docs', include: ['test/docs/**/*.test.ts'], sequence: { groupOrder: 1 } },
      },
      {
        // The packed package in blank projects; after the servers, whose jobs should not wait for compilers.
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          globalSetup: ['test/package/setup.ts'],
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
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
