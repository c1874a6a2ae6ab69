import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a server is started and asked to stop. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number | undefined;
  /** What it prints when clients may come. */
  readonly ready: RegExp;
  /** Stops it in order. */
  readonly stopSignal: 'SIGINT' | 'SIGTERM';
  /** Stops it as a crash does, nothing written that was not written before. */
  readonly crashSignal: 'SIGQUIT' | 'SIGKILL';
}

/** A server of our own, in a temporary folder; it does not outlive the process that started it. */
export class Server {
  #process: ChildProcess | undefined;

  constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly launch: Launch,
  ) {}

  async start(): Promise<void> {
    const { command, args, env, uid, ready, stopSignal } = this.launch;
    // A test run that is killed tears nothing down: on Linux the kernel does it for us.
    const guard = hasSetpriv() ? ['setpriv', '--pdeathsig', stopSignal.slice(3)] : [];
    const [program = command, ...rest] = [...guard, command, ...args];
    const child = spawn(program, rest, {
      cwd: this.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid !== undefined && { uid, gid: uid }),
    });
    this.#process = child;
    await printed(child, ready);
  }

  async crash(): Promise<void> {
    await this.#end(this.launch.crashSignal);
  }

  /** Stops it and removes its folder. */
  async stop(): Promise<void> {
    await this.#end(this.launch.stopSignal);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    // One that does not listen is not worth waiting for.
    const impatience = setTimeout(() => child.kill('SIGKILL'), 5_000).unref();
    await exit;
    clearTimeout(impatience);
  }
}

export const temporaryFolder = (name: string): string => mkdtempSync(join(tmpdir(), `ostinato-${name}-`));

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('No free port');
  return address.port;
}

/** Whether a program can be run: by its version. */
export const runs = (command: string, uid?: number, env?: NodeJS.ProcessEnv): boolean =>
  spawnSync(command, ['--version'], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  }).status === 0;

let setpriv: boolean | undefined;
const hasSetpriv = (): boolean => (setpriv ??= process.platform === 'linux' && runs('setpriv'));

async function printed(child: ChildProcess, ready: RegExp): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const impatience = setTimeout(
      () => reject(new Error(`Not ready after 30 s:\n${output}`)),
      30_000,
    ).unref();
    const settle = (how: () => void): void => {
      clearTimeout(impatience);
      how();
    };
    // Kept for as long as the server runs: a pipe nobody reads would fill up and block it.
    const read = (chunk: Buffer): void => {
      // The end is enough: clients that knock at the door of a starting server fill pages.
      output = (output + chunk.toString()).slice(-10_000);
      if (ready.test(output)) settle(resolve);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', (code) =>
      settle(() => reject(new Error(`Exit ${code} before it was ready:\n${output}`))),
    );
  });
}
