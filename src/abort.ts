/** All of ours who want to know when one signal is aborted: a listener by itself. */
class Audience extends Set<() => void> {
  handleEvent(): void {
    for (const aborted of this) aborted();
  }
}

// Thousands of calls may share a signal (a server's shutdown), and a listener each would make Node warn of a leak. So
// there is one listener of ours on a signal, and none when the last call has left.
const audiences = /* @__PURE__ */ new WeakMap<AbortSignal, Audience>();

/** Calls `aborted` when the signal is aborted, unless what is returned is called before: that leaves, once or more often. */
export function watch(signal: AbortSignal, aborted: () => void): () => void {
  const audience = audiences.get(signal) ?? new Audience();
  audiences.set(signal, audience.add(aborted));
  // Without effect where it listens already.
  signal.addEventListener('abort', audience);
  return () => {
    if (audience.delete(aborted) && !audience.size) signal.removeEventListener('abort', audience);
  };
}
