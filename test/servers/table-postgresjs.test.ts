import { conformance } from './conformance.js';

conformance('table on postgres.js');
