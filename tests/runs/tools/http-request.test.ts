import { readFile } from 'node:fs/promises'
import http, { type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { PolicyInput } from '../../../machines/run/policy.ts'
import { builtInTools } from '../../../src/runs/tools/built-in-tools.ts'
import type { Lookup } from '../../../src/runs/tools/http/fence.ts'
import { ToolRegistry } from '../../../src/runs/tools/registry.ts'
import { directoryWith, type Executed, executed, hostOf } from '../support.ts'

const HOSTS = ['127.0.0.1']
const METHODS = ['GET', 'HEAD', 'POST', 'PUT']

const listening: http.Server[] = []
afterEach(() => {
  for (const server of listening.splice(0)) server.close().closeAllConnections()
})

/** A real server on a free port of this machine, and what it was asked. */
async function serving(listener: RequestListener = (_, response) => response.end('hello'), host = '127.0.0.1') {
  const asked: { method: string; url: string; headers: http.IncomingHttpHeaders; body: string }[] = []
  const server = http.createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    asked.push({ method, url, headers, body: await textOf(request) })
    listener(request, response)
  })
  listening.push(server)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const { port } = server.address() as AddressInfo
  return { asked, port, at: (path: string, name = '127.0.0.1') => `http://${name}:${port}${path}` }
}

async function textOf(request: IncomingMessage): Promise<string> {
  return (await request.toArray()).join('')
}

interface Options extends Pick<Executed, 'host' | 'request' | 'context'> {
  readonly hosts?: string[]
  readonly methods?: string[]
  readonly policy?: PolicyInput
}

function request(args: object, { hosts = HOSTS, methods = METHODS, policy, ...more }: Options = {}) {
  const fence = { tools: { http_request: { hosts, methods } } }
  return executed({ tool: 'http_request', args, policy: { ...fence, ...policy }, ...more })
}

/** A request, and what it left in its folder `http`. */
async function kept(args: object, options: Options = {}) {
  const artifacts_root = directoryWith()
  const result = await request(args, { ...options, host: { ...options.host, artifacts_root } })
  const text = (name: string) => readFile(join(artifacts_root, result.artifact_dir ?? '', 'http', name), 'utf8')
  return { result, text, json: async (name: string) => JSON.parse(await text(name)) }
}

const blocked = { status: 'failed', raw_output: { decision_source: 'policy_block' } }

