import type { Cases } from '../cases.ts'

export const refusalCases: Cases = {
  starts: {
    'an event that was not taken': {
      input: {
        target_id: '01990000-0000-7000-8000-0000000000aa',
        target_machine: 'run',
        event_type: 'run.cancelled',
        code: 'RUN_NOT_CANCELLABLE',
        message: 'The run has ended',
        principal_id: 'alice',
      },
    },
  },
}
