import type { Cases } from '../cases.ts'

export const parcelCases: Cases = {
  below: { takes: ['parcel.on_the_way'] },
  starts: { 'a parcel': { input: { order_no: 'o-1' } } },
  says: { 'parcel.delivered': [{ signed_by: 'bob' }] },
}
