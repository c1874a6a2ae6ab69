import { conformance } from './conformance.js';

conformance('bullmq on postgres');
