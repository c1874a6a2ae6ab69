// A table of the realm, under a registered symbol: so copies of this package (ESM beside CJS) share it.
const RESPONSES: unique symbol = /* @__PURE__ */ Symbol.for('ostinato.responses');

/** The response that a failure is about. */
export interface FoundResponse {
  readonly status: number | undefined;
  readonly headers: unknown;
}

type Table = { [RESPONSES]?: WeakMap<object, FoundResponse> };

/** Keeps the response that `ostinato/http` has found in an error, so that the policy of the call judges its status. */
export function keepResponse(error: object, response: FoundResponse): void {
  ((globalThis as Table)[RESPONSES] ??= new WeakMap()).set(error, response);
}

export const keptResponse = (error: object): FoundResponse | undefined =>
  (globalThis as Table)[RESPONSES]?.get(error);
