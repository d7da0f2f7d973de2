import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ada, bob, grace, type TestServer, testServer } from './support/server.ts'

let server: TestServer
let artifacts_root: string
beforeAll(async () => {
  artifacts_root = await mkdtemp(join(tmpdir(), 'chancery-artifacts-'))
  server = await testServer({ artifacts_root })
})
afterAll(async () => {
  await server.stop()
  await rm(artifacts_root, { recursive: true })
})

async function awaited(as = ada) {
  const { json } = await server.post('/orchestrations/run?wait_s=10', { nl_input: 'delete the old baskets' }, { as })
  return { run_id: json.run_id as string, approval_id: json.links.approval_id as string }
}
const outcomeOf = async (run_id: string) =>
  (await server.get(`/orchestrations/runs/${run_id}`, { as: grace })).json.summary.outcome

test('an approval shows what it is about', async () => {
  const { run_id, approval_id } = await awaited()
  const { json } = await server.get(`/approvals/${approval_id}`, { as: ada })
  expect(json).toMatchObject({
    id: approval_id,
    entity_type: 'orchestration',
    entity_id: run_id,
    stage: 'gate',
    status: 'pending',
    requested_by: 'ada',
    reviewer: null,
    expires_at: null,
  })
  expect(json.reason).toContain('delete')
})

test('approving settles the run with what its tests are worth; the reviewer is who was authenticated', async () => {
  const { run_id, approval_id } = await awaited()
  const body = { review_comment: 'seen and fine' }
  const { status, json } = await server.post(`/approvals/${approval_id}/approve`, body, { as: grace })
  expect(status).toBe(200)
  expect(json).toMatchObject({ status: 'approved', reviewer: 'grace', review_comment: 'seen and fine' })
  expect(json.reviewed_at).toEqual(expect.any(String))
  expect(await outcomeOf(run_id)).toBe('PASS')
  const { approval } = (await server.get(`/orchestrations/runs/${run_id}`, { as: ada })).json
  expect(approval).toEqual(json)
})

test('rejecting settles it as FAIL, without a comment too', async () => {
  const { run_id, approval_id } = await awaited()
  const { json } = await server.post(`/approvals/${approval_id}/reject`, undefined, { as: grace })
  expect(json).toMatchObject({ status: 'rejected', review_comment: null })
  expect(await outcomeOf(run_id)).toBe('FAIL')
})

test('only a pending approval can be decided (HI-3)', async () => {
  const { run_id, approval_id } = await awaited()
  const both = await Promise.all([
    server.post(`/approvals/${approval_id}/approve`, {}, { as: grace }),
    server.post(`/approvals/${approval_id}/reject`, {}, { as: 'gus;roles=ADMIN' }),
  ])
  const [won, lost] = both.toSorted((a, b) => a.status - b.status)
  expect([won?.status, lost?.status, lost?.json.error_code]).toEqual([200, 409, 'APPROVAL_NOT_PENDING'])
  expect(await outcomeOf(run_id)).toBe(won?.json.status === 'approved' ? 'PASS' : 'FAIL')
})

test('administrators decide, and nobody gives a reviewer’s name away', async () => {
  const { approval_id } = await awaited()
  const denied = await server.post(`/approvals/${approval_id}/approve`, {}, { as: ada })
  expect([denied.status, denied.json.required_roles]).toEqual([403, ['ADMIN']])
  const named = await server.post(`/approvals/${approval_id}/approve`, { reviewer: 'ada' }, { as: grace })
  expect([named.status, named.json.errors[0].field]).toEqual([422, 'reviewer'])
  const past = await server.post(`/instances/${approval_id}/events`, { type: 'approve' }, { as: grace })
  expect([past.status, past.json.error_code]).toEqual([403, 'PERMISSION_DENIED'])
})

test('an approval nobody knows is not found; one of somebody else’s run is not shown', async () => {
  const { approval_id } = await awaited()
  const none = await server.post('/approvals/01990000-0000-7000-8000-00000000dead/approve', {}, { as: grace })
  expect([none.status, none.json.error_code]).toEqual([404, 'APPROVAL_NOT_FOUND'])
  expect((await server.get(`/approvals/${approval_id}`, { as: bob })).status).toBe(403)
})

test('the list is narrowed by entity and status, newest first', async () => {
  const uma = 'uma;roles=USER'
  const [first, second] = [await awaited(uma), await awaited(uma)]
  await server.post(`/approvals/${first.approval_id}/approve`, {}, { as: grace })
  const list = async (query = '') => (await server.get(`/approvals${query}`, { as: uma })).json
  const idsOf = ({ items }: { items: readonly { id: string }[] }) => items.map(({ id }) => id)
  expect(idsOf(await list())).toEqual([second.approval_id, first.approval_id])
  expect(await list('?status=pending')).toMatchObject({ total: 1, items: [{ id: second.approval_id }] })
  expect(idsOf(await list(`?entity_type=orchestration&entity_id=${first.run_id}`))).toEqual([first.approval_id])
  const { status, json } = await server.get('/approvals?status=lost', { as: uma })
  expect([status, json.error_code, json.errors[0].field]).toEqual([400, 'INVALID_FILTER', 'status'])
})

test('HI-7: the history of an approval is every approval of its run, oldest first', async () => {
  const { run_id, approval_id } = await awaited()
  await server.post(`/approvals/${approval_id}/approve`, {}, { as: grace })
  const { json } = await server.get(`/approvals/${approval_id}/history`, { as: ada })
  expect(json).toMatchObject({ entity_id: run_id, items: [{ id: approval_id, status: 'approved' }] })
  expect((await server.get(`/approvals/${approval_id}/history`, { as: bob })).status).toBe(403)
})

test('HI-8: a batch decides each by itself; one that cannot be decided stops no other', async () => {
  const [first, decided, last] = [await awaited(), await awaited(), await awaited()]
  await server.post(`/approvals/${decided.approval_id}/reject`, {}, { as: grace })
  const entity_ids = [first.run_id, decided.run_id, last.run_id]
  const body = { entity_ids, review_comment: 'all of them' }
  const { status, json } = await server.post('/approvals/batch-approve', body, { as: grace })
  expect(status).toBe(200)
  expect(json).toMatchObject({ total: 3, success_count: 2, failed_count: 1 })
  expect(json.results).toMatchObject([
    { entity_id: first.run_id, status: 'approved', success: true },
    { entity_id: decided.run_id, status: null, success: false, error: expect.stringContaining('pending') },
    { entity_id: last.run_id, status: 'approved', success: true },
  ])
  expect([await outcomeOf(first.run_id), await outcomeOf(last.run_id)]).toEqual(['PASS', 'PASS'])
  expect((await server.post('/approvals/batch-reject', { entity_ids: [] }, { as: grace })).status).toBe(422)
  expect((await server.post('/approvals/batch-reject', body, { as: ada })).status).toBe(403)
})
