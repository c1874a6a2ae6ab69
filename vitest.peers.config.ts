import { defineConfig } from 'vitest/config';

// `npm run verify:peers`: puts other libraries before the laws, and writes docs/verified-peers.md.
export default defineConfig({
  test: { include: ['test/peers/**/*.verify.ts'], testTimeout: 600_000, hookTimeout: 120_000 },
});
