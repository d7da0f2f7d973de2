import { describe, expect, test } from 'vitest'
import { checkExtraArgs } from '../../../src/runs/tools/extra-args.ts'
import { runPytest } from '../../../src/runs/tools/run-pytest.ts'
import { runVitest } from '../../../src/runs/tools/run-vitest.ts'
import type { Tool } from '../../../src/runs/tools/tool.ts'
import { callOf } from '../support.ts'

// biome-ignore lint/suspicious/noExplicitAny: any tool that takes extra arguments
function prepared(tool: Tool<any>, extra_args: readonly string[]) {
  return tool.prepare(tool.args.parse({ test_path: 'tests', extra_args }), callOf())
}

describe('run_vitest', () => {
  test.each(['--retry=2', '--bail=1', '-t', '--silent', 'tests/unit', '--sequence.shuffle'])(
    'RN-4: %s is given on',
    async (arg) => {
      const { planned } = await prepared(runVitest, [arg])
      expect((planned.args as string[]).at(-1)).toBe(arg)
    },
  )

  test.each([
    ...['--config=x', '--config', '-c', '-cx', '-tc', '--root=x', '-r', '--dir=x', '--reporter=json'],
    ...['--outputFile=x', '--outputFile.json=x', '--output-file=x', '--globalSetup=x', '--global-setup=x'],
    ...['--environment=x', '--no-config', '--pool=x', '--execArgv=--require=x', '--coverage.reportsDirectory=x'],
    ...[
      '--passWithNoTests',
      '--pass-with-no-tests',
      '--dangerouslyIgnoreUnhandledErrors',
      '--no-run',
      '--listTags',
      '-h',
    ],
    ...['--', '-'],
  ])('RN-4: %s is refused', async (arg) => {
    await expect(prepared(runVitest, [arg])).rejects.toThrow(`Invalid extra_args: "${arg}" is refused`)
  })

  test.each(['src/cart.js', '../x', '/etc', '3'])(
    'RN-4: what is no option is a path of tests, and %s is none',
    async (arg) => {
      await expect(prepared(runVitest, [arg])).rejects.toThrow('Invalid test_path')
    },
  )
})

describe('run_pytest', () => {
  test.each(['-x', '-kname', '-kcop', '--maxfail=1', '-rA', '--tb=short', 'tests/python'])(
    'RN-4: %s is given on',
    async (arg) => {
      const { planned } = await prepared(runPytest, [arg])
      expect((planned.args as string[]).at(-1)).toBe(arg)
    },
  )

  test.each([
    ...['--junitxml=x', '--junit-xml=x', '-o', '-oaddopts=x', '--override-ini=x', '-c', '-cx', '--config-file=x'],
    ...['--rootdir=x', '--confcutdir=x', '--basetemp=x', '-p', '-pno:junitxml', '-qp', '-xcfile', '--pyargs'],
    ...['--collect-only', '--co', '--pastebin=all', '-V', '--help'],
  ])('RN-4: %s is refused', async (arg) => {
    await expect(prepared(runPytest, [arg])).rejects.toThrow(`Invalid extra_args: "${arg}" is refused`)
  })
})

test('RN-4: whatever is no option is shown to the rule of paths', () => {
  const shown: string[] = []
  const rules = { refused: [], refused_letters: '', valued_letters: '', spelling: (option: string) => option }
  checkExtraArgs(['--a', 'one', '-b', 'two'], rules, (arg) => shown.push(arg))
  expect(shown).toEqual(['one', 'two'])
})
