/**
 * Whether a 409 to this request means that the first request with the same Idempotency-Key is still being processed, so
 * that its answer comes later (draft-ietf-httpapi-idempotency-key-header). Without the key it is a conflict that stays.
 */
export const isUnderWay = (method: string, key: string | null): boolean =>
  /^(?:POST|PATCH)$/i.test(method) && Boolean(key);
