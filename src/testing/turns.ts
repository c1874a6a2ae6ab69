/** A message must not arrive before this many microtasks have run. On Deno a second message arrives after 2 to 3. */
const fewMicrotasks = 50;

/** How many microtasks `Turns` lets run where the platform offers nothing that comes after all of them. */
const manyMicrotasks = 1_000;

/** The timers at the time of import. Tests often install fake timers later. */
const imported = { setImmediate: globalThis.setImmediate, setTimeout: globalThis.setTimeout };

/** A `MessageChannel` whose messages arrive before all microtasks have run. */
let hastyChannel: typeof MessageChannel | undefined;

/**
 * Waits for turns of the event loop: when a turn is over, every pending microtask has run.
 *
 * Prefers messages, because no library of fake timers replaces them and because they take no time. Where messages are
 * missing or arrive too early, it uses the real `setImmediate` or `setTimeout`; where all are missing or fake, it waits
 * for 1 000 microtasks.
 */
export class Turns {
  #channel: MessageChannel | undefined;

  /** Resolves when the microtasks that are pending now, and those that they start, have run. */
  async next(): Promise<void> {
    if (await this.#message()) return;
    const later = realTimer('setImmediate') ?? realTimer('setTimeout');
    if (later) await new Promise<void>((resolve) => void later(resolve, 0));
    else await microtasks(manyMicrotasks);
  }

  /** Closes the channel, because an open port keeps a Node or Deno process alive. `next` opens another one. */
  close(): void {
    this.#channel?.port1.close();
    this.#channel = undefined;
  }

  /** Waits for a message. Resolves with false if there are no messages, or if this one came before all microtasks. */
  async #message(): Promise<boolean> {
    // Read at each use: test environments install and remove it.
    const Channel = globalThis.MessageChannel as typeof MessageChannel | undefined;
    if (typeof Channel !== 'function' || Channel === hastyChannel) return false;
    try {
      this.#channel ??= new Channel();
    } catch {
      // Some test environments define it only to say that it is not implemented.
      return false;
    }
    const { port1, port2 } = this.#channel;
    let isHere = false;
    const arrived = new Promise<void>((resolve) => {
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- every polyfill has it, and it needs no `start()`
      port1.onmessage = () => {
        isHere = true;
        resolve();
      };
    });
    port2.postMessage(undefined);
    const isLate = await microtasks(fewMicrotasks, () => isHere);
    await arrived;
    if (isLate) return true;
    hastyChannel = Channel;
    this.close();
    return false;
  }
}

/** Lets this many microtasks run. Stops earlier, and resolves with false, when `isOver` returns true. */
async function microtasks(count: number, isOver = (): boolean => false): Promise<boolean> {
  for (let run = 0; run < count; run++) {
    if (isOver()) return false;
    // oxlint-disable-next-line no-await-in-loop -- each one must run before the next
    await Promise.resolve();
  }
  return true;
}

type Timer = (fire: () => void, ms: number) => unknown;

/** The platform's own timer function, if there is one and it is not known to be fake. */
function realTimer(name: 'setImmediate' | 'setTimeout'): Timer | undefined {
  const candidates: readonly unknown[] = [imported[name], globalThis[name]];
  return candidates.find((timer): timer is Timer => typeof timer === 'function' && !isFake(timer));
}

/** Recognises the fake timers of sinon, vitest and jest (`clock`), of jest's legacy mode, and of node:test (a private method). */
const isFake = (timer: object): boolean =>
  'clock' in timer ||
  '_isMockFunction' in timer ||
  (timer as { name?: string }).name?.startsWith('bound #') === true;
