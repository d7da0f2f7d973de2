/**
 * The runner of `run_playwright`: a process of its own that reads a script from its input and performs it in a
 * browser (PW-3).
 *
 *     stdin ──script──▶ runner ──▶ browser
 *                         └──▶ ARTIFACT_DIR/ui/   steps.json, step_000.png …, trace.zip
 *
 * `steps.json` is written after every step, so that what was done before a time limit is known after it.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import type { Page } from 'playwright-core'
import type { Action, Progress, Script, Step } from './actions.ts'
import { launched } from './browser.ts'
import { address, perform } from './perform.ts'

const OPEN_MS = 30_000
const SCREENSHOT_MS = 10_000

const ui = join(process.env.ARTIFACT_DIR ?? '.', 'ui')
const script = (await json(process.stdin)) as Script
const steps: Step[] = []
const progress: { -readonly [Part in keyof Progress]: Progress[Part] } = {
  ...{ not_started: null, not_opened: null, steps, trace: null },
}

// Playwright closes its browser then, but leaves the process to go on.
process.once('SIGTERM', () => process.exit(143))

await mkdir(ui, { recursive: true })
await run()
await tell()
process.exitCode = progress.not_opened === null && steps.length > 0 && steps.every(({ ok }) => ok) ? 0 : 1

async function run(): Promise<void> {
  const browser = await launched(script).catch((fault) => {
    progress.not_started = reasonOf(fault)
  })
  if (browser === undefined) return
  try {
    const context = await browser.newContext()
    if (script.enable_tracing) await context.tracing.start({ screenshots: true, snapshots: true })
    const page = await context.newPage()
    await open(page)
    // A step that failed does not keep the others from being tried.
    for (const [index, action] of script.actions.entries()) {
      steps.push(await stepOf(page, action, index))
      await tell()
    }
    if (script.enable_tracing) {
      await context.tracing.stop({ path: join(ui, 'trace.zip') })
      progress.trace = 'trace.zip'
    }
  } finally {
    await browser.close()
  }
}

async function open(page: Page): Promise<void> {
  if (script.base_url === null) return
  try {
    await page.goto(address(script.base_url), { timeout: OPEN_MS })
  } catch (fault) {
    progress.not_opened = reasonOf(fault)
  }
}

async function stepOf(page: Page, action: Action, step_index: number): Promise<Step> {
  const begun = performance.now()
  const error_message = await perform(page, action).then(() => null, reasonOf)
  const duration_ms = Math.round(performance.now() - begun)
  const name = `step_${String(step_index).padStart(3, '0')}.png`
  const screenshot = await page.screenshot({ path: join(ui, name), fullPage: true, timeout: SCREENSHOT_MS }).then(
    () => name,
    () => null,
  )
  process.stdout.write(`${step_index} ${action.type}: ${error_message ?? 'ok'}\n`)
  return { step_index, type: action.type, ok: error_message === null, error_message, duration_ms, screenshot }
}

/** Whole or not at all: the time limit may come at any moment. */
async function tell(): Promise<void> {
  const path = join(ui, 'steps.json')
  await writeFile(`${path}.part`, JSON.stringify(progress))
  await rename(`${path}.part`, path)
}

/** What Playwright says first; its log of calls follows, in colours. */
function reasonOf(fault: unknown): string {
  const text = fault instanceof Error ? fault.message : String(fault)
  return (text.split('\n', 1)[0] ?? '').slice(0, 500)
}
