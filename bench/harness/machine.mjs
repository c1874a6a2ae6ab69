import { readFileSync } from 'node:fs';
import os from 'node:os';

/** What a reader needs to know to compare their figures with ours. */
export function machine() {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    os: `${os.type()} ${os.arch()}`,
    node: process.version,
    v8: process.versions.v8,
  };
}

const ROOT = new URL('../../', import.meta.url);

/** The installed version of a package, or of this one. */
export function versionOf(packageName) {
  const path = packageName === 'ostinato' ? 'package.json' : `node_modules/${packageName}/package.json`;
  return JSON.parse(readFileSync(new URL(path, ROOT), 'utf8')).version;
}