describe('the fence of the policy', () => {
  test('6.5: only a listed host is asked, by exactly its name', async () => {
    const { at, asked, port } = await serving()
    for (const hosts of [[], ['127.0.0.2'], ['0.0.1'], ['localhost'], ['*'], [`127.0.0.1:${port + 1}`]]) {
      expect(await request({ url: at('/') }, { hosts })).toMatchObject({
        ...blocked,
        error_message: `Host '127.0.0.1:${port}' not in policy tools.http_request.hosts`,
      })
    }
    expect(asked).toEqual([])
    for (const hosts of [['127.0.0.1'], [`127.0.0.1:${port}`]]) {
      expect((await request({ url: at('/') }, { hosts })).status).toBe('success')
    }
  })

  test.each(['http://127.0.0.1.evil.test/', 'http://evil.test/127.0.0.1', 'http://127.0.0.1%2eevil.test/'])(
    '6.5: %s is another host',
    async (url) => {
      expect((await request({ url })).error_message).toMatch(/not in policy tools\.http_request\.hosts/)
    },
  )

  test('6.5: other spellings of an address are that address', async () => {
    const { port } = await serving()
    for (const name of ['0x7f.1', '2130706433', '127.1']) {
      expect((await request({ url: `http://${name}:${port}/` })).status).toBe('success')
      expect(await request({ url: `http://${name}:${port}/` }, { hosts: [name] })).toMatchObject(blocked)
    }
  })

  test('6.5: only a listed method is used', async () => {
    const { at, asked } = await serving()
    expect(await request({ method: 'DELETE', url: at('/') })).toMatchObject({
      ...blocked,
      error_message: "Method 'DELETE' not in policy tools.http_request.methods",
    })
    expect(asked).toEqual([])
  })

  test('6.5: a policy that lists nothing allows nothing', async () => {
    const { at } = await serving()
    expect(await executed({ tool: 'http_request', args: { url: at('/') } })).toMatchObject(blocked)
  })

  const here: Lookup = async () => [{ address: '127.0.0.1', family: 4 }]

  test('6.5: a listed name at an address of this machine is not asked', async () => {
    const { at, asked, port } = await serving()
    const result = await request({ url: at('/', 'shop.test') }, { hosts: ['shop.test'], host: { lookup: here } })
    expect(result).toMatchObject({
      ...blocked,
      error_message: expect.stringContaining(`Host 'shop.test:${port}' is at 127.0.0.1`),
    })
    expect(asked).toEqual([])
    const both = { hosts: ['shop.test', '127.0.0.1'], host: { lookup: here } }
    expect((await request({ url: at('/', 'shop.test') }, both)).status).toBe('success')
  })

  test.each(['10.0.0.1', '169.254.169.254', 'fd00::1', 'fe80::1', '::ffff:10.0.0.1', '::'])(
    '6.5: one private address among those of a name, %s, is enough to refuse it',
    async (address) => {
      const lookup: Lookup = async () => [
        { address: '8.8.8.8', family: 4 },
        { address, family: address.includes(':') ? 6 : 4 },
      ]
      const result = await request({ url: 'http://shop.test/' }, { hosts: ['shop.test'], host: { lookup } })
      expect(result).toMatchObject({ ...blocked, error_message: expect.stringContaining(`is at ${address}`) })
    },
  )

  test('6.5: who lists localhost means this machine, and nothing else by that name', async () => {
    const { at } = await serving()
    expect((await request({ url: at('/', 'localhost') }, { hosts: ['localhost'] })).status).toBe('success')
    const lookup: Lookup = async () => [{ address: '10.0.0.1', family: 4 }]
    const elsewhere = await request({ url: at('/', 'localhost') }, { hosts: ['localhost'], host: { lookup } })
    expect(elsewhere).toMatchObject(blocked)
  })

  test('6.5: an IPv6 address is listed with or without its brackets', async () => {
    const { port } = await serving(undefined, '::1')
    for (const entry of ['::1', '[::1]', '0:0:0:0:0:0:0:1', `[::1]:${port}`]) {
      expect((await request({ url: `http://[::1]:${port}/` }, { hosts: [entry] })).status).toBe('success')
    }
    const mapped = await request({ url: `http://[::ffff:127.0.0.1]:${port}/` })
    expect(mapped).toMatchObject(blocked)
  })

  test('6.5: a name is looked up once, and the connection goes to what was checked', async () => {
    const { at, asked } = await serving()
    let times = 0
    const lookup: Lookup = async () => {
      times += 1
      return [{ address: times === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]
    }
    const hosts = ['shop.test', '127.0.0.1', '127.0.0.2']
    expect((await request({ url: at('/', 'shop.test') }, { hosts, host: { lookup } })).status).toBe('success')
    expect([times, asked.length]).toEqual([1, 1])
    expect(asked[0]?.headers.host).toMatch(/^shop\.test:/)
  })

  test.each([
    ...['host', 'Connection', 'content-length', 'transfer-encoding', 'upgrade', 'Proxy-Authorization'],
    ...['X-HTTP-Method-Override', 'a b'],
  ])('6.5: the header %s is not the caller’s to set', async (name) => {
    const result = await request({ url: 'http://127.0.0.1/', headers: { [name]: 'x' } })
    expect(result.error_message).toContain(`Invalid argument headers.${name}`)
  })

  test('6.5: a header is one line', async () => {
    const result = await request({ url: 'http://127.0.0.1/', headers: { accept: 'a\r\nhost: other' } })
    expect(result.error_message).toBe('Invalid argument headers.accept: must be one line')
  })

  test.each(['ftp://127.0.0.1/', 'file:///etc/passwd', '/health', 'http://', 'http://a:b@127.0.0.1/'])(
    '6.5: %s is no address to send a request to',
    async (url) => {
      expect((await request({ url })).error_message).toContain('Invalid argument url')
    },
  )

  test('6.5: the body of a GET is its body, never a request of its own', async () => {
    const { at, asked } = await serving()
    const body = 'POST /other HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n'
    await request({ url: at('/'), body })
    await pause(50)
    expect(asked).toMatchObject([{ method: 'GET', url: '/', body }])
  })
})

describe('an answer', () => {
  test('6.5: between 200 and 399 is a success, one step of one', async () => {
    const { at } = await serving()
    expect(await request({ url: at('/a?b=1') })).toMatchObject({
      status: 'success',
      error_message: null,
      stdout: `GET ${at('/a?b=1')}: 200 OK, 5 bytes\n`,
      metrics: { steps_total: 1, steps_passed: 1, steps_failed: 0, http_status: 200, exit_code: null },
      raw_output: { http_status: 200, redirects: 0 },
    })
  })

  test('6.5: must have an expected status, one of several or within a range', async () => {
    const { at } = await serving((_, response) => response.writeHead(404).end())
    expect(await request({ url: at('/') })).toMatchObject({
      status: 'failed',
      error_message: 'Expected status 200-399, got 404',
      metrics: { steps_total: 1, steps_passed: 0, steps_failed: 1, http_status: 404 },
    })
    expect((await request({ url: at('/'), expect_status: [200, 404] })).status).toBe('success')
    expect((await request({ url: at('/'), expect_status: [200, '400-404'] })).status).toBe('success')
    expect((await request({ url: at('/'), expect_status: ['200-403', 405] })).status).toBe('failed')
  })

  test('6.5: must have what is expected in its body', async () => {
    const { at } = await serving()
    expect((await request({ url: at('/'), expect_body_contains: 'ell' })).status).toBe('success')
    expect((await request({ url: at('/'), expect_body_contains: 'bye' })).error_message).toBe(
      'Expected the body to contain "bye"',
    )
  })

  test('6.5: is to the method, headers and body that were asked for', async () => {
    const { at, asked } = await serving()
    await request({ method: 'POST', url: at('/'), headers: { 'content-type': 'text/x' }, body: 'ähm' })
    expect(asked).toMatchObject([
      { method: 'POST', body: 'ähm', headers: { 'content-type': 'text/x', 'content-length': '4' } },
    ])
  })

  test('a host that does not answer is a failed call', async () => {
    const { at } = await serving()
    for (const server of listening.splice(0)) server.close()
    const result = await request({ url: at('/') })
    expect(result).toMatchObject({ status: 'failed', metrics: { steps_failed: 1, http_status: null } })
    expect(result.error_message).toContain('ECONNREFUSED')
  })

  test('a name nobody knows is a failed call', async () => {
    const lookup: Lookup = async () => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND shop.test'), { code: 'ENOTFOUND' })
    }
    expect(await request({ url: 'http://shop.test/' }, { hosts: ['shop.test'], host: { lookup } })).toMatchObject({
      ...{ status: 'failed', error_message: 'getaddrinfo ENOTFOUND shop.test' },
      raw_output: { redirects: 0 },
    })
  })
})

