/** A request body that can be read only once, and whether it has been. */
export interface NotedBody {
  /** To be sent instead of the body. */
  readonly body: unknown;
  readonly isUnread: () => boolean;
}

/** Notes when a stream or an iterable is read: until then it can still be sent by another attempt. */
export function noted(body: any): NotedBody {
  if (typeof body?.pipe === 'function') return { body, isUnread: () => body.readableDidRead === false };
  const iterate = body?.[Symbol.asyncIterator] ?? body?.[Symbol.iterator];
  if (typeof iterate !== 'function') return { body, isUnread: () => false };
  let isUnread = true;
  const iterable = {
    async *[Symbol.asyncIterator](): AsyncGenerator {
      isUnread = false;
      yield* body;
    },
  };
  return { body: iterable, isUnread: () => isUnread };
}
