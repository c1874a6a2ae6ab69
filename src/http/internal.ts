// What the integrations of HTTP clients use of this entry point. Not public: users cannot import it.
export { askedOnce } from './asked-once.js';
export { type Idempotent, judgeError, mayRepeat } from './repeat.js';
export type { RequestHead } from './request-head.js';
export { discard, OutgoingRequest } from './request.js';
export { judgeResponse } from './response.js';