describe('redirects', () => {
  const leadingTo = (location: string, status = 302) =>
    serving((request, response) => {
      if (request.url === '/start') response.writeHead(status, { location }).end()
      else response.end('arrived')
    })

  test('6.5: are not followed unless asked for', async () => {
    const { at, asked } = await leadingTo('/end')
    expect(await request({ url: at('/start') })).toMatchObject({ status: 'success', metrics: { http_status: 302 } })
    expect(asked).toHaveLength(1)
    const followed = { url: at('/start'), follow_redirects: true, expect_body_contains: 'arrived' }
    expect(await request(followed)).toMatchObject({
      status: 'success',
      metrics: { http_status: 200 },
      raw_output: { redirects: 1 },
    })
  })

  test('6.5: lead to no host that is not listed', async () => {
    const other = await serving()
    const { at } = await leadingTo(other.at('/', 'localhost'))
    const result = await request({ url: at('/start'), follow_redirects: true })
    expect(result).toMatchObject({
      ...blocked,
      error_message: `Host 'localhost:${other.port}' not in policy tools.http_request.hosts`,
      raw_output: { redirects: 1 },
    })
    expect(other.asked).toEqual([])
    // The first request was sent, so there is something to show.
    expect(result.artifacts.map(({ path }) => path.split('/').at(-1))).toContain('request.json')
  })

  test('6.5: have their address checked like the first', async () => {
    const other = await serving()
    const { at } = await leadingTo(other.at('/', 'shop.test'))
    const lookup: Lookup = async () => [{ address: '127.0.0.2', family: 4 }]
    const options = { hosts: ['127.0.0.1', 'shop.test'], host: { lookup } }
    const result = await request({ url: at('/start'), follow_redirects: true }, options)
    expect(result).toMatchObject({ ...blocked, error_message: expect.stringContaining('is at 127.0.0.2') })
  })

  test('6.5: lead to http and https only', async () => {
    const { at } = await leadingTo('file:///etc/passwd')
    const result = await request({ url: at('/start'), follow_redirects: true })
    expect(result.error_message).toBe('The redirect leads to file:, not to http or https')
  })

  test('6.5: end after a few', async () => {
    const { at, asked } = await leadingTo('/start')
    const result = await request({ url: at('/start'), follow_redirects: true })
    expect(result).toMatchObject({ status: 'failed', error_message: 'Stopped after 5 redirects' })
    expect(asked).toHaveLength(6)
  })

  test('6.5: take no credentials to another origin', async () => {
    const other = await serving()
    const { at } = await leadingTo(other.at('/'))
    const headers = { authorization: 'Bearer me', cookie: 'a=1', 'x-key': 'k', accept: 'text/plain' }
    await request({ url: at('/start'), headers, follow_redirects: true })
    expect(other.asked[0]?.headers).toMatchObject({ accept: 'text/plain' })
    expect(Object.keys(other.asked[0]?.headers ?? {}).toSorted()).toEqual([
      ...['accept', 'accept-encoding', 'connection', 'host', 'user-agent'],
    ])
  })

  test.each([
    [301, { method: 'GET', body: '' }],
    [303, { method: 'GET', body: '' }],
    [307, { method: 'POST', body: 'b' }],
    [308, { method: 'POST', body: 'b' }],
  ])('6.5: after %i a POST becomes %o', async (status, expected) => {
    const { at, asked } = await leadingTo('/end', status)
    await request({ method: 'POST', url: at('/start'), body: 'b', follow_redirects: true })
    expect(asked[1]).toMatchObject(expected)
  })

  test('6.5: use no method that is not listed', async () => {
    const { at, asked } = await leadingTo('/end', 303)
    const result = await request({ method: 'POST', url: at('/start'), follow_redirects: true }, { methods: ['POST'] })
    expect(result).toMatchObject({ ...blocked, error_message: expect.stringContaining("Method 'GET'") })
    expect(asked).toHaveLength(1)
  })
})

