// What the integrations of HTTP clients use of this entry point. Not public: users cannot import it.
export { type Idempotent, judgeError, mayRepeat } from './repeat.js';
export { discard, OutgoingRequest, type RequestHead } from './request.js';
export { judgeResponse } from './response.js';
