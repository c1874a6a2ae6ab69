/**
 * Whether a 409 means that the first request with the same Idempotency-Key is still being worked on, so that the answer
 * comes later (draft-ietf-httpapi-idempotency-key-header). Without the key it is a conflict, which stays.
 */
export const isStillWorkedOn = (status: number, method: string, key: string | null | undefined): boolean =>
  status === 409 && /^(?:POST|PATCH)$/i.test(method) && Boolean(key);
