import { runCommand } from './run-command.ts'
import { runPytest } from './run-pytest.ts'
import { runVitest } from './run-vitest.ts'

export const builtInTools = [runVitest, runPytest, runCommand] as const
