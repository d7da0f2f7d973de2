import { expect, test } from 'vitest'
import { policySchema } from '../../../machines/run/policy.ts'
import { cleanEnvironment } from '../../../src/runs/process/environment.ts'

const shipped = policySchema.parse({}).sandbox.env_whitelist

test('SB-4: takes over what a name or a glob of the whitelist allows, and nothing else', () => {
  const from = { PATH: '/bin', LC_ALL: 'C', LC: 'x', DATABASE_URL: 'postgres://…', 'PROGRAMFILES(X86)': 'c' }
  expect(cleanEnvironment(from, ['PATH', 'LC_*', 'PROGRAMFILES(X86)'])).toEqual({
    PATH: '/bin',
    LC_ALL: 'C',
    'PROGRAMFILES(X86)': 'c',
  })
})

test('SB-4: names are compared with their case', () => {
  expect(cleanEnvironment({ path: '/bin', Lc_All: 'C' }, ['PATH', 'LC_*'])).toEqual({})
})

test('SB-4: a glob is only that, not a regular expression', () => {
  expect(cleanEnvironment({ AxB: '1', 'A.B': '2', A1: '3' }, ['A.B', 'A?'])).toEqual({ 'A.B': '2', A1: '3' })
})

test('SB-4: the options of the server’s own node stay with the server', () => {
  expect(cleanEnvironment({ NODE_OPTIONS: '--inspect', NODE_ENV: 'test' }, shipped)).toEqual({ NODE_ENV: 'test' })
})

test.each(['GITHUB_TOKEN', 'ACTIONS_SECRET', 'CI_PASSWORD', 'GITHUB_APIKEY', 'RUNNER_PRIVATE_KEY', 'github_token'])(
  'SB-5: %s passes no glob',
  (name) => {
    expect(cleanEnvironment({ [name]: 's3cret' }, [...shipped, '*'])).toEqual({})
  },
)

test('SB-5: a secret passes when somebody spelled out its name', () => {
  expect(cleanEnvironment({ GITHUB_TOKEN: 's3cret' }, ['GITHUB_TOKEN'])).toEqual({ GITHUB_TOKEN: 's3cret' })
})
