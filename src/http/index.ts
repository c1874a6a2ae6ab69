export { classifyFailure } from './failure.js';
export type { Sent } from './failure/finding.js';
export { type Fetch, type RequestEvent, retryFetch, type RetryFetchOptions } from './fetch.js';
export { readRetryHint } from './hints.js';
export type { FetchContext, FetchLike, RequestHead } from './request-head.js';
export { requestSent } from './sent.js';
