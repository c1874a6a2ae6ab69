import { defineConfig } from 'tsup';
import { entries } from './scripts/entries.js';

export default defineConfig({
  entry: Object.fromEntries(entries.map(({ file, source }) => [file, source])),
  format: ['esm', 'cjs'],
  target: 'es2022',
  dts: true,
  clean: true,
  sourcemap: true,
  // Without splitting each CJS entry would hold its own copy of the core: marks and reports would not meet.
  splitting: true,
});
