import type { Cases } from '../cases.ts'

export const counterCases: Cases = {
  starts: { 'a counter': { input: { note: '' } } },
  says: { counted: [{ by: 1 }, { by: 0 }] },
}