describe('what is kept', () => {
  test('6.5: the request and the answer, without what would let a reader act as somebody else', async () => {
    const { at } = await serving((_, response) =>
      response
        .writeHead(201, { 'set-cookie': ['sid=s3cret'], 'x-seen': 'yes', 'content-type': 'text/html' })
        .end('<b>'),
    )
    const secret = { authorization: 'Bearer s3cret', Cookie: 'sid=s3cret', 'X-Api-Key': 's3cret', accept: '*/*' }
    const body = JSON.stringify({ name: 'x', password: 's3cret' })
    const { result, text, json } = await kept({ method: 'POST', url: at('/?token=s3cret&q=1'), headers: secret, body })
    const hidden = '[REDACTED]'
    expect(await json('request.json')).toEqual({
      method: 'POST',
      url: at('/?token=%5BREDACTED%5D&q=1'),
      headers: { authorization: hidden, Cookie: hidden, 'X-Api-Key': hidden, accept: '*/*' },
      body: { name: 'x', password: hidden },
      redirects: [],
    })
    expect(await json('response.json')).toMatchObject({
      ...{ status: 201, status_text: 'Created', body_bytes: 3, body_is_cut: false },
      headers: { 'set-cookie': hidden, 'x-seen': 'yes' },
    })
    expect(await text('body.txt')).toBe('<b>')
    expect(JSON.stringify({ ...result, artifacts: [] })).not.toContain('s3cret')
    expect(result.artifacts.map(({ path, type }) => [path.split('/').slice(-2).join('/'), type])).toEqual([
      ['http_request/stdout.log', 'stdout'],
      ['http_request/stderr.log', 'stderr'],
      ['http/body.txt', 'log'],
      ['http/request.json', 'other'],
      ['http/response.json', 'other'],
    ])
  })

  test.each([
    ['application/json; charset=utf-8', 'body.json'],
    ['application/problem+json', 'body.json'],
    ['application/xml', 'body.txt'],
    ['image/svg+xml', 'body.txt'],
    ['image/png', 'body.png'],
    ['application/octet-stream', 'body.bin'],
  ])('6.5: a body of type %s is %s', async (content_type, name) => {
    const { at } = await serving((_, response) => response.writeHead(200, { 'content-type': content_type }).end('[1]'))
    const { result } = await kept({ url: at('/') })
    expect(result.artifacts.some(({ path }) => path.endsWith(`http/${name}`))).toBe(true)
  })

  test('6.5: the first 1 MiB of a body; what never ends is not read on', async () => {
    const { at } = await serving((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
    const { result, text, json } = await kept({ url: at('/'), expect_body_contains: 'y' })
    expect(result.error_message).toBe('Expected the first 1048576 bytes of the body to contain "y"')
    expect(await text('body.txt')).toHaveLength(1_048_576)
    expect(await json('response.json')).toMatchObject({ body_is_cut: true })
  })

  test('6.5: of a broken answer, what came of it', async () => {
    const { at } = await serving((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 100 }).write('half of')
      setTimeout(() => response.destroy(), 50)
    })
    const { result, text } = await kept({ url: at('/') })
    expect(result).toMatchObject({ status: 'failed', metrics: { http_status: 200 } })
    expect(await text('body.txt')).toBe('half of')
  })
})

