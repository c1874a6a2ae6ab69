import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';
import { missing } from '../servers/service.js';
import { writeRecipes } from './recipes.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why the packages of this folder could not be installed; undefined if they are there. */
    readonly missingPackages: string | undefined;
  }
}

const root = resolve(import.meta.dirname, '../..');
const modules = join(import.meta.dirname, 'node_modules');
const lockfile = join(import.meta.dirname, 'package-lock.json');
/** A copy of the lockfile that was installed. */
const installed = join(modules, '.installed.json');

/**
 * Installs the packages of this folder where they are missing or the lockfile has changed, puts the built package beside
 * them, and writes the recipes of the documentation to files. Where the registry cannot be reached the tests are
 * skipped, and say so; with REQUIRE_SERVICES=1 the run fails.
 */
export default function setup({ provide }: TestProject): void {
  if (!existsSync(join(root, 'dist/index.js'))) throw new Error('There is no build to test: npm run build');
  provide('missingPackages', install());
  linkOurs();
  writeRecipes();
}

function install(): string | undefined {
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(lockfile, 'utf8')) {
    return undefined;
  }
  console.log('\nInstalling the packages of test/integrations, once: about 150 MB\n');
  const { status, stderr, error } = spawnSync(
    'npm',
    ['ci', `--prefix=${import.meta.dirname}`, '--ignore-scripts', '--no-audit', '--no-fund'],
    { cwd: import.meta.dirname, encoding: 'utf8' },
  );
  if (status !== 0) {
    return missing(
      `no package of test/integrations: npm ci said ${stderr.split('\n', 3).join(' ') || String(error)}`,
    ).missing;
  }
  stubPrisma();
  copyFileSync(lockfile, installed);
  return undefined;
}

/** The declarations that `prisma generate` replaces; it would download an engine. */
function stubPrisma(): void {
  const stub = join(modules, '.prisma/client');
  mkdirSync(stub, { recursive: true });
  copyFileSync(join(modules, '@prisma/client/scripts/default-index.d.ts'), join(stub, 'default.d.ts'));
}

/** Makes `ostinato` the built package. Only its build is linked: a link to the whole repository would be a circle. */
function linkOurs(): void {
  const ours = join(modules, 'ostinato');
  mkdirSync(ours, { recursive: true });
  cpSync(join(root, 'package.json'), join(ours, 'package.json'));
  if (!existsSync(join(ours, 'dist'))) symlinkSync(join(root, 'dist'), join(ours, 'dist'), 'junction');
}
