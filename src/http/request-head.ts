/** The third argument that a `fetch` of the caller gets. */
export interface FetchContext {
  /** The number of the attempt, counted from 1. */
  readonly attempt: number;
}

/** What `fetch` is called with; wide, so that undici's own `fetch` and its classes fit as well. */
export type FetchLike = (input: any, init: any, context: FetchContext) => Promise<any>;

/** A request, for `idempotent`. */
export interface RequestHead {
  /** In upper case. */
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** The body in `init` if it is a string, else undefined. */
  readonly body: string | undefined;
}
