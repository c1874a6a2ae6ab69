import { existsSync } from 'node:fs';

/** These tests are about the package as it is built. */
export default function setup(): void {
  if (!existsSync('dist/index.js') || !existsSync('dist/index.cjs')) {
    throw new Error('There is no build to test: npm run build');
  }
}
