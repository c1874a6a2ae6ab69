import { defineConfig } from 'vitest/config';

// What Stryker runs for every mutant (see docs/mutation.md): the tests of the core, without servers or builds. With
// fewer runs of each property: a mutant that needs a thousand of them to be seen is caught by none in ten anyway.
export default defineConfig({
  test: {
    include: [
      'test/*.test.ts',
      'test/{attempt,policy,verdict,model,retry}/**/*.test.ts',
      'test/properties/{decision,delays,policy-for,retry}.test.ts',
      'test/testing/lawful.test.ts',
    ],
    env: { PROPERTY_RUNS: '0.05' },
    testTimeout: 30_000,
  },
});
