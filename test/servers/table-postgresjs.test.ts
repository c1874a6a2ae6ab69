import { conformance } from './conformance.js';

conformance('table on postgres.js', { worstMs: 100, kills: 23 });
