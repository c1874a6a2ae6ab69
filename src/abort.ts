/** Something that wants to know when a signal is aborted. */
export interface Abortable {
  aborted(reason: unknown): void;
}

// Who listens to a signal of the caller's. Thousands of calls may share one (a server's shutdown), and a listener each
// would make Node warn about a leak: so there is one listener of ours, and it is gone with the last of them.
const audiences = /* @__PURE__ */ new WeakMap<
  AbortSignal,
  { readonly members: Set<Abortable>; leave(): void }
>();

/** Tells `member` when the signal is aborted, once, unless `unwatch` comes first. */
export function watch(signal: AbortSignal, member: Abortable): void {
  const audience = audiences.get(signal);
  if (audience) {
    audience.members.add(member);
    return;
  }
  const members = new Set([member]);
  const tell = (): void => {
    for (const each of members) each.aborted(signal.reason);
  };
  signal.addEventListener('abort', tell, { once: true });
  audiences.set(signal, { members, leave: () => signal.removeEventListener('abort', tell) });
}

/** Leaves; without effect where the member does not watch the signal. */
export function unwatch(signal: AbortSignal, member: Abortable): void {
  const audience = audiences.get(signal);
  if (!audience?.members.delete(member) || audience.members.size > 0) return;
  audience.leave();
  audiences.delete(signal);
}
