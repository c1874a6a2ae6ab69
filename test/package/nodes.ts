import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface NodeVersion {
  readonly path: string;
  readonly version: string;
}

/** The Node the scripts run on, and the one of the machine: on a machine of ours that is the oldest one supported. */
export const nodes: readonly NodeVersion[] = [process.execPath, ofMachine()]
  .filter((path) => path !== undefined)
  .map((path) => ({ path, version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim() }));

function ofMachine(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join('node_modules', '.bin')))
    .map((folder) => join(folder, process.platform === 'win32' ? 'node.exe' : 'node'))
    .find((path) => existsSync(path));
}
