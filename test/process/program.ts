import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Runs a program of `programs/` to its end, against the built package. */
export function runProgram(node: string, name: string, ...options: (string | string[])[]): Promise<Ending> {
  // Options of Node, and in a list the arguments of the program.
  const nodeOptions = options.filter((option) => typeof option === 'string');
  const args = options.filter((option) => typeof option !== 'string').flat();
  const program = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
  // Nothing of the test runner's, which has a mind of its own about promises and colours.
  const env = { PATH: process.env['PATH'] ?? '' };
  const startMs = performance.now();
  return new Promise((resolve) => {
    execFile(node, [...nodeOptions, program, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
      resolve({ code, stdout, stderr, tookMs: performance.now() - startMs });
    });
  });
}
