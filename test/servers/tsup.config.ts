import { defineConfig } from 'tsup';

/** What runs in plain Node: worker processes of the conformance suite, and the demo that starts a server. */
export default defineConfig({
  entry: {
    child: 'test/servers/child.ts',
    postgres: 'test/servers/postgres.ts',
    redis: 'test/servers/redis.ts',
  },
  outDir: '.cache/servers',
  format: 'esm',
  outExtension: () => ({ js: '.mjs' }),
  target: 'node20',
  dts: false,
  clean: true,
  skipNodeModulesBundle: true,
  config: false,
});
