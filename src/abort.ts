/** Something that wants to know when a signal is aborted. */
export interface Abortable {
  aborted(reason: unknown): void;
}

/** All of ours who watch one signal: a listener by itself. */
class Audience extends Set<Abortable> {
  handleEvent(event: Event): void {
    for (const member of this) member.aborted((event.target as AbortSignal).reason);
  }
}

// Thousands of calls may share a signal (a server's shutdown), and a listener each would make Node warn of a leak. So
// there is one listener of ours on a signal, and none when the last call has left.
const audiences = /* @__PURE__ */ new WeakMap<AbortSignal, Audience>();

/** Tells `member` when the signal is aborted, unless `unwatch` comes first. */
export function watch(signal: AbortSignal, member: Abortable): void {
  let audience = audiences.get(signal);
  if (!audience) audiences.set(signal, (audience = new Audience()));
  if (audience.add(member).size === 1) signal.addEventListener('abort', audience);
}

/** Leaves; without effect on who does not watch the signal. */
export function unwatch(signal: AbortSignal, member: Abortable): void {
  const audience = audiences.get(signal);
  if (audience?.delete(member) && audience.size === 0) signal.removeEventListener('abort', audience);
}
