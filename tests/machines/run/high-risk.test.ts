import { describe, expect, test } from 'vitest'
import { highRisk } from '../../../machines/run/high-risk.ts'

const keywords = (...high_risk_keywords: string[]) => ({ high_risk_keywords, high_risk_patterns: [] })
const patterns = (...high_risk_patterns: string[]) => ({ high_risk_keywords: [], high_risk_patterns })

test('the sentence is read, and so is what the tool is about to do (HR-1)', () => {
  expect(highRisk(['clean up', 'psql prod'], keywords('prod'))).toBe('prod')
  expect(highRisk(['drop it', ''], keywords('drop'))).toBe('drop')
})

test('width and case make no difference, neither in the text nor in the policy (HR-1, HR-3)', () => {
  expect(highRisk(['ＰＲＯＤ'], keywords('prod'))).toBe('prod')
  expect(highRisk(['go to PROD'], keywords('Prod'))).toBe('Prod')
  expect(highRisk(['STRASSE ÄNDERN'], keywords('ändern'))).toBe('ändern')
})

describe('words (HR-2)', () => {
  test.each(['prod-db', 'prod/db', 'prod.db', 'db@prod!', '(prod)', 'prod', 'a\nprod\tb'])(
    'hyphens, slashes, dots and signs separate them: %s',
    (text) => {
      expect(highRisk([text], keywords('prod'))).toBe('prod')
    },
  )

  test.each(['prod_db', 'products', 'prod1', 'préprod', 'prodé', 'prodж', 'дprod'])(
    'letters, digits and underscore of any script continue them: %s',
    (text) => {
      expect(highRisk([text], keywords('prod'))).toBeNull()
    },
  )

  test.each(['部署到prod环境', 'データーprod', 'ตรวจprodด้วย', 'ລົບprod', 'លុបprod', 'ဖျက်prod', 'ひらがなprodカタカナ'])(
    'scripts written without spaces separate them too: %s',
    (text) => {
      expect(highRisk([text], keywords('prod'))).toBe('prod')
    },
  )
})

describe('keywords (HR-3)', () => {
  test('with spaces match words that follow each other', () => {
    expect(highRisk(['please DROP \n table x'], keywords('drop table'))).toBe('drop table')
    expect(highRisk(['drop the table'], keywords('drop table'))).toBeNull()
    expect(highRisk(['backdrop table'], keywords('drop table'))).toBeNull()
  })

  test('with characters of a script without spaces match anywhere', () => {
    expect(highRisk(['请删除数据库'], keywords('删除'))).toBe('删除')
    expect(highRisk(['请删db库'], keywords('删db'))).toBe('删db')
  })

  test('without any letter or digit match nothing', () => {
    expect(highRisk(['what? -- nothing'], keywords('--'))).toBeNull()
  })
})

describe('which of several is reported (HR-4)', () => {
  test('production, else prod, delete, drop, truncate', () => {
    const all = ['truncate', 'drop', 'delete', 'prod', 'production']
    for (let left = all.length; left > 0; left--) {
      expect(highRisk([all.slice(0, left).join(' ')], keywords('db', ...all))).toBe(all[left - 1])
    }
  })

  test('otherwise the first in the order of the policy', () => {
    expect(highRisk(['the main db'], keywords('db', 'main'))).toBe('db')
    expect(highRisk(['the main db'], keywords('main', 'db'))).toBe('main')
  })
})

describe('patterns (HR-5)', () => {
  test('are searched anywhere, in any case, in the order of the policy', () => {
    expect(highRisk(['undelete  FROM x'], patterns('nothing', 'delete\\s+from', 'from'))).toBe('pattern:delete\\s+from')
    expect(highRisk(['ÄNDERN'], patterns('ändern'))).toBe('pattern:ändern')
    expect(highRisk(['drop'], patterns('DROP'))).toBe('pattern:DROP')
  })

  test('come after the keywords', () => {
    const policy = { high_risk_keywords: ['db'], high_risk_patterns: ['drop'] }
    expect(highRisk(['drop db'], policy)).toBe('db')
    expect(highRisk(['drop it'], policy)).toBe('pattern:drop')
  })

  test('find the same every time they are asked', () => {
    const policy = patterns('prod')
    expect([1, 2, 3].map(() => highRisk(['prod'], policy))).toEqual(Array(3).fill('pattern:prod'))
  })

  test('read no more than 64 KiB of each text', () => {
    const padding = ' '.repeat(64 * 1024)
    expect(highRisk([`${padding}prod`], patterns('prod'))).toBeNull()
    expect(highRisk([padding, 'prod'], patterns('prod'))).toBe('pattern:prod')
  })
})

test('the built-in lists serve only a call without a policy (HR-6)', () => {
  expect(highRisk(['delete the tests'])).toBe('delete')
  expect(highRisk(['delete the tests'], keywords('launch'))).toBeNull()
})

test('empty lists find nothing (HR-7)', () => {
  expect(highRisk(['delete from production'], keywords())).toBeNull()
})
