import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseJunit, readJunit } from '../../src/runs/junit.ts'
import { directoryWith } from './support.ts'

const zeros = { tests: 0, failures: 0, errors: 0, skipped: 0, time: 0, passed: 0, partial: false }
const summary = (text: string) => parseJunit(text).summary

describe('what is no report reads as no tests', () => {
  test('JU-1: a missing, an empty and a blank file', async () => {
    const directory = directoryWith({ 'empty.xml': '', 'blank.xml': ' \n ' })
    for (const name of ['missing.xml', 'empty.xml', 'blank.xml', '.']) {
      expect((await readJunit(join(directory, name))).summary).toEqual(zeros)
    }
  })

  test('JU-6: a file over 20 MiB', async () => {
    const path = join(directoryWith(), 'junit.xml')
    writeFileSync(path, `<testsuite tests="1">${' '.repeat(20 * 1024 * 1024)}</testsuite>`)
    expect((await readJunit(path)).summary).toEqual(zeros)
  })

  test('JU-2: a document without any suite', () => {
    expect(summary('<report><page/></report>')).toEqual(zeros)
    expect(summary('<testsuites/>')).toEqual(zeros)
  })
})

describe('where the figures stand', () => {
  test('JU-2: on a single suite', () => {
    expect(summary('<testsuite tests="9" failures="1" errors="2" skipped="3" time="1.5"/>')).toEqual({
      ...{ tests: 9, failures: 1, errors: 2, skipped: 3, time: 1.5, passed: 3, partial: false },
    })
  })

  test('JU-2: summed over the direct suites of a root, not over those inside', () => {
    const text = `<testsuites><testsuite tests="2"><testsuite tests="5"/></testsuite><testsuite tests="3"/></testsuites>`
    expect(summary(text)).toMatchObject({ tests: 5, passed: 5 })
  })

  test('JU-2: on the first suite below any other root', () => {
    expect(summary('<a><b><testsuite tests="4"/></b><testsuite tests="7"/></a>')).toMatchObject({ tests: 4 })
  })

  test('JU-3: what a root with tests says counts, what it leaves out is summed', () => {
    const text = `<testsuites tests="10" failures="1">
      <testsuite tests="3" failures="2" skipped="1" time="0.25"/><testsuite tests="3" skipped="1" time="0.5"/></testsuites>`
    expect(summary(text)).toEqual({ ...zeros, tests: 10, failures: 1, skipped: 2, time: 0.75, passed: 7 })
  })

  test('JU-3: a root without tests says nothing', () => {
    expect(summary('<testsuites failures="9"><testsuite tests="3" failures="1"/></testsuites>')).toMatchObject({
      tests: 3,
      failures: 1,
    })
  })

  test.each(['', '1,000', '1.0', '-1', 'many', '0x10', '9'.repeat(30)])('JU-4: "%s" is no number of tests', (tests) => {
    expect(summary(`<testsuite tests="${tests}" time="${tests}x"/>`)).toEqual(zeros)
  })

  test('JU-4: skip is read where skipped is absent or zero', () => {
    expect(summary('<testsuite tests="5" skip="2"/>').skipped).toBe(2)
    expect(summary('<testsuite tests="5" skip="2" skipped="0"/>').skipped).toBe(2)
    expect(summary('<testsuite tests="5" skip="2" skipped="1"/>').skipped).toBe(1)
  })

  test('JU-6: nothing passed is the least', () => {
    expect(summary('<testsuite tests="1" failures="1" skipped="1"/>').passed).toBe(0)
  })

  test('a file that begins with a byte order mark is a report like any other', () => {
    expect(summary('\ufeff<?xml version="1.0"?><testsuite tests="1"/>')).toMatchObject({ tests: 1, partial: false })
  })
})

describe('damaged reports', () => {
  test('JU-5: the first figures anywhere count, and the summary is marked', () => {
    const text = '<testsuites tests="5" failures="1" time="0.5"><testsuite tests="9" errors="2"'
    expect(summary(text)).toEqual({ tests: 5, failures: 1, errors: 2, skipped: 0, time: 0.5, passed: 2, partial: true })
  })

  test('JU-6: a document that declares its own entities is not parsed', () => {
    const bomb =
      '<!DOCTYPE a [<!ENTITY x "&y;"><!ENTITY y SYSTEM "file:///etc/passwd">]><testsuite tests="2" name="&x;"/>'
    expect(summary(bomb)).toMatchObject({ tests: 2, partial: true })
  })

  test('JU-5: elements within elements beyond any reason are damage too', () => {
    const text = `<testsuite tests="1">${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}</testsuite>`
    expect(summary(text)).toMatchObject({ tests: 1, partial: true })
  })
})

describe('failed tests', () => {
  test('are named with the first line of what went wrong', () => {
    const text = `<testsuites><testsuite tests="4">
      <testcase classname="a.js" name="x &gt; y &amp; z"><failure message="expected 1&#10;to be 2">long</failure></testcase>
      <testcase classname="b.js" name="broken"><error>\n  Boom: it broke\n  at here</error></testcase>
      <testcase name="silent"><failure/></testcase>
      <testcase classname="c.js" name="fine"/></testsuite></testsuites>`
    expect(parseJunit(text).failed_tests).toEqual([
      { classname: 'a.js', name: 'x > y & z', message: 'expected 1' },
      { classname: 'b.js', name: 'broken', message: 'Boom: it broke' },
      { classname: '', name: 'silent', message: '' },
    ])
  })

  test('are at most fifty, each of bounded length', () => {
    const one = `<testcase classname="c" name="${'n'.repeat(500)}"><failure message="m"/></testcase>`
    const { failed_tests } = parseJunit(`<testsuite tests="80">${one.repeat(80)}</testsuite>`)
    expect(failed_tests).toHaveLength(50)
    expect(failed_tests[0]?.name).toHaveLength(200)
  })
})

test('a link in place of a report is read as what it leads to, and never waited for', async () => {
  const directory = directoryWith()
  symlinkSync('/dev/zero', join(directory, 'junit.xml'))
  expect((await readJunit(join(directory, 'junit.xml'))).summary).toEqual(zeros)
})
