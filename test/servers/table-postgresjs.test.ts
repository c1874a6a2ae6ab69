import { conformance } from './conformance.js';

conformance('table on postgres.js', { worstP99Ms: 100, kills: 23 });
