import { httpRequest } from './http-request.ts'
import { runCommand } from './run-command.ts'
import { runPlaywright } from './run-playwright.ts'
import { runPytest } from './run-pytest.ts'
import { runVitest } from './run-vitest.ts'

export const builtInTools = [runVitest, runPytest, runPlaywright, runCommand, httpRequest] as const
