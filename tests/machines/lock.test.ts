import { expect, test } from 'vitest'
import { changedCharts, lockOfCatalogue, readLock } from '../../src/lock-machines.ts'

test('every chart is as its version was locked (after a change: a new version, then `npm run lock`)', () => {
  expect(lockOfCatalogue()).toEqual(readLock())
})

test('a chart that changed under its version is named', () => {
  const was = { order: { '1.0.0': 'a' } }
  expect(changedCharts(was, { order: { '1.0.0': 'b', '1.1.0': 'c' } })).toEqual([
    expect.stringContaining('order 1.0.0 has changed'),
  ])
  expect(changedCharts(was, { order: { '1.0.0': 'a', '1.1.0': 'c' } })).toEqual([])
})
