import { conformance } from './conformance.js';

conformance('table on pg', { worstP99Ms: 100, kills: 23 });
