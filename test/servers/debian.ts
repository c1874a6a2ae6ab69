import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { runs } from './server.js';

export interface Program {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
  /** The folder that the packages were unpacked to. */
  readonly root: string;
}

/** A program in packages of Debian and Ubuntu. */
export interface Packaged {
  /** The name of a folder below `.cache`. */
  readonly name: string;
  /** The path in the packages. */
  readonly path: string;
  /** Those that hold the program and what it links to. */
  readonly packages: readonly string[];
}

const CACHE = resolve(import.meta.dirname, '../../.cache');

/**
 * Downloads the packages once and unpacks them into the cache; installs nothing. Throws, with the reason, where that
 * is not possible.
 */
export function fromDebian(packaged: Packaged): Program {
  const { name, packages } = packaged;
  const program = unpacked(packaged);
  if (program) return program;
  if (!runs('apt-get') || !runs('dpkg-deb')) throw new Error(`no ${name} here, and no apt-get to get it`);
  const root = join(CACHE, name);
  mkdirSync(root, { recursive: true });
  const apt = (...args: string[]): boolean =>
    spawnSync('apt-get', ['-o', 'APT::Sandbox::User=root', ...args], { cwd: root, stdio: 'ignore' })
      .status === 0;
  const download = (): boolean => apt('download', ...packages);
  if (!download() && !(apt('update') && download())) {
    throw new Error(`no ${name} here, and apt-get download failed`);
  }
  for (const file of readdirSync(root).filter((entry) => entry.endsWith('.deb'))) {
    spawnSync('dpkg-deb', ['-x', file, '.'], { cwd: root, stdio: 'ignore' });
    rmSync(join(root, file));
  }
  const fresh = unpacked(packaged);
  if (!fresh) throw new Error(`${join(root, packaged.path)}, unpacked from Debian's packages, does not run`);
  return fresh;
}

function unpacked({ name, path }: Packaged): Program | undefined {
  const root = join(CACHE, name);
  const command = join(root, path);
  const libraries = [join(root, 'usr/lib'), join(root, 'lib')]
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder).map((each) => join(folder, each)));
  const env = { LD_LIBRARY_PATH: libraries.join(delimiter) };
  return runs(command, undefined, env) ? { command, env, root } : undefined;
}
