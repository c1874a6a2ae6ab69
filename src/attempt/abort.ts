/** The listeners of this library on one signal, behind the one listener that the signal knows. */
interface Audience {
  readonly members: Set<() => void>;
  readonly listener: () => void;
}

// Thousands of calls may share a signal (a server's shutdown). A listener for each would make Node warn of a leak.
const audiences = /* @__PURE__ */ new WeakMap<AbortSignal, Audience>();

/**
 * Calls `onAbort` when the signal is aborted. Returns a function that ends this; it may be called more than once, and
 * does not throw. However many watch a signal, it carries one listener, and none after the last has left.
 *
 * @throws what `addEventListener` of a foreign signal throws.
 */
export function watch(signal: AbortSignal, onAbort: () => void): () => void {
  const { members, listener } = audiences.get(signal) ?? newAudience(signal);
  // Has no effect on a signal that has this listener already.
  signal.addEventListener('abort', listener);
  members.add(onAbort);
  return () => {
    if (!members.delete(onAbort) || members.size) return;
    try {
      signal.removeEventListener('abort', listener);
    } catch {
      // A foreign signal that keeps its listener: the listener has no members.
    }
  };
}

/** A function of its own, so that the listener shares no scope with the first member, and does not keep it alive. */
function newAudience(signal: AbortSignal): Audience {
  const members = new Set<() => void>();
  // A function and not an object: some polyfills take no other listener.
  const audience = { members, listener: () => members.forEach((member) => member()) };
  audiences.set(signal, audience);
  return audience;
}

/** What a call rejects with after an abort: `signal.reason`, or an `AbortError` if the signal (an old polyfill) has none. */
export function reasonOf(signal: AbortSignal): unknown {
  try {
    if ('reason' in signal) return signal.reason;
  } catch {
    // A foreign getter that throws gives no reason.
  }
  return Object.assign(new Error('The operation was aborted'), { name: 'AbortError' });
}
