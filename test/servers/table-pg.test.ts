import { conformance } from './conformance.js';

conformance('table on pg', { worstMs: 100, kills: 23 });