describe('time', () => {
  test('GV-4: a host that takes too long is left, and what it said until then is kept', async () => {
    const { at } = await serving(
      (_, response) => void response.writeHead(200, { 'content-type': 'text/x' }).write('so'),
    )
    const { result, text } = await kept({ url: at('/') }, { request: { timeout_s: 1 } })
    expect(result).toMatchObject({
      status: 'timeout',
      error_message: 'http_request timed out after 1 s (attempt 1)',
      metrics: { timed_out: true, steps_failed: 1 },
    })
    expect(result.metrics.duration_ms).toBeGreaterThanOrEqual(990)
    expect(await text('body.txt')).toBe('so')
  })

  test('GV-4: a resolver that takes too long is not waited for', async () => {
    const lookup: Lookup = () => new Promise(() => {})
    const options = { hosts: ['shop.test'], host: { lookup }, request: { timeout_s: 1 } }
    expect((await request({ url: 'http://shop.test/' }, options)).status).toBe('timeout')
  })

  test('SB-8: a request nobody wants any more is cancelled', async () => {
    const abort = new AbortController()
    const { at } = await serving(() => abort.abort('abort'))
    expect(await request({ url: at('/') }, { context: { signal: abort.signal } })).toMatchObject({
      status: 'cancelled',
      error_message: 'http_request was cancelled',
    })
  })
})

describe('what it declares', () => {
  const registry = new ToolRegistry(hostOf(), builtInTools)
  const effectsOf = (args: object) => registry.facts('http_request', { url: 'http://a.test/', ...args })?.effects

  test('6.5, HI-9: reading asks nobody, everything else does', () => {
    expect([effectsOf({}), effectsOf({ method: 'HEAD' })]).toEqual(['read', 'read'])
    expect(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => effectsOf({ method }))).toEqual(
      Array(5).fill('mutate'),
    )
    // Nobody knows what it would do, so the most is assumed.
    expect(effectsOf({ method: 'get' })).toBe('mutate')
  })

  test('6.5, HR-1: its risk is in method, address and body, and no word hides behind percent signs', () => {
    const risk = (args: object) => registry.facts('http_request', args)?.risk_text
    expect(risk({ url: 'http://a.test/b' })).toBe('GET http://a.test/b')
    expect(risk({ method: 'POST', url: 'http://a.test/dr%6Fp', body: '{"x":1}' })).toBe(
      'POST http://a.test/drop {"x":1}',
    )
    expect(risk({ url: 'http://a.test/%' })).toBe('GET http://a.test/%')
  })

  test('ST-4: is interrupted rather than sent a second time', async () => {
    const { at, asked } = await serving()
    expect((await request({ url: at('/') }, { context: { delivery: 2 } })).error_message).toBe('interrupted')
    expect(asked).toEqual([])
  })

  test('TX-7: a dry run sends nothing and hides what is secret', async () => {
    const { at, asked } = await serving()
    const args = { url: at('/'), headers: { authorization: 's3cret' } }
    const result = await request(args, { request: { dry_run: true, timeout_s: 7 } })
    expect(result).toMatchObject({
      status: 'skipped',
      raw_output: { planned: { method: 'GET', url: at('/'), headers: { authorization: '[REDACTED]' }, timeout_s: 7 } },
    })
    expect(asked).toEqual([])
    expect(await request({ url: 'http://other.test/' }, { request: { dry_run: true } })).toMatchObject(blocked)
  })
})
