import { watch } from '../internal.js';

type Signal = AbortSignal | null | undefined;

/** The controllers that end bodies. Each is reachable for as long as its body, or the response, is. */
const controllers = /* @__PURE__ */ new WeakMap<object, AbortController>();
let collected: FinalizationRegistry<() => void> | undefined;

/**
 * The caller's signals. Not joined by `AbortSignal.any`: React Native, Safari before 17.4 and Node before 20.3 lack it,
 * and on Node 20 each joined signal stays on its sources forever.
 */
export class Signals {
  readonly #list: readonly AbortSignal[];

  constructor(...signals: readonly Signal[]) {
    this.#list = [...new Set(signals)].filter((signal) => signal !== null && signal !== undefined);
  }

  /** One signal for all, and a function that takes the listeners off again. */
  join(): { readonly signal: Signal; readonly leave: () => void } {
    const aborted = this.#list.find((signal) => signal.aborted);
    if (aborted || this.#list.length < 2) return { signal: aborted ?? this.#list[0], leave: () => {} };
    const controller = new AbortController();
    const leaves = this.#follow(() => controller);
    return { signal: controller.signal, leave: () => leaves.forEach((leave) => leave()) };
  }

  /**
   * From now on the signals end the body of a response, by the controller of its request, and nothing stays on them.
   *
   * A signal may live as long as the process, and a body does not tell when it has been read. So the body keeps the
   * controller, and the listener refers to it weakly. A body that was read, cancelled or dropped is collected with
   * its controller, and the registry then removes the listener. A platform without that registry has no streams to end.
   */
  endBodyOf(response: { readonly body?: unknown }, controller: AbortController): void {
    const { body } = response;
    if (typeof body !== 'object' || !body || typeof FinalizationRegistry === 'undefined') return;
    const aborted = this.#list.find((signal) => signal.aborted);
    if (aborted) return controller.abort(aborted.reason);
    controllers.set(response, controller).set(body, controller);
    collected ??= new FinalizationRegistry((leave) => leave());
    // A loop and no closure: a closure here would refer to the controller, and the listener shares its scope.
    for (const leave of this.#follow(weakly(controller))) collected.register(controller, leave);
  }

  #follow(controller: () => AbortController | undefined): (() => void)[] {
    return this.#list.map((signal) => watch(signal, () => controller()?.abort(signal.reason)));
  }
}

function weakly<T extends object>(value: T): () => T | undefined {
  const ref = new WeakRef(value);
  return () => ref.deref();
}
