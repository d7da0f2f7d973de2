/** A server in little: runs one tool through our own code until somebody ends one of them. */
import { runProcess } from '../../../src/runs/process/run-process.ts'
import { nodeCommand } from './support.ts'

const [text = '', owner = ''] = process.argv.slice(2)
await runProcess(nodeCommand(text, { owner }))
