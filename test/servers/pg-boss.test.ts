import { conformance } from './conformance.js';

conformance('pg-boss');
