export { classifyFailure } from './failure.js';
export type { Sent } from './failure/finding.js';
export { retryFetch, type RetryFetchOptions } from './fetch.js';
export { readRetryHint } from './hints.js';
export type { FetchLike, RequestHead } from './request.js';
export { requestSent } from './sent.js';
