export { classifyFailure } from './failure.js';
export type { Sent } from './failure/finding.js';
export { readRetryHint } from './hints.js';
export { requestSent } from './sent.js';
