import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Browser } from 'playwright-core'

/** Where no browser of Playwright's own is installed, one of the system does. */
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

export async function launched({ headless }: { readonly headless: boolean }): Promise<Browser> {
  // Loaded here, so that a server without it says what is missing.
  const { chromium } = await import('playwright-core')
  const own = chromium.executablePath()
  const executable = existsSync(own) ? undefined : systemBrowser()
  return chromium.launch({ headless, ...(executable === undefined ? {} : { executablePath: executable }) })
}

export function systemBrowser(PATH = process.env.PATH): string | undefined {
  const folders = (PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}
