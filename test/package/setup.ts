import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder outside of the repository with nothing in it but the package, installed from its tarball. */
    readonly blank: string;
    /** What is in the tarball. */
    readonly packed: readonly string[];
    /** What has been installed with it. */
    readonly installed: readonly string[];
  }
}

/** Packs what was built, as it is, and installs it as users do. */
export default function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'ostinato-package-'));
  const pack = npm(process.cwd(), 'pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`);
  const [{ filename, files }] = JSON.parse(pack) as [{ filename: string; files: { path: string }[] }];
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  npm(folder, 'install', `--prefix=${folder}`, '--offline', '--ignore-scripts', join(folder, filename));

  provide('blank', folder);
  provide(
    'packed',
    files.map(({ path }) => path),
  );
  const modules = join(folder, 'node_modules');
  provide(
    'installed',
    readdirSync(modules).filter((name) => !name.startsWith('.')),
  );
  // The one peer that is imported at run time.
  symlinkSync(resolve('node_modules/fast-check'), join(modules, 'fast-check'), 'junction');
  return () => rmSync(folder, { recursive: true });
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
