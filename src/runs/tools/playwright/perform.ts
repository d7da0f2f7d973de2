import { setTimeout as pause } from 'node:timers/promises'
import type { Locator, Page } from 'playwright-core'
import type { Action, LocatorOfAction } from './actions.ts'

const LOOK_AGAIN_MS = 100

/** Does one action; what goes wrong, missing parts of the action included, is thrown with a reason. */
export async function perform(page: Page, action: Action): Promise<void> {
  const { timeout_ms: timeout } = action
  switch (action.type) {
    case 'goto':
      await page.goto(address(needed(action, 'url'), page.url()), { timeout })
      break
    case 'click':
      await element(page, action).click({ timeout })
      break
    case 'fill':
      await element(page, action).fill(needed(action, 'value'), { timeout })
      break
    case 'select':
      await element(page, action).selectOption(needed(action, 'value'), { timeout })
      break
    case 'check':
      await element(page, action).check({ timeout })
      break
    case 'uncheck':
      await element(page, action).uncheck({ timeout })
      break
    case 'wait':
      await waited(page, action)
      break
    case 'assert_text':
      await hasText(element(page, action), needed(action, 'value'), timeout)
      break
    case 'assert_visible':
      await element(page, action).waitFor({ state: 'visible', timeout })
  }
}

/** Only what a browser fetches over the network: a file of this machine would end up in a screenshot. */
export function address(url: string, base?: string): string {
  const found = URL.parse(url, base)
  if (found === null || !/^https?:$/.test(found.protocol)) {
    throw new Error(`url must be an http or https address, got "${url}"`)
  }
  return found.href
}

/** For an element, or for as many milliseconds as `value` says. */
async function waited(page: Page, action: Action): Promise<void> {
  const { locator, value, timeout_ms } = action
  if (locator !== undefined) {
    await located(page, locator).first().waitFor({ state: 'visible', timeout: timeout_ms })
    return
  }
  if (value === undefined || !/^\d{1,7}$/.test(value)) {
    throw new Error(`wait needs a locator, or a value in milliseconds, got "${value ?? ''}"`)
  }
  if (Number(value) > timeout_ms) throw new Error(`wait is limited to ${timeout_ms} ms, got ${value}`)
  await pause(Number(value))
}

async function hasText(element: Locator, wanted: string, timeout: number): Promise<void> {
  const end = performance.now() + timeout
  await element.waitFor({ state: 'attached', timeout })
  for (;;) {
    // biome-ignore lint/performance/useDomNodeTextContent: what can be seen is what is asserted
    const text = plain(await element.innerText({ timeout }))
    if (text.includes(plain(wanted))) return
    if (performance.now() > end) throw new Error(`Expected the text "${wanted}", got "${text.slice(0, 100)}"`)
    await pause(LOOK_AGAIN_MS)
  }
}

/** As it is seen: line breaks and repeated spaces are one. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

function element(page: Page, action: Action): Locator {
  return located(page, needed(action, 'locator')).first()
}

function located(page: Page, { strategy, value, role, exact }: LocatorOfAction): Locator {
  switch (strategy) {
    case 'role':
      // Playwright itself refuses a role that does not exist.
      return role === undefined ? page.getByRole(value as Role) : page.getByRole(role as Role, { name: value, exact })
    case 'label':
      return page.getByLabel(value, { exact })
    case 'text':
      return page.getByText(value, { exact })
    case 'placeholder':
      return page.getByPlaceholder(value, { exact })
    case 'testid':
      return page.getByTestId(value)
    case 'css':
      return page.locator(`css=${value}`)
    case 'xpath':
      return page.locator(`xpath=${value}`)
  }
}

type Role = Parameters<Page['getByRole']>[0]

function needed<Part extends 'url' | 'value' | 'locator'>(action: Action, part: Part): NonNullable<Action[Part]> {
  const given = action[part]
  if (given === undefined) throw new Error(`${action.type} needs a ${part}`)
  return given
}
